// Content types by file extension: types{} and default_type (they belong to nginx's http core module).
// Built with the configuration, const afterwards.
#pragma once

#include <string>
#include <string_view>

#include "base/text_map.h"
#include "modules/module.h"
#include "modules/request.h"

namespace uringx {

struct TypesSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::types;

  struct Table {
    TextMap<std::string> by_extension;  // keys in lower case
    std::size_t extension_bytes_max = 0;

    void put(std::string_view extension, std::string_view content_type);
    // nullptr when none is set for it; compared without case.
    const std::string* find(std::string_view extension) const;
  };

  TypesSettings();

  Setting<Table> types;                       // html, gif and jpg where no level has types{}
  Setting<std::string> default_type{"text/plain"};
  Setting<Number> hash_max_size{Number{1024}};   // both checked only
  Setting<Number> hash_bucket_size{Number{64}};
  bool own_types = false;   // this level has a types{}
  bool hash_stands = false;  // here or above: nginx would have built the table's hash
};

extern const Module kTypesModule;

// Sets the answer's content type by the extension in request.uri, unless it has one (ngx_http_set_content_type).
void set_content_type(Request& request);

}  // namespace uringx

// valid_referers: from which pages one may come, told by $invalid_referer (ngx_http_referer_module).
// Built with the configuration, const afterwards.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "modules/hostnames.h"
#include "modules/module.h"
#include "modules/regex.h"

namespace uringx {

struct RefererSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::referer;

  // As written, at this level; the names of the server are known when all of it was read.
  struct Written {
    struct Host {
      std::string name;
      std::string uri;
    };
    bool here = false;
    bool none = false;
    bool blocked = false;
    bool server_names = false;
    const SettingsSet* server = nullptr;  // whose names server_names means
    std::vector<Host> hosts;
  } written;

  Setting<Number> hash_max_size{Number{2048}};
  Setting<Number> hash_bucket_size{Number{64}};

  // What decides, own or from the level above.
  bool no_referer = false;              // a request without the field is valid
  bool blocked_referer = false;         // and one whose field is no URL
  Hostnames<std::string> hosts;         // in lower case -> what the path has to begin with, "" for any
  Setting<std::vector<Regex>> regexes;  // of what follows the scheme
  Setting<std::vector<Regex>> server_name_regexes;  // of the host

  bool empty() const { return hosts.empty() && regexes->empty() && server_name_regexes->empty(); }
};

extern const Module kRefererModule;

// Whether `referer` (nullptr: no such field) is one of those that `settings` names.
bool is_valid_referer(const RefererSettings& settings, const std::string_view* referer);

}  // namespace uringx

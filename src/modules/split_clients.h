// split_clients TEXT $variable {...}: one of a few values by the hash of a text, so that the same client always gets the
// same one, and the one that nginx gives it (nginx: ngx_http_split_clients_module.c).
// A SplitClients belongs to the VariableTable, which asks it the first time a request uses the variable.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "modules/module.h"
#include "modules/variables.h"

namespace uringx {

// split_clients{} has no settings besides its variable.
struct SplitClientsSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::split_clients;
};

// MurmurHash2 with the seed 0, over 32 bits whatever the machine (ngx_murmur_hash2).
std::uint32_t murmur_hash2(std::string_view text);

class SplitClients final : public VariableSource {
 public:
  explicit SplitClients(Template source) : source_(std::move(source)) {}

  // One line of the block: "12.5%" or "*", and the value.
  Applied add(const std::vector<std::string>& words);
  // After the last line: from percentages to bounds of the hash. Refuses more than 100 %.
  Applied finish();

  std::optional<std::string_view> value(Request& request) const override;

 private:
  struct Part {
    std::uint32_t hundredths;  // of a percent; 0: all the rest
    std::uint32_t hash_end;    // the hashes of the parts before it and its own are below
    std::string value;
  };

  Template source_;
  std::vector<Part> parts_;
};

extern const Module kSplitClientsModule;

}  // namespace uringx

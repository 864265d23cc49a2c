// The environment variables that worker processes and a new binary get: those of `env` directives, and TZ.
// Everything else the master was started with is kept from them (ngx_set_environment). Main thread only.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace uringx {

// "NAME=VALUE" for each directive ("NAME" takes the value from `environ`, and is left out when there is
// none).
std::vector<std::string> environment_for_children(std::span<const std::string> directives);

// Makes `variables` this process's environment.
void replace_environment(std::vector<std::string> variables);

}  // namespace uringx

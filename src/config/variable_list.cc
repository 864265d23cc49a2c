#include "config/variable_list.h"

#include <fmt/format.h>

#include <map>
#include <span>
#include <string_view>

#include "modules/module.h"
#include "modules/variables.h"

namespace uringx {
namespace {

struct Listed {
  std::string_view module;
  std::string_view standing;
};
using List = std::map<std::string, Listed>;

constexpr std::string_view kNoValue = "no value: what would set it is not served yet";

std::string_view standing_of(const VariableRow& row) {
  return row.volatile_ ? "asked anew at each use" : "kept for the request";
}

void add(List& list, std::span<const VariableRow> rows, std::string_view module, std::string_view standing = {}) {
  for (const VariableRow& row : rows) {
    const std::string name = row.prefix ? fmt::format("{}NAME", row.name) : std::string(row.name);
    list.try_emplace(name, Listed{module, standing.empty() ? standing_of(row) : standing});
  }
}

}  // namespace

std::string variables_markdown() {
  List list;
  add(list, core_variables(), "core");
  add(list, header_variables(), "core");
  for (const Module* module : all_modules()) {
    if (module->variables != nullptr) add(list, module->variables(), module->name);
  }
  add(list, absent_variables(), "none", kNoValue);
  for (const LogFieldRow& row : log_fields()) list.try_emplace(std::string(row.name), Listed{"log", "in log_format only"});

  std::string text = "| variable | module | value |\n|---|---|---|\n";
  for (const auto& [name, listed] : list) {
    text += fmt::format("| `${}` | {} | {} |\n", name, listed.module, listed.standing);
  }
  return text;
}

}  // namespace uringx

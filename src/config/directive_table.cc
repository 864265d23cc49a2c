#include "config/directive_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <vector>

#include "modules/unserved.h"

namespace uringx {
namespace {

struct StructureRow {
  std::string_view name;
  std::uint32_t contexts;
  std::uint32_t arity;
  Structure structure;
};

constexpr StructureRow kStructures[] = {
    {"events", kMain, kNoArgs | kBlock, Structure::events},
    {"http", kMain, kNoArgs | kBlock, Structure::http},
    {"server", kHttp, kNoArgs | kBlock, Structure::server},
    {"location", kServer | kLocation, kTake12 | kBlock, Structure::location},
    {"if", kServer | kLocation, kOneOrMore | kBlock, Structure::if_},
    {"limit_except", kLocation, kOneOrMore | kBlock, Structure::limit_except},
    {"listen", kServer, kOneOrMore, Structure::listen},
    {"server_name", kServer, kOneOrMore, Structure::server_name},
};

using Table = std::unordered_map<std::string_view, std::vector<TableEntry>>;

void add_unserved(Table& table, std::span<const UnservedModule> modules) {
  for (const UnservedModule& module : modules) {
    for (const UnservedRow& row : module.rows) {
      table[row.name].push_back(
          {.row = {row.name, row.contexts, row.arity, Level::location, nullptr, nullptr, Standing::unserved},
           .unserved_module = module.name});
    }
  }
}

Table make_table() {
  Table table;
  for (const StructureRow& row : kStructures) {
    table[row.name].push_back({{row.name, row.contexts, row.arity}, nullptr, row.structure});
  }
  for (const Module* module : all_modules()) {
    for (const DirectiveRow& row : module->rows) table[row.name].push_back({row, module});
  }
  add_unserved(table, unserved_modules());
  add_unserved(table, unserved_upstream_modules());
  return table;
}

const Table& the_table() {
  static const Table table = make_table();
  return table;
}

struct Flagged {
  std::uint32_t bit;
  std::string_view text;
};

constexpr Flagged kContextTexts[] = {
    {kMain, "main"},   {kEvents, "events"},        {kHttp, "http"},
    {kServer, "server"}, {kLocation, "location"}, {kLimitExcept, "limit_except"},
};

constexpr Flagged kArityTexts[] = {
    {kNoArgs, "none"}, {kTake1, "1"},           {kTake2, "2"},           {kTake3, "3"},
    {kTake4, "4"},     {kFlag, "on \\| off"},   {kOneOrMore, "1 or more"}, {kTwoOrMore, "2 or more"},
    {kAnyArgs, "any"}, {kBlock, "block"},
};

std::string join_flags(std::span<const Flagged> texts, std::uint32_t flags) {
  std::string joined;
  for (const Flagged& one : texts) {
    if ((flags & one.bit) == 0) continue;
    if (!joined.empty()) joined += ", ";
    joined += one.text;
  }
  return joined;
}

std::string_view standing_text(Standing standing) {
  switch (standing) {
    case Standing::served: return "served";
    case Standing::no_meaning: return "checked; nothing here that it could change";
    case Standing::unserved: return "not served yet";
  }
  return "";
}

}  // namespace

std::span<const TableEntry> find_directive(std::string_view name) {
  const auto found = the_table().find(name);
  if (found == the_table().end()) return {};
  return found->second;
}

bool arity_allows(std::uint32_t arity, std::size_t word_count) {
  constexpr std::size_t kArgumentsMax = 8;  // NGX_CONF_MAX_ARGS, the name included
  if (arity & kAnyArgs) return true;
  if (arity & kFlag) return word_count == 1;
  if (arity & kOneOrMore) return word_count >= 1;
  if (arity & kTwoOrMore) return word_count >= 2;
  return word_count < kArgumentsMax && (arity >> word_count & 1) != 0;
}

std::string directives_markdown() {
  std::map<std::string_view, const std::vector<TableEntry>*> sorted;
  for (const auto& [name, entries] : the_table()) sorted.emplace(name, &entries);
  std::string text = "| directive | contexts | arguments | standing |\n|---|---|---|---|\n";
  for (const auto& [name, entries] : sorted) {
    for (const TableEntry& entry : *entries) {
      if (entry.row.standing == Standing::unserved) continue;
      text += fmt::format("| `{}` | {} | {} | {} |\n", name, join_flags(kContextTexts, entry.row.contexts),
                          join_flags(kArityTexts, entry.row.arity), standing_text(entry.row.standing));
    }
  }
  return text;
}

}  // namespace uringx

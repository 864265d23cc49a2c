// DirectiveTable finds the rows of a directive name over all modules, those not served and those that shape
// the tree. One constant table a process, made on first use on the main thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "modules/module.h"

namespace uringx {

// Directives that shape the tree of blocks: the builder itself carries them out.
enum class Structure : std::uint8_t {
  none,
  events,
  http,
  server,
  location,
  if_,
  limit_except,
  listen,
  server_name
};

struct TableEntry {
  DirectiveRow row;
  const Module* module = nullptr;  // nullptr: a structure, or a directive that is not served
  Structure structure = Structure::none;
  std::string_view unserved_module = {};  // which of nginx's modules has what is not served
};

// All rows of that name, in nginx's order; empty: unknown.
std::span<const TableEntry> find_directive(std::string_view name);

// Whether the words after the name are as many as the arity allows (ngx_conf_handler).
bool arity_allows(std::uint32_t arity, std::size_t word_count);

// The directives that are served or accepted, as a table in Markdown.
std::string directives_markdown();

}  // namespace uringx

// Block is a pair of braces of the configuration as the lint rules see it: what it is, what stands in it, and what stands
// around it. Built once from a ConfigTree, which must outlive it, on the main thread; const afterwards.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "parser/config_tree.h"

namespace uringx {

// Bits, so that a rule can name the kinds it looks at.
enum BlockKind : unsigned {
  kMainBlock = 1u << 0,
  kHttpBlock = 1u << 1,
  kServerBlock = 1u << 2,
  kLocationBlock = 1u << 3,
  kServerIfBlock = 1u << 4,
  kLocationIfBlock = 1u << 5,
  kLimitExceptBlock = 1u << 6,
  kOtherBlock = 1u << 7,  // types, map, upstream, stream and what is in it ...
  kSettingsBlocks = kHttpBlock | kServerBlock | kLocationBlock | kLocationIfBlock,
};

struct Block {
  BlockKind kind = kMainBlock;
  const Directive* opener = nullptr;  // nullptr: the whole file
  const Block* parent = nullptr;
  std::vector<const Directive*> lines;  // directives without a block, in the order of writing
  std::vector<std::unique_ptr<Block>> blocks;

  // The first line of that name in this block; nullptr: none.
  const Directive* line(std::string_view name) const;
  bool has(std::string_view name) const { return line(name) != nullptr; }
  // The nearest block, from this one upwards, with a line of that name; nullptr: none.
  const Block* nearest_with(std::string_view name) const;
  // The words behind the name of the first line in force for this block (its own or inherited): the first of them.
  std::string_view value(std::string_view name, std::string_view otherwise = {}) const;
  // This block or the nearest around it of that kind.
  const Block* around(unsigned kinds) const;
  std::vector<const Block*> blocks_of(unsigned kinds) const;
  // The blocks of these kinds at any depth below, in the order of writing.
  std::vector<const Block*> all_of(unsigned kinds) const;
};

std::unique_ptr<Block> make_blocks(const ConfigTree& tree);

enum class Modifier : std::uint8_t { prefix, exact, no_regex, regex, regex_caseless, named };

// What stands between "location" and "{" (ngx_http_core_location).
struct LocationName {
  Modifier modifier = Modifier::prefix;
  std::string text;

  bool is_regex() const { return modifier == Modifier::regex || modifier == Modifier::regex_caseless; }
  bool is_prefix() const { return modifier == Modifier::prefix || modifier == Modifier::no_regex; }
};
LocationName location_name(const Block& location);

// "location ~ \.php$", for a sentence.
std::string location_text(const Block& location);
// The words of a directive for a sentence: as they would stand in a file, on one line, a long one cut.
std::string line_text(const Directive& line);

// Whether the block answers by itself or asks an upstream, so that root and files do not matter in it.
bool answers_without_files(const Block& block);

// The names of the variables in a text, without '$' and braces.
std::vector<std::string_view> variables_in(std::string_view text);

}  // namespace uringx

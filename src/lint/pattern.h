// Pattern reads a regular expression as far as the lint has to understand it: which texts it is about, and what its groups may
// hold. Owned by a rule while it runs; pure. What it cannot read it refuses, so that no rule judges by half an understanding.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace uringx {

class Pattern {
 public:
  // nullopt: holds something that is not understood (back references, \Q, \x, Unicode classes ...).
  static std::optional<Pattern> parse(std::string_view text, bool caseless);

  // False when looking around or flags in the middle were left out: samples may then be none.
  bool is_exact() const { return exact_; }

  // URIs that cover each alternative of the pattern, with other text where it leaves room for some, in front of it (behind
  // `base`, a path) and behind it. They may be no URI at all and need not match: the caller asks the compiled expression.
  // nullopt: too many.
  std::optional<std::vector<std::string>> samples(std::string_view base) const;

  // Whether the group of that name or number may hold a line feed. False when there is no such group.
  bool group_may_hold_line_feed(std::string_view group) const;

 private:
  friend class PatternReader;

  struct Node {
    enum class Kind : std::uint8_t { bytes, start, end, sequence, choice, repeat, group } kind = Kind::sequence;
    std::bitset<256> bytes;
    std::vector<Node> children;
    unsigned count_min = 0;
    unsigned count_max = 0;
    std::string number;  // of a capturing group
    std::string name;
  };

  static const Node* find_group(const Node& node, std::string_view group);
  static bool holds_line_feed(const Node& node);
  static std::vector<std::string> texts_of(const Node& node);
  static std::vector<std::string> texts_of_bytes(const std::bitset<256>& bytes);
  static std::vector<std::string> texts_of_repeat(const Node& node);

  Node root_;
  bool exact_ = true;
  bool caseless_ = false;
};

}  // namespace uringx

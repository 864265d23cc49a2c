#include "lint/block.h"

#include <algorithm>
#include <cctype>
#include <iterator>

namespace uringx {
namespace {

BlockKind kind_of(const Directive& opener, BlockKind around) {
  const std::string& name = opener.name();
  if (around == kMainBlock) return name == "http" ? kHttpBlock : kOtherBlock;
  if (around == kHttpBlock) return name == "server" ? kServerBlock : kOtherBlock;
  if (around == kServerBlock && name == "if") return kServerIfBlock;
  if (around == kLocationBlock && name == "if") return kLocationIfBlock;
  if (around == kLocationBlock && name == "limit_except") return kLimitExceptBlock;
  if ((around == kServerBlock || around == kLocationBlock) && name == "location") return kLocationBlock;
  return kOtherBlock;
}

void fill(Block& block, const std::vector<Directive>& directives) {
  for (const Directive& directive : directives) {
    if (!directive.has_block) {
      block.lines.push_back(&directive);
      continue;
    }
    auto inner = std::make_unique<Block>();
    inner->kind = kind_of(directive, block.kind);
    inner->opener = &directive;
    inner->parent = &block;
    fill(*inner, directive.block);
    block.blocks.push_back(std::move(inner));
  }
}

void collect(const Block& block, unsigned kinds, std::vector<const Block*>& found) {
  for (const auto& inner : block.blocks) {
    if ((inner->kind & kinds) != 0) found.push_back(inner.get());
    collect(*inner, kinds, found);
  }
}

struct ModifierSign {
  std::string_view sign;
  Modifier modifier;
};
// The longer ones first: a sign may be glued to the name.
constexpr ModifierSign kModifiers[] = {
    {"^~", Modifier::no_regex}, {"~*", Modifier::regex_caseless}, {"~", Modifier::regex},
    {"=", Modifier::exact},     {"@", Modifier::named},
};

constexpr std::string_view kAnswerers[] = {
    "return",      "proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass",   "grpc_pass", "memcached_pass",
    "stub_status", "empty_gif",  "content_by_lua", "content_by_lua_block", "content_by_lua_file", "js_content",
    "perl",        "rewrite",    "api",          "status",     "rtmp_stat",   "push_stream_subscriber",
    "push_stream_publisher", "vhost_traffic_status_display", "nchan_subscriber", "nchan_publisher", "nchan_pubsub",
};

}  // namespace

const Directive* Block::line(std::string_view name) const {
  const auto found = std::ranges::find_if(lines, [name](const Directive* one) { return one->name() == name; });
  return found == lines.end() ? nullptr : *found;
}

const Block* Block::nearest_with(std::string_view name) const {
  for (const Block* at = this; at != nullptr; at = at->parent) {
    if (at->has(name)) return at;
  }
  return nullptr;
}

std::string_view Block::value(std::string_view name, std::string_view otherwise) const {
  const Block* const holder = nearest_with(name);
  if (holder == nullptr) return otherwise;
  const Directive* const found = holder->line(name);
  return found->words.size() > 1 ? std::string_view(found->words[1]) : otherwise;
}

const Block* Block::around(unsigned kinds) const {
  const Block* at = this;
  while (at != nullptr && (at->kind & kinds) == 0) at = at->parent;
  return at;
}

std::vector<const Block*> Block::blocks_of(unsigned kinds) const {
  std::vector<const Block*> found;
  for (const auto& inner : blocks) {
    if ((inner->kind & kinds) != 0) found.push_back(inner.get());
  }
  return found;
}

std::vector<const Block*> Block::all_of(unsigned kinds) const {
  std::vector<const Block*> found;
  collect(*this, kinds, found);
  return found;
}

std::unique_ptr<Block> make_blocks(const ConfigTree& tree) {
  auto whole = std::make_unique<Block>();
  fill(*whole, tree.directives);
  return whole;
}

LocationName location_name(const Block& location) {
  const std::vector<std::string>& words = location.opener->words;
  if (words.size() < 2 || words.size() > 3) return {};
  for (const auto& [sign, modifier] : kModifiers) {
    if (words.size() == 3 && words[1] == sign) return {modifier, words[2]};
    if (words.size() == 2 && words[1].starts_with(sign)) return {modifier, words[1].substr(sign.size())};
  }
  return {Modifier::prefix, words.back()};
}

std::string location_text(const Block& location) { return line_text(*location.opener); }

std::string line_text(const Directive& line) {
  constexpr std::size_t kTextBytesMax = 120;
  std::string text;
  for (const std::string& word : line.words) {
    if (!text.empty()) text += ' ';
    text += word.empty() ? "\"\"" : word;
  }
  // A finding is one line of the terminal.
  std::ranges::replace_if(text, [](unsigned char c) { return c < ' '; }, ' ');
  if (text.size() > kTextBytesMax) text.replace(kTextBytesMax, std::string::npos, "...");
  return text;
}

bool answers_without_files(const Block& block) {
  return std::ranges::any_of(block.lines, [](const Directive* line) {
    return std::ranges::find(kAnswerers, line->name()) != std::end(kAnswerers);
  });
}

std::vector<std::string_view> variables_in(std::string_view text) {
  std::vector<std::string_view> names;
  for (std::size_t at = text.find('$'); at != std::string_view::npos; at = text.find('$', at)) {
    std::size_t begin = at + 1;
    if (begin < text.size() && text[begin] == '{') ++begin;
    std::size_t end = begin;
    // $1 is a capture of one digit: what follows is text.
    if (end < text.size() && text[end] >= '1' && text[end] <= '9') {
      ++end;
    } else {
      while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) || text[end] == '_')) ++end;
    }
    if (end > begin) names.push_back(text.substr(begin, end - begin));
    at = std::max(end, at + 1);
  }
  return names;
}

}  // namespace uringx

#include "lint/pattern.h"

#include <algorithm>
#include <cctype>

#include "http/ascii.h"

namespace uringx {
namespace {

constexpr std::size_t kSamplesMax = 4000;  // a longer list says nothing new, and a pattern may multiply without end
// A longer sample is cut: it matches nothing then, and is left out. Counts in counts would fill the memory.
constexpr std::size_t kSampleBytesMax = 500;
constexpr unsigned kDepthMax = 60;
constexpr unsigned kEndless = ~0u;

// Marks in a sample where the pattern is anchored: bytes that no sample holds otherwise.
constexpr char kStartMark = '\x01';
constexpr char kEndMark = '\x02';

// Text that stands for "anything": letters and digits no real pattern asks for, and the signs that matter in a path.
constexpr std::string_view kPalette = "q7/.-Q_ ";
constexpr std::string_view kFrontTexts[] = {"/", "/zz9/", "/zz9", "/.~/", "/.", "/A.b/"};
constexpr std::string_view kBehindTexts[] = {"", "zz9", "/zz9.qq", ".~", "/", "A"};

using Bytes = std::bitset<256>;
using Texts = std::vector<std::string>;

Bytes one_byte(char c) { return Bytes().set(static_cast<unsigned char>(c)); }

Bytes range(unsigned from, unsigned to) {
  Bytes bytes;
  for (unsigned c = from; c <= to; ++c) bytes.set(c);
  return bytes;
}

Bytes digits() { return range('0', '9'); }
Bytes word_bytes() { return digits() | range('a', 'z') | range('A', 'Z') | one_byte('_'); }
Bytes spaces() { return range('\t', '\r') | one_byte(' '); }

// What \d and the like stand for; nullopt: no class.
std::optional<Bytes> class_escape(char c) {
  switch (c) {
    case 'd': return digits();
    case 'D': return ~digits();
    case 'w': return word_bytes();
    case 'W': return ~word_bytes();
    case 's': return spaces();
    case 'S': return ~spaces();
    case 'N': return ~one_byte('\n');
    default: return std::nullopt;
  }
}

std::optional<char> literal_escape(char c) {
  switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'f': return '\f';
    default: break;
  }
  if (std::isalnum(static_cast<unsigned char>(c))) return std::nullopt;
  return c;
}

void add_products(Texts& to, const Texts& heads, const Texts& tails) {
  for (const std::string& head : heads) {
    for (const std::string& tail : tails) {
      if (to.size() > kSamplesMax) return;
      std::string text = head;
      if (text.size() < kSampleBytesMax) text += tail;
      to.push_back(std::move(text));
    }
  }
}

}  // namespace

// Reads the text from left to right; gives up by setting failed_.
class PatternReader {
 public:
  PatternReader(std::string_view text, Pattern& pattern) : text_(text), pattern_(pattern) {}

  bool read() {
    pattern_.root_ = choice(0);
    return !failed_ && at_ == text_.size();
  }

 private:
  using Node = Pattern::Node;

  bool done() const { return failed_ || at_ >= text_.size(); }
  bool take(std::string_view wanted) {
    if (!text_.substr(std::min(at_, text_.size())).starts_with(wanted)) return false;
    at_ += wanted.size();
    return true;
  }
  Node fail() {
    failed_ = true;
    return {};
  }
  static Node bytes_node(const Bytes& bytes) {
    Node node;
    node.kind = Node::Kind::bytes;
    node.bytes = bytes;
    return node;
  }
  static Node mark(Node::Kind kind) {
    Node node;
    node.kind = kind;
    return node;
  }

  Node choice(unsigned depth) {
    if (depth > kDepthMax) return fail();
    Node node;
    node.kind = Node::Kind::choice;
    do {
      node.children.push_back(sequence(depth));
    } while (!failed_ && take("|"));
    return node;
  }

  Node sequence(unsigned depth) {
    Node node;
    while (!done() && text_[at_] != '|' && text_[at_] != ')') {
      Node one = atom(depth);
      if (failed_) return node;
      node.children.push_back(repeated(std::move(one)));
    }
    return node;
  }

  Node atom(unsigned depth) {
    const char c = text_[at_++];
    switch (c) {
      case '^': return mark(Node::Kind::start);
      case '$': return mark(Node::Kind::end);
      case '.': return bytes_node(dot_takes_all_ ? ~Bytes() : ~one_byte('\n'));
      case '[': return set();
      case '(': return group(depth);
      case '\\': return escape();
      case '*':
      case '+':
      case '?': return fail();
      default: return bytes_node(one_byte(c));
    }
  }

  Node escape() {
    if (done()) return fail();
    const char c = text_[at_++];
    if (const auto bytes = class_escape(c)) return bytes_node(*bytes);
    if (c == 'b' || c == 'B') {
      pattern_.exact_ = false;
      return {};
    }
    if (c == 'A') return mark(Node::Kind::start);
    if (c == 'z' || c == 'Z') return mark(Node::Kind::end);
    if (const auto literal = literal_escape(c)) return bytes_node(one_byte(*literal));
    return fail();
  }

  Node set() {
    const bool negated = take("^");
    Bytes bytes;
    bool first = true;
    for (;; first = false) {
      if (done()) return fail();
      char from = text_[at_++];
      if (from == ']' && !first) break;
      if (from == '[' && !done() && (text_[at_] == ':' || text_[at_] == '.' || text_[at_] == '=')) return fail();
      if (from == '\\') {
        if (done()) return fail();
        const char escaped = text_[at_++];
        if (const auto members = class_escape(escaped)) {
          bytes |= *members;
          continue;
        }
        const auto literal = literal_escape(escaped);
        if (!literal) return fail();
        from = *literal;
      }
      char to = from;
      if (at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']') {
        to = text_[++at_];
        ++at_;
        if (to == '\\' || to == '[') return fail();
      }
      if (static_cast<unsigned char>(to) < static_cast<unsigned char>(from)) return fail();
      bytes |= range(static_cast<unsigned char>(from), static_cast<unsigned char>(to));
    }
    if (pattern_.caseless_) {
      for (unsigned c = 'a'; c <= 'z'; ++c) {
        const unsigned upper = c - 'a' + 'A';
        if (bytes.test(c) || bytes.test(upper)) bytes.set(c).set(upper);
      }
    }
    return bytes_node(negated ? ~bytes : bytes);
  }

  Node group(unsigned depth) {
    Node node;
    node.kind = Node::Kind::group;
    bool looks_around = false;
    if (take("?")) {
      if (take(":") || take(">")) {
      } else if (take("=") || take("!") || take("<=") || take("<!")) {
        looks_around = true;
      } else if (take("P<") || take("<") || take("'")) {
        const char close = text_[at_ - 1] == '\'' ? '\'' : '>';
        while (!done() && text_[at_] != close) node.name += text_[at_++];
        ++at_;
        node.number = std::to_string(++groups_);
      } else if (take("i)")) {
        // From here on; samples in the letters of the pattern match all the same.
        pattern_.exact_ = false;
        return {};
      } else if (take("s)")) {
        dot_takes_all_ = true;
        return {};
      } else {
        return fail();
      }
    } else if (text_.substr(std::min(at_, text_.size())).starts_with('*')) {
      return fail();
    } else {
      node.number = std::to_string(++groups_);
    }
    node.children.push_back(choice(depth + 1));
    if (!take(")")) return fail();
    if (!looks_around) return node;
    pattern_.exact_ = false;
    return {};
  }

  Node repeated(Node one) {
    if (done()) return one;
    Node node;
    node.kind = Node::Kind::repeat;
    if (take("*")) {
      node.count_max = kEndless;
    } else if (take("+")) {
      node.count_min = 1;
      node.count_max = kEndless;
    } else if (take("?")) {
      node.count_max = 1;
    } else if (text_[at_] == '{') {
      if (!counts(node)) return one;
    } else {
      return one;
    }
    if (!take("?")) take("+");
    node.children.push_back(std::move(one));
    return node;
  }

  // {3}, {3,}, {3,5}; anything else in braces is plain text, as PCRE reads it.
  bool counts(Node& node) {
    const std::size_t begin = at_++;
    const auto number = [this](unsigned otherwise) {
      unsigned value = 0;
      const std::size_t from = at_;
      while (!done() && std::isdigit(static_cast<unsigned char>(text_[at_])) && value < 10000) {
        value = value * 10 + static_cast<unsigned>(text_[at_++] - '0');
      }
      return at_ == from ? otherwise : value;
    };
    node.count_min = number(kEndless);
    node.count_max = take(",") ? number(kEndless) : node.count_min;
    if (node.count_min != kEndless && take("}")) return true;
    at_ = begin;
    failed_ = true;
    return false;
  }

  std::string_view text_;
  Pattern& pattern_;
  std::size_t at_ = 0;
  unsigned groups_ = 0;
  bool dot_takes_all_ = false;
  bool failed_ = false;
};

std::optional<Pattern> Pattern::parse(std::string_view text, bool caseless) {
  Pattern pattern;
  pattern.caseless_ = caseless;
  // The marks of a sample would be taken for its text.
  if (text.find(kStartMark) != std::string_view::npos || text.find(kEndMark) != std::string_view::npos) return {};
  if (!PatternReader(text, pattern).read()) return std::nullopt;
  return pattern;
}

std::vector<std::string> Pattern::texts_of_bytes(const Bytes& bytes) {
  constexpr std::size_t kFewBytes = 4;
  Texts texts;
  const auto add = [&](unsigned c) { texts.emplace_back(1, static_cast<char>(c)); };
  if (bytes.count() > kFewBytes) {
    for (const char c : kPalette) {
      if (texts.size() < kFewBytes && bytes.test(static_cast<unsigned char>(c))) add(static_cast<unsigned char>(c));
    }
  }
  if (!texts.empty()) return texts;
  for (unsigned c = ' '; c < 256 && texts.size() < kFewBytes; ++c) {
    if (bytes.test(c)) add(c);
  }
  for (unsigned c = 0; c < ' ' && texts.empty(); ++c) {
    if (bytes.test(c)) add(c);
  }
  return texts;
}

std::vector<std::string> Pattern::texts_of_repeat(const Node& node) {
  const Texts once = texts_of(node.children.front());
  Texts texts;
  const auto add_times = [&](unsigned count) {
    if (count > node.count_max || count < node.count_min) return;
    if (count == 0) texts.emplace_back();
    for (const std::string& one : once) {
      if (count == 0) break;
      std::string text;
      for (unsigned i = 0; i < count && text.size() < kSampleBytesMax && !one.empty(); ++i) text += one;
      texts.push_back(std::move(text));
    }
  };
  add_times(node.count_min);
  if (node.count_min != kEndless) add_times(node.count_min + 1);
  if (node.count_min <= 2) add_times(2);
  if (node.count_max == kEndless && once.size() > 1) {
    std::string all;
    for (const std::string& one : once) all += one;
    texts.push_back(std::move(all));
  }
  std::ranges::sort(texts);
  texts.erase(std::ranges::unique(texts).begin(), texts.end());
  return texts;
}

std::vector<std::string> Pattern::texts_of(const Node& node) {
  switch (node.kind) {
    case Node::Kind::bytes: return texts_of_bytes(node.bytes);
    case Node::Kind::start: return {std::string(1, kStartMark)};
    case Node::Kind::end: return {std::string(1, kEndMark)};
    case Node::Kind::group: return texts_of(node.children.front());
    case Node::Kind::repeat: return texts_of_repeat(node);
    case Node::Kind::choice: {
      Texts texts;
      for (const Node& child : node.children) {
        for (std::string& text : texts_of(child)) texts.push_back(std::move(text));
        if (texts.size() > kSamplesMax) break;
      }
      return texts;
    }
    case Node::Kind::sequence: {
      Texts texts{""};
      for (const Node& child : node.children) {
        Texts longer;
        add_products(longer, texts, texts_of(child));
        texts = std::move(longer);
        if (texts.size() > kSamplesMax) break;
      }
      return texts;
    }
  }
  return {};
}

std::optional<std::vector<std::string>> Pattern::samples(std::string_view base) const {
  const Texts texts = texts_of(root_);
  if (texts.size() > kSamplesMax) return std::nullopt;
  Texts uris;
  for (std::string text : texts) {
    while (text.starts_with(kStartMark) && text.size() > 1 && text[1] == kStartMark) text.erase(0, 1);
    const bool starts = text.starts_with(kStartMark);
    if (starts) text.erase(0, 1);
    const bool ends = text.ends_with(kEndMark);
    while (text.ends_with(kEndMark)) text.pop_back();
    // An anchor in the middle matches nothing.
    if (text.find(kStartMark) != std::string::npos || text.find(kEndMark) != std::string::npos) continue;

    Texts begun;
    if (starts) {
      begun.push_back(text);
    } else {
      if (text.starts_with('/')) begun.push_back(text);
      const std::string_view folder = base.substr(0, base.find_last_not_of('/') + 1);
      for (const std::string_view front : kFrontTexts) begun.push_back(std::string(folder) + std::string(front) + text);
      if (!base.empty()) begun.push_back(std::string(base) + text);
    }
    for (const std::string& one : begun) {
      for (const std::string_view behind : kBehindTexts) {
        uris.push_back(one + std::string(behind));
        if (caseless_) {
          std::string upper = one;
          for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
          uris.push_back(upper + std::string(behind));
        }
        if (ends) break;
      }
    }
    if (uris.size() > 8 * kSamplesMax) return std::nullopt;
  }
  std::ranges::sort(uris);
  uris.erase(std::ranges::unique(uris).begin(), uris.end());
  return uris;
}

const Pattern::Node* Pattern::find_group(const Node& node, std::string_view group) {
  if (node.kind == Node::Kind::group && (node.number == group || (!node.name.empty() && node.name == group))) return &node;
  for (const Node& child : node.children) {
    if (const Node* found = find_group(child, group)) return found;
  }
  return nullptr;
}

bool Pattern::holds_line_feed(const Node& node) {
  if (node.kind == Node::Kind::bytes) return node.bytes.test('\n');
  return std::ranges::any_of(node.children, holds_line_feed);
}

bool Pattern::group_may_hold_line_feed(std::string_view group) const {
  const Node* const found = find_group(root_, group);
  return found != nullptr && holds_line_feed(*found);
}

}  // namespace uringx

#include "http/priority.h"

#include <algorithm>

#include "http/ascii.h"

namespace uringx {
namespace {

// RFC 8941 wants these at least; nginx has no more.
constexpr std::size_t kMembersMax = 1024;
constexpr std::size_t kStringBytesMax = 1024;
constexpr std::size_t kTokenBytesMax = 512;
constexpr std::size_t kBase64BytesMax = 21848;  // of 16384 bytes
constexpr std::size_t kIntegerDigitsMax = 15;
constexpr std::size_t kDecimalDigitsMax = 12;
constexpr std::size_t kFractionDigitsMax = 3;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool begins_key(char c) { return is_lower(c) || c == '*'; }
bool is_key_byte(char c) { return begins_key(c) || is_digit(c) || c == '_' || c == '-' || c == '.'; }
bool is_token_byte(char c) {
  return is_alpha(c) || is_digit(c) || std::string_view("!#$%&'*+-.^_`|~:/").find(c) != std::string_view::npos;
}
bool is_base64_byte(char c) { return is_alpha(c) || is_digit(c) || c == '+' || c == '/'; }

// RFC 8941 section 4.2. Each step is false where the text is at fault.
class DictionaryParser {
 public:
  explicit DictionaryParser(std::string_view text) : rest_(text) {}

  bool parse(Priority& priority) {
    skip(" ");
    for (std::size_t members = 0; !rest_.empty(); ++members) {
      if (members == kMembersMax || !member(priority)) return false;
      skip(" \t");
      if (rest_.empty()) return true;
      if (!take(',')) return false;
      skip(" \t");
      if (rest_.empty()) return false;
    }
    return true;
  }

 private:
  enum class Kind : unsigned char { other, integer, boolean };
  struct Value {
    Kind kind = Kind::boolean;
    long long number = 1;
  };

  bool member(Priority& priority) {
    std::string_view name;
    Value value;
    if (!key(name) || (take('=') && !(peek() == '(' ? inner_list(value) : bare_item(value))) || !parameters()) return false;
    const Priority unset;
    if (name == "u") {
      const bool valid = value.kind == Kind::integer && value.number >= 0 && value.number <= 7;
      priority.urgency = valid ? static_cast<unsigned>(value.number) : unset.urgency;
    } else if (name == "i") {
      priority.incremental = value.kind == Kind::boolean ? value.number != 0 : unset.incremental;
    }
    return true;
  }

  bool key(std::string_view& name) {
    if (!begins_key(peek())) return false;
    name = take_while(is_key_byte);
    return true;
  }

  bool parameters() {
    while (take(';')) {
      skip(" ");
      std::string_view name;
      Value value;
      if (!key(name) || (take('=') && !bare_item(value))) return false;
    }
    return true;
  }

  bool inner_list(Value& value) {
    take('(');
    value.kind = Kind::other;
    for (;;) {
      skip(" ");
      if (take(')')) return true;
      Value item;
      if (!bare_item(item) || !parameters() || (peek() != ' ' && peek() != ')')) return false;
    }
  }

  bool bare_item(Value& value) {
    const char first = peek();
    if (first == '-' || is_digit(first)) return number(value);
    value.kind = Kind::other;
    if (first == '"') return string();
    if (is_alpha(first) || first == '*') return take_while(is_token_byte).size() <= kTokenBytesMax;
    if (first == ':') return bytes();
    if (!take('?')) return false;
    value = {Kind::boolean, peek() == '1'};
    return take('1') || take('0');
  }

  bool number(Value& value) {
    const bool negative = take('-');
    const std::string_view digits = take_while(is_digit);
    if (digits.empty() || digits.size() > kIntegerDigitsMax) return false;
    if (take('.')) {
      value.kind = Kind::other;
      const std::size_t fraction = take_while(is_digit).size();
      return digits.size() <= kDecimalDigitsMax && fraction >= 1 && fraction <= kFractionDigitsMax;
    }
    value = {Kind::integer, 0};
    for (const char digit : digits) value.number = value.number * 10 + (digit - '0');
    if (negative) value.number = -value.number;
    return true;
  }

  bool string() {
    take('"');
    for (std::size_t length = 0; length <= kStringBytesMax; ++length) {
      if (take('"')) return true;
      const bool escaped = take('\\');
      const char c = peek();
      if (c < 0x20 || c > 0x7e || (escaped && c != '"' && c != '\\')) return false;
      take(c);
    }
    return false;
  }

  bool bytes() {
    take(':');
    const std::size_t letters = take_while(is_base64_byte).size();
    const std::size_t padding = take_while([](char c) { return c == '='; }).size();
    const bool whole = letters % 4 != 1 && (padding == 0 || (padding <= 2 && (letters + padding) % 4 == 0));
    return whole && letters + padding <= kBase64BytesMax && take(':');
  }

  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  template <typename Predicate>
  std::string_view take_while(Predicate fits) {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), fits);
    const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(taken.size());
    return taken;
  }
  void skip(std::string_view blanks) {
    take_while([&](char c) { return blanks.find(c) != std::string_view::npos; });
  }

  std::string_view rest_;
};

}  // namespace

std::optional<Priority> parse_priority(std::string_view text) {
  Priority priority;
  if (!DictionaryParser(text).parse(priority)) return std::nullopt;
  return priority;
}

}  // namespace uringx

#include "http/uri.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "http/ascii.h"

namespace uringx {

namespace {

// Bytes of a path that may need work: the rest is copied as it stands.
constexpr auto kPlainByte =
    byte_table([](unsigned char c) { return c != '/' && c != '.' && c != '%' && c != '?' && c != '#'; });

// Whether the path of `target` is already what parse_uri would give; sets where the path ends.
bool is_normal(std::string_view target, std::size_t& path_bytes) {
  path_bytes = target.size();
  if (target.empty() || target[0] != '/') return false;
  std::size_t i = 0;
  while (i < target.size()) {
    const char c = target[i++];
    if (kPlainByte[byte_index(c)]) continue;
    if (c == '%' || c == '#') return false;
    if (c == '/' && i < target.size() && (target[i] == '/' || target[i] == '.')) return false;
    if (c == '?') {
      path_bytes = i - 1;
      return target.find('#', i) == std::string_view::npos;
    }
  }
  return true;
}

// Writes decoded path bytes. "/", "/." and "/.." at the end of what is written decide what the next byte
// does, whether it was escaped or not: an escaped dot or slash must not reach the file system as something
// else than a plain one.
class PathWriter {
 public:
  PathWriter(char* out, bool merge_slashes) : begin_(out), out_(out), merge_slashes_(merge_slashes) {}

  // False: "/.." above the root.
  bool put(char c) {
    switch (state_) {
      case State::usual:
        *out_++ = c;
        if (c == '/') state_ = State::slash;
        return true;
      case State::slash:
        if (c == '/') {
          if (!merge_slashes_) *out_++ = c;
          return true;
        }
        *out_++ = c;
        state_ = c == '.' ? State::dot : State::usual;
        return true;
      case State::dot:
        if (c == '/') {
          --out_;
          state_ = State::slash;
          return true;
        }
        *out_++ = c;
        state_ = c == '.' ? State::dot_dot : State::usual;
        return true;
      case State::dot_dot:
        if (c == '/') {
          state_ = State::slash;
          return up();
        }
        *out_++ = c;
        state_ = State::usual;
        return true;
    }
    return true;
  }

  // A byte that was escaped so as to be no delimiter: %25, %23 and %3F mean themselves.
  void put_literal(char c) {
    *out_++ = c;
    state_ = State::usual;
  }

  // The end of the path. False: "/.." above the root.
  bool finish() {
    if (state_ == State::dot) --out_;
    return state_ != State::dot_dot || up();
  }

  std::string_view text() const { return {begin_, static_cast<std::size_t>(out_ - begin_)}; }

 private:
  enum class State { usual, slash, dot, dot_dot };

  // Removes "xyz/.." from the end of "/xyz/..".
  bool up() {
    out_ -= 3;  // at the slash before ".."
    while (out_ > begin_) {
      if (*--out_ == '/') {
        ++out_;
        return true;
      }
    }
    return false;
  }

  char* begin_;
  char* out_;
  bool merge_slashes_;
  State state_ = State::usual;
};

std::expected<ParsedUri, UriError> normalise(std::string_view target, bool merge_slashes, Arena& arena) {
  char* memory = arena.take_bytes(target.size() + 1);
  PathWriter path(memory, merge_slashes);
  ParsedUri parsed;
  if (target.empty() || target[0] == '?') path.put('/');

  for (std::size_t i = 0; i < target.size(); ++i) {
    char c = target[i];
    if (c == '#') break;
    if (c == '?') {
      const std::string_view rest = target.substr(i + 1);
      if (!rest.empty()) parsed.args = rest.substr(0, rest.find('#'));
      parsed.has_args = true;
      break;
    }
    if (c == '%') {
      if (target.size() - i < 3) return std::unexpected(UriError::bad_escape);
      const int high = hex_value(target[i + 1]);
      const int low = hex_value(target[i + 2]);
      if (high < 0 || low < 0 || (high == 0 && low == 0)) return std::unexpected(UriError::bad_escape);
      c = static_cast<char>(high * 16 + low);
      i += 2;
      if (c == '%' || c == '#' || c == '?') {
        path.put_literal(c);
        continue;
      }
    }
    if (!path.put(c)) return std::unexpected(UriError::above_root);
  }
  if (!path.finish()) return std::unexpected(UriError::above_root);
  parsed.uri = path.text();
  return parsed;
}

// ".." as a whole path component.
bool climbs(std::string_view path) {
  if (path.starts_with("../") || path == "..") return true;
  for (std::size_t at = path.find("/.."); at != std::string_view::npos; at = path.find("/..", at + 1)) {
    if (at + 3 == path.size() || path[at + 3] == '/') return true;
  }
  return false;
}

constexpr bool is_unreserved(unsigned char c) {
  const char ch = static_cast<char>(c);
  return is_alpha(ch) || is_digit(ch) || c == '-' || c == '.' || c == '_' || c == '~';
}

constexpr auto escape_set(std::string_view extra) {
  return byte_table([extra](unsigned char c) {
    // RFC 3986: these never stand in a URI.
    if (c <= 0x20 || c >= 0x7f) return true;
    const char ch = static_cast<char>(c);
    return std::string_view("\"<>\\^`{|}").find(ch) != std::string_view::npos ||
           extra.find(ch) != std::string_view::npos;
  });
}

// One row an EscapeKind (the tables of ngx_escape_uri).
constexpr std::array<bool, 256> kEscaped[] = {
    escape_set("#%?"),
    escape_set("#%&+;?"),
    byte_table([](unsigned char c) { return !is_unreserved(c); }),
    escape_set("#%'"),
    // As it stands in nginx: "}" is let through and "~" is not.
    byte_table([](unsigned char c) {
      return c <= 0x20 || c >= 0x7f ||
             std::string_view("\"'<>\\^`{|~").find(static_cast<char>(c)) != std::string_view::npos;
    }),
};

constexpr std::string_view html_entity(char c) {
  switch (c) {
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '&': return "&amp;";
    case '"': return "&quot;";
    default: return {};
  }
}

constexpr auto kHostBad = byte_table([](unsigned char c) { return c <= 0x20 || c == 0x7f || c == '/'; });

}  // namespace

std::expected<ParsedUri, UriError> parse_uri(std::string_view target, bool merge_slashes, Arena& arena) {
  std::size_t path_bytes = 0;
  if (!is_normal(target, path_bytes)) return normalise(target, merge_slashes, arena);
  ParsedUri parsed{.uri = target.substr(0, path_bytes), .args = {}, .has_args = path_bytes < target.size()};
  if (path_bytes + 1 < target.size()) parsed.args = target.substr(path_bytes + 1);
  return parsed;
}

std::expected<ParsedUri, UriError> parse_unsafe_uri(std::string_view uri, Arena& arena) {
  ParsedUri parsed = split_args(uri);
  if (parsed.uri.empty()) return std::unexpected(UriError::unsafe);
  const auto is_unsafe = [](std::string_view path) {
    return climbs(path) || path.find('\0') != std::string_view::npos;
  };
  if (is_unsafe(parsed.uri)) return std::unexpected(UriError::unsafe);
  if (parsed.uri.find('%') != std::string_view::npos) {
    parsed.uri = unescape(parsed.uri, arena);
    if (is_unsafe(parsed.uri)) return std::unexpected(UriError::unsafe);
  }
  return parsed;
}

ParsedUri split_args(std::string_view uri) {
  const auto at = uri.find('?');
  if (at == std::string_view::npos) return {.uri = uri, .args = {}, .has_args = false};
  return {.uri = uri.substr(0, at), .args = uri.substr(at + 1), .has_args = true};
}

std::optional<std::string_view> find_arg(std::string_view args, std::string_view name) {
  if (name.empty()) return std::nullopt;
  for (std::size_t at = 0; at < args.size();) {
    const auto end = std::min(args.find('&', at), args.size());
    const std::string_view pair = args.substr(at, end - at);
    if (pair.size() > name.size() && pair[name.size()] == '=' &&
        equal_ignore_case(pair.substr(0, name.size()), name)) {
      return pair.substr(name.size() + 1);
    }
    at = end + 1;
  }
  return std::nullopt;
}

std::string_view uri_extension(std::string_view uri) {
  for (std::size_t i = uri.size(); i > 1; --i) {
    const char c = uri[i - 1];
    if (c == '/') break;
    if (c == '.' && uri[i - 2] != '/') return uri.substr(i);
  }
  return {};
}

std::size_t escape_count(std::string_view text, EscapeKind kind) {
  const auto& escaped = kEscaped[static_cast<std::size_t>(kind)];
  std::size_t count = 0;
  for (const char c : text) count += escaped[byte_index(c)];
  return count;
}

char* escape_to(char* out, std::string_view text, EscapeKind kind) {
  constexpr char kHex[] = "0123456789ABCDEF";
  const auto& escaped = kEscaped[static_cast<std::size_t>(kind)];
  for (const char c : text) {
    if (!escaped[byte_index(c)]) {
      *out++ = c;
      continue;
    }
    *out++ = '%';
    *out++ = kHex[byte_index(c) >> 4];
    *out++ = kHex[byte_index(c) & 15];
  }
  return out;
}

std::string_view escape(std::string_view text, EscapeKind kind, Arena& arena) {
  const std::size_t count = escape_count(text, kind);
  if (count == 0) return text;
  const std::size_t size = text.size() + 2 * count;
  char* memory = arena.take_bytes(size);
  escape_to(memory, text, kind);
  return {memory, size};
}

std::string_view escape_html(std::string_view text, Arena& arena) {
  std::size_t size = text.size();
  for (const char c : text) {
    const auto entity = html_entity(c);
    if (!entity.empty()) size += entity.size() - 1;
  }
  if (size == text.size()) return text;
  char* memory = arena.take_bytes(size);
  char* out = memory;
  for (const char c : text) {
    const auto entity = html_entity(c);
    if (entity.empty()) {
      *out++ = c;
    } else {
      std::memcpy(out, entity.data(), entity.size());
      out += entity.size();
    }
  }
  return {memory, size};
}

std::string_view unescape(std::string_view text, Arena& arena) {
  if (text.find('%') == std::string_view::npos) return text;
  char* memory = arena.take_bytes(text.size());
  char* out = memory;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      *out++ = text[i];
      continue;
    }
    if (++i == text.size()) break;
    const int high = hex_value(text[i]);
    if (high < 0) {
      *out++ = text[i];  // nginx drops the "%" alone
      continue;
    }
    if (++i == text.size()) break;
    const int low = hex_value(text[i]);
    if (low >= 0) *out++ = static_cast<char>(high * 16 + low);
  }
  return {memory, static_cast<std::size_t>(out - memory)};
}

std::string_view unescape_redirect(std::string_view text, Arena& arena) {
  if (text.find('%') == std::string_view::npos) return text;
  char* const memory = arena.take_bytes(text.size());
  char* out = memory;
  std::size_t i = 0;
  while (i < text.size()) {
    const char c = text[i++];
    if (c != '%') {
      *out++ = c;
      if (c == '?') break;
      continue;
    }
    if (i == text.size()) break;
    const int high = hex_value(text[i++]);
    if (high < 0) {
      *out++ = text[i - 1];
      continue;
    }
    if (i == text.size()) break;
    const int low = hex_value(text[i++]);
    if (low < 0) continue;
    const int byte = high * 16 + low;
    if (byte > '%' && byte < 0x7f) {
      *out++ = static_cast<char>(byte);
      if (byte == '?') break;
    } else {
      out = std::copy_n(text.data() + i - 3, 3, out);
    }
  }
  out = std::copy(text.begin() + static_cast<std::ptrdiff_t>(i), text.end(), out);
  return {memory, static_cast<std::size_t>(out - memory)};
}

bool is_quoted_path(std::string_view target) {
  const std::size_t at = target.find_first_of("%+?#");
  return at != std::string_view::npos && (target[at] == '%' || target[at] == '+');
}

std::optional<std::string_view> validate_host(std::string_view host, Arena& arena) {
  enum class State { usual, literal, rest } state = State::usual;
  std::size_t dot_at = host.size();
  std::size_t size = host.size();
  bool has_upper = false;

  for (std::size_t i = 0; i < host.size(); ++i) {
    const char c = host[i];
    switch (c) {
      case '.':
        if (i > 0 && dot_at == i - 1) return std::nullopt;
        dot_at = i;
        break;
      case ':':
        if (state == State::usual) {
          size = i;
          state = State::rest;
        }
        break;
      case '[':
        if (i == 0) state = State::literal;
        break;
      case ']':
        if (state == State::literal) {
          size = i + 1;
          state = State::rest;
        }
        break;
      default:
        if (kHostBad[byte_index(c)]) return std::nullopt;
        if (c >= 'A' && c <= 'Z') has_upper = true;
        break;
    }
  }
  if (size != 0 && dot_at == size - 1) --size;
  if (size == 0) return std::nullopt;
  if (!has_upper) return host.substr(0, size);
  char* memory = arena.take_bytes(size);
  for (std::size_t i = 0; i < size; ++i) memory[i] = ascii_lower(host[i]);
  return std::string_view{memory, size};
}

}  // namespace uringx

// Fuzz target of rewrite with captures and arguments. The input's lines: a pattern, a replacement, a flag, a path, arguments.
// Whatever they are, what the request becomes is what the replacement says when it is read byte by byte.
#include <array>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "http/uri.h"
#include "modules/rewrite.h"
#include "tests/fuzz/fuzz_fixture.h"
#include "tests/modules/fixture.h"

namespace uringx {
namespace {

// ngx_escape_uri of arguments, written out.
std::string escape_argument(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte > 0x20 && byte < 0x7f && std::string_view("#%&+;?\"<>\\^`{|}").find(c) == std::string_view::npos;
    std::array<char, 4> code{};
    std::snprintf(code.data(), code.size(), "%%%02X", byte);
    escaped += plain ? std::string(1, c) : std::string(code.data());
  }
  return escaped;
}

struct Expanded {
  std::string path;
  std::string args;
  bool has_args = false;
};

// A replacement of text and $1..$9 only.
Expanded expand(std::string_view replacement, const std::vector<std::string>& captures, bool quoted, bool redirect) {
  Expanded result;
  for (std::size_t i = 0; i < replacement.size(); ++i) {
    std::string& to = result.has_args ? result.args : result.path;
    if (replacement[i] == '$') {
      const auto number = static_cast<std::size_t>(replacement[++i] - '0');
      const std::string text = number < captures.size() ? captures[number] : std::string();
      to += quoted && (redirect || result.has_args) ? escape_argument(text) : text;
    } else if (replacement[i] == '?' && !redirect && !result.has_args) {
      result.has_args = true;
    } else {
      to += replacement[i];
    }
  }
  return result;
}

bool has_variables(std::string_view replacement) {
  for (std::size_t i = 0; i < replacement.size(); ++i) {
    if (replacement[i] != '$') continue;
    if (i + 1 == replacement.size() || replacement[i + 1] < '1' || replacement[i + 1] > '9') return true;
  }
  return false;
}

std::string_view flag_of(std::string_view line) {
  constexpr std::string_view kFlags[] = {"last", "break", "redirect", "permanent"};
  for (const std::string_view flag : kFlags) {
    if (line == flag) return flag;
  }
  return {};
}

void check(std::string_view input) {
  const std::string pattern(take_line(input));
  const std::string replacement(take_line(input));
  const std::string_view flag = flag_of(take_line(input));
  const std::string target = "/" + std::string(take_line(input));
  const std::string args(take_line(input));
  if (pattern.size() > 200) return;  // the pattern is the operator's: its cost is not what is looked for

  FakeBuild build;
  std::vector<std::string> words{pattern, replacement};
  if (!flag.empty()) words.emplace_back(flag);
  if (!build.apply("rewrite", words).empty()) return;
  if (!build.table.resolve()) return;
  TestRequest test(build);
  const auto parsed = parse_uri(target, true, test.arena);
  if (!parsed) return;
  test.request.head.target = target;
  test.request.uri = parsed->uri;
  test.request.args = args;
  const std::string uri_before(parsed->uri);

  HandlerState state;
  const HandlerResult result = handle_rewrite(test.request, state, {});
  const auto* finish = std::get_if<Finish>(&result);
  expect(finish != nullptr || std::holds_alternative<Declined>(result), "a rewrite ends with a status or goes on");
  if (!test.request.internal) {
    expect(test.request.uri == uri_before && test.request.args == args, "no match changes nothing");
    expect(test.request.captures.empty(), "no match forgets the captures");
    return;
  }
  if (has_variables(replacement)) return;

  std::string_view text = replacement;
  const bool keeps_args = !text.ends_with('?');
  if (!keeps_args) text.remove_suffix(1);
  const bool redirect = text.starts_with("http://") || text.starts_with("https://") || flag == "redirect" || flag == "permanent";
  const std::vector<std::string> captures(test.request.captures.begin(), test.request.captures.end());
  Expanded expected = expand(text, captures, is_quoted_path(target), redirect);
  if (redirect) {
    expect(finish != nullptr && (finish->status == 301 || finish->status == 302), "a redirect is one");
    std::string location(unescape_redirect(expected.path, test.arena));
    if (keeps_args && !args.empty()) location += (text.find('?') == std::string_view::npos ? "?" : "&") + args;
    expect(test.request.response.location == location, "the redirect is what the replacement says");
    return;
  }
  std::string args_after = expected.has_args ? expected.args : keeps_args ? args : std::string();
  if (expected.has_args && keeps_args && !args.empty()) args_after += "&" + args;
  expect(test.request.uri == expected.path, "the URI is what the replacement says");
  expect(test.request.args == args_after, "the arguments are what the replacement says");
  expect((finish != nullptr) == expected.path.empty(), "only a URI without length is refused");
  if (finish == nullptr) expect(test.request.uri_changed == (flag != "break"), "break keeps the location");
}

}  // namespace
}  // namespace uringx

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  uringx::check({reinterpret_cast<const char*>(data), size});
  return 0;
}

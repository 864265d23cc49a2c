#define PCRE2_CODE_UNIT_WIDTH 8
#include "modules/regex.h"

#include <fmt/format.h>
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <new>

#include "modules/handler.h"
#include "modules/variables.h"

namespace uringx {
namespace {

// More groups than this match, but what they captured is not kept. nginx's templates reach $9; names may go
// further.
constexpr std::uint32_t kCapturesMax = 64;

// As PCRE2's own defaults today, fixed so that a pattern that explodes costs a bounded time whatever the
// library.
constexpr std::uint32_t kMatchLimit = 10'000'000;

template <typename T, void (*Free)(T*)>
struct Freed {
  void operator()(T* object) const { Free(object); }
};
using CodePointer = std::unique_ptr<pcre2_code, Freed<pcre2_code, pcre2_code_free>>;
using DataPointer = std::unique_ptr<pcre2_match_data, Freed<pcre2_match_data, pcre2_match_data_free>>;
using ContextPointer =
    std::unique_ptr<pcre2_match_context, Freed<pcre2_match_context, pcre2_match_context_free>>;

// What matching needs besides the code: one a thread, reused, so that a match allocates nothing.
struct Matcher {
  DataPointer data{pcre2_match_data_create(kCapturesMax, nullptr)};
  ContextPointer context{pcre2_match_context_create(nullptr)};

  Matcher() {
    if (data == nullptr || context == nullptr) throw std::bad_alloc();
    pcre2_set_match_limit(context.get(), kMatchLimit);
  }
};

Matcher& this_threads_matcher() {
  thread_local Matcher matcher;
  return matcher;
}

struct NamedGroup {
  std::string_view name;  // in the compiled pattern
  std::uint16_t number;
};

PCRE2_SPTR units(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

}  // namespace

struct Regex::Code {
  struct Name {
    std::uint16_t variable;
    std::uint16_t group;
  };

  CodePointer code;
  std::string pattern;
  std::vector<Name> names;

  // The number of groups set, the whole match included; negative: no match or an error.
  int run(std::string_view text) const {
    Matcher& matcher = this_threads_matcher();
    // pcre2_match uses the JIT code when there is some.
    const int count =
        pcre2_match(code.get(), units(text), text.size(), 0, 0, matcher.data.get(), matcher.context.get());
    return count == 0 ? static_cast<int>(kCapturesMax) : count;
  }

  static std::string_view group(std::string_view text, std::size_t number) {
    const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(this_threads_matcher().data.get());
    const PCRE2_SIZE begin = ends[2 * number];
    const PCRE2_SIZE end = ends[2 * number + 1];
    // \K in a lookahead can put the end before the beginning.
    if (begin == PCRE2_UNSET || end < begin) return {};
    return text.substr(begin, end - begin);
  }

  // nginx's words for what is no pattern.
  static std::expected<std::shared_ptr<Code>, std::string> compile(std::string_view pattern, bool caseless);
  std::vector<NamedGroup> named_groups() const;
  std::expected<void, std::string> define_names(VariableTable& variables);
  std::string failure(int count, std::string_view text) const {
    return fmt::format("pcre2_match() failed: {} on \"{}\" using \"{}\"", count, text, pattern);
  }
};

std::expected<std::shared_ptr<Regex::Code>, std::string> Regex::Code::compile(std::string_view pattern, bool caseless) {
  int error = 0;
  PCRE2_SIZE error_at = 0;
  auto code = std::make_shared<Code>();
  code->pattern = pattern;
  code->code.reset(pcre2_compile(units(pattern), pattern.size(), caseless ? PCRE2_CASELESS : 0, &error,
                                 &error_at, nullptr));
  if (code->code != nullptr) return code;
  std::array<PCRE2_UCHAR, 128> text{};
  pcre2_get_error_message(error, text.data(), text.size());
  std::string message = fmt::format("pcre2_compile() failed: {} in \"{}\"",
                                    reinterpret_cast<const char*>(text.data()), pattern);
  if (error_at < pattern.size()) message += fmt::format(" at \"{}\"", pattern.substr(error_at));
  return std::unexpected(std::move(message));
}

std::vector<NamedGroup> Regex::Code::named_groups() const {
  std::uint32_t count = 0;
  std::uint32_t entry_bytes = 0;
  PCRE2_SPTR table = nullptr;
  pcre2_pattern_info(code.get(), PCRE2_INFO_NAMECOUNT, &count);
  pcre2_pattern_info(code.get(), PCRE2_INFO_NAMEENTRYSIZE, &entry_bytes);
  pcre2_pattern_info(code.get(), PCRE2_INFO_NAMETABLE, &table);
  std::vector<NamedGroup> groups;
  // An entry is the group's number in two bytes, high byte first, and its name with a NUL (pcre2api).
  for (PCRE2_SPTR entry = table; count-- > 0; entry += entry_bytes) {
    const auto number = static_cast<std::uint16_t>(entry[0] << 8 | entry[1]);
    if (number < kCapturesMax) groups.push_back({reinterpret_cast<const char*>(entry + 2), number});
  }
  return groups;
}

std::expected<void, std::string> Regex::Code::define_names(VariableTable& variables) {
  for (const NamedGroup& group : named_groups()) {
    if (auto definable = variables.check_definable(group.name); !definable) return definable;
    names.push_back({variables.define(group.name), group.number});
  }
  return {};
}

std::expected<Regex, std::string> Regex::compile(std::string_view pattern, bool caseless,
                                                 VariableTable& variables) {
  auto code = Code::compile(pattern, caseless);
  if (!code) return std::unexpected(std::move(code.error()));
  pcre2_jit_compile((*code)->code.get(),
                    PCRE2_JIT_COMPLETE);  // fails where the CPU or a policy forbids it: interpreted
  if (auto defined = (*code)->define_names(variables); !defined)
    return std::unexpected(std::move(defined.error()));
  Regex regex;
  regex.code_ = std::move(*code);
  return regex;
}

const std::string& Regex::pattern() const { return code_->pattern; }

bool Regex::test(std::string_view text) const { return code_->run(text) > 0; }

Regex::Outcome Regex::execute(Request& request, std::string_view text) const {
  const int count = code_->run(text);
  if (count == PCRE2_ERROR_NOMATCH) return Outcome::not_matched;
  if (count < 0) {
    log_request(request, LogLevel::alert, code_->failure(count, text));
    return Outcome::failed;
  }
  // Even a pattern without groups ends what the last one captured (ngx_http_regex_exec).
  const std::string_view kept = count > 1 ? request.arena.copy(text) : std::string_view();
  const std::span<std::string_view> captures =
      request.arena.make_array<std::string_view>(static_cast<std::size_t>(count));
  for (std::size_t i = 1; i < captures.size(); ++i) captures[i] = Code::group(kept, i);
  request.captures = captures;
  for (const Code::Name& name : code_->names) {
    const bool set = name.group < captures.size();
    request.variables->store(request, name.variable, set ? captures[name.group] : std::string_view());
  }
  return Outcome::matched;
}

MatchOnce match_once(std::string_view pattern, std::string_view text) {
  const auto code = Regex::Code::compile(pattern, false);
  if (!code) return {.outcome = Regex::Outcome::failed, .error = code.error()};
  MatchOnce match{.compiled = true};
  const int count = (*code)->run(text);
  if (count == PCRE2_ERROR_NOMATCH) return match;
  if (count < 0) {
    match.outcome = Regex::Outcome::failed;
    match.error = (*code)->failure(count, text);
    return match;
  }
  match.outcome = Regex::Outcome::matched;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) match.groups.emplace_back(Regex::Code::group(text, i));
  for (const NamedGroup& named : (*code)->named_groups()) {
    const bool set = named.number < match.groups.size();
    match.names.emplace_back(named.name, set ? match.groups[named.number] : std::string());
  }
  return match;
}

}  // namespace uringx

#include "parser/config_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <unordered_set>
#include <utility>

#include "parser/grammar.h"

namespace uringx {
namespace {

namespace pegtl = tao::pegtl;

// Where the parser stands: what nginx prints behind a message. No name: the main file is not open yet.
struct Place {
  std::shared_ptr<const std::string> file;
  unsigned line = 0;
};

// Thrown from wherever the parser stands to the one that called it: a refusal ends the reading of all files.
struct Refusal {
  ConfigError error;
  Place place;
};

[[noreturn]] void refuse(std::string message, const Place& place) {
  ConfigError error;
  error.message = std::move(message);
  if (place.file) error.file = *place.file;
  error.line = place.line;
  throw Refusal{std::move(error), place};
}

// nginx's messages end at 1024 bytes, and leave room for the reason (NGX_MAX_CONF_ERRSTR, ngx_log_errno).
std::string with_errno(std::string message, int error) {
  constexpr std::size_t kMessageBytesMax = 1024;
  constexpr std::size_t kReasonBytes = 50;
  if (message.size() > kMessageBytesMax - kReasonBytes) {
    message.resize(kMessageBytesMax - kReasonBytes);
    message += "...";
  }
  message += fmt::format(" ({}: {})", error, std::strerror(error));
  if (message.size() > kMessageBytesMax) message.resize(kMessageBytesMax);
  return message;
}

// Only these escapes are resolved; any other backslash is kept (the copy loop of ngx_conf_read_token).
std::string unescaped(std::string_view raw) {
  std::string word;
  word.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\' || i + 1 == raw.size()) {
      word += raw[i];
      continue;
    }
    const char next = raw[++i];
    switch (next) {
      case '"':
      case '\'':
      case '\\': word += next; break;
      case 't': word += '\t'; break;
      case 'r': word += '\r'; break;
      case 'n': word += '\n'; break;
      default: (word += '\\') += next;
    }
  }
  return word;
}

// What the main file and all it includes share: the tree that grows, the blocks that are open, the counts.
class Assembly {
 public:
  Assembly(const IncludeOptions& options, ConfigSource& source) : options_(options), source_(source) {}

  // Reads one file into the innermost open block; `from` is where it was asked for.
  void read_file(const std::string& path, const Place& from);
  void read_command_line(std::string_view text);

  void add(std::vector<std::string> words, const Place& place);
  void open_block(std::vector<std::string> words, const Place& place);
  void close_block(const Place& place);
  void include(const std::string& name, const Place& from);
  bool can_include() const;

  ConfigTree finish(Refusal refusal);
  ConfigTree finish() { return std::move(tree_); }

 private:
  std::vector<Directive>& innermost() { return open_.empty() ? tree_.directives : open_.back()->block; }
  Directive& append(std::vector<std::string> words, const Place& place);
  [[noreturn]] void refuse_file(const std::string& path, const ReadFailure& failure, const Place& from) const;
  void remember(const std::string& path, const std::string& text);

  const IncludeOptions& options_;
  ConfigSource& source_;
  ConfigTree tree_;
  std::vector<Directive*> open_;  // each is the last of its block while it is open, so the pointers hold
  std::unordered_set<std::string> paths_known_;
  unsigned include_depth_ = 0;
  unsigned files_read_ = 0;
  std::size_t text_bytes_ = 0;
};

// One text while it is read: the state of the PEGTL actions below.
class Reader {
 public:
  enum class Kind { file, command_line };

  Reader(Assembly& assembly, Kind kind, std::shared_ptr<const std::string> name, std::string_view text)
      : assembly_(assembly), kind_(kind), name_(std::move(name)), text_(text) {}

  void start_span(const char* at, std::size_t line, char quote) { span_ = {at, nullptr, line, quote}; }
  void end_quote(const char* at) { span_.quote_end = at; }
  void check_span(const char* at) const;
  void end_span(const char* at) {
    check_span(at);
    span_ = {};
  }

  void add_word(std::string_view raw) { words_.push_back(unescaped(raw)); }
  void end_directive(std::size_t line);
  void open_block(std::size_t line);
  void close_block(std::size_t line) { assembly_.close_block(place(line)); }

  [[noreturn]] void refuse_end(std::string_view expected, std::size_t line) const;
  [[noreturn]] void refuse_byte(char byte, std::size_t line) const {
    refuse(fmt::format("unexpected \"{}\"", byte), place(line));
  }

 private:
  struct Span {
    const char* begin = nullptr;      // none: nginx moves on, whatever white space follows
    const char* quote_end = nullptr;  // the closing quotation mark, once it was read
    std::size_t line = 0;
    char quote = '\0';
  };

  bool is_include() const { return words_.front() == "include"; }
  Place place(std::size_t line) const {
    return {name_, kind_ == Kind::command_line ? 0 : static_cast<unsigned>(line)};
  }

  Assembly& assembly_;
  const Kind kind_;
  const std::shared_ptr<const std::string> name_;
  const std::string_view text_;
  std::vector<std::string> words_;
  Span span_;
};

// -------------------- PEGTL: actions, errors

template <typename Rule>
struct Action : pegtl::nothing<Rule> {};

template <char Quote>
struct Action<grammar::span_start<Quote>> {
  template <typename Input>
  static void apply(const Input& in, Reader& reader) {
    reader.start_span(in.begin(), in.iterator().line, Quote);
  }
};

template <>
struct Action<grammar::span_end> {
  template <typename Input>
  static void apply(const Input& in, Reader& reader) {
    reader.end_span(in.begin());
  }
};

template <>
struct Action<grammar::bare_text> {
  template <typename Input>
  static void apply(const Input& in, Reader& reader) {
    reader.add_word(in.string_view());
  }
};

template <char Quote>
struct Action<grammar::quoted_text<Quote>> {
  template <typename Input>
  static void apply(const Input& in, Reader& reader) {
    reader.end_quote(in.end());
    reader.add_word(in.string_view());
  }
};

template <>
struct Action<grammar::directive_end> {
  template <typename Input>
  static void apply(const Input& in, Reader& reader) {
    reader.end_directive(in.iterator().line);
  }
};

template <>
struct Action<grammar::block_open> {
  template <typename Input>
  static void apply(const Input& in, Reader& reader) {
    reader.open_block(in.iterator().line);
  }
};

template <>
struct Action<grammar::block_close> {
  template <typename Input>
  static void apply(const Input& in, Reader& reader) {
    reader.close_block(in.iterator().line);
  }
};

// What nginx expects where the text ends too early, by the rule that had to match there.
template <typename Rule>
inline constexpr std::string_view kExpected = R"(";" or "}")";
template <>
inline constexpr std::string_view kExpected<grammar::block_close> = R"("}")";

// Every rule inside a must<> of the grammar fails without consuming, so the input stands at the byte at fault.
template <typename Rule>
struct Control : pegtl::normal<Rule> {
  template <typename Input>
  [[noreturn]] static void raise(const Input& in, Reader& reader) {
    reader.check_span(in.current());
    if (in.empty()) reader.refuse_end(kExpected<Rule>, in.iterator().line);
    reader.refuse_byte(in.peek_char(), in.iterator().line);
  }
};

void parse(std::string_view text, Reader& reader) {
  // eol::lf: nginx counts LF only, so a CRLF is one line and a lone CR is none.
  pegtl::memory_input<pegtl::tracking_mode::eager, pegtl::eol::lf, const char*> input(text, "");
  pegtl::parse<grammar::text, Action, Control>(input, reader);
}

// -------------------- one text: Reader

// nginx fills its buffer again when it needs the byte behind it, and refuses if the span fills the buffer
// then. `at` is the byte that nginx needs next while it still keeps the span.
void Reader::check_span(const char* at) const {
  if (kind_ == Kind::command_line || span_.begin == nullptr) return;  // -g is read in place, without a buffer
  const auto span_bytes = static_cast<std::size_t>(at - span_.begin);
  const auto text_bytes = static_cast<std::size_t>(text_.data() + text_.size() - span_.begin);
  if (span_bytes < kSpanBytesMax || text_bytes <= kSpanBytesMax) return;

  const bool in_quotes =
      span_.quote != '\0' && (span_.quote_end == nullptr || span_.quote_end >= span_.begin + kSpanBytesMax);
  if (in_quotes) {
    refuse(fmt::format("too long parameter, probably missing terminating \"{}\" character", span_.quote),
           place(span_.line));
  }
  constexpr std::size_t kShownBytes = 10;
  refuse(fmt::format("too long parameter \"{}...\" started", std::string_view(span_.begin, kShownBytes)),
         place(span_.line));
}

void Reader::refuse_end(std::string_view expected, std::size_t line) const {
  if (kind_ == Kind::command_line) refuse(R"(unexpected end of parameter, expecting ";")", place(line));
  refuse(fmt::format("unexpected end of file, expecting {}", expected), place(line));
}

void Reader::end_directive(std::size_t line) {
  std::vector<std::string> words = std::exchange(words_, {});
  if (words.front() != "include" || !assembly_.can_include()) return assembly_.add(std::move(words), place(line));
  if (words.size() != 2) refuse(R"(invalid number of arguments in "include" directive)", place(line));
  assembly_.include(words[1], place(line));
}

void Reader::open_block(std::size_t line) {
  if (kind_ == Kind::command_line) refuse("block directives are not supported in -g option", place(line));
  if (is_include()) refuse(R"(directive "include" is not terminated by ";")", place(line));
  assembly_.open_block(std::exchange(words_, {}), place(line));
}

// -------------------- all texts: Assembly

Directive& Assembly::append(std::vector<std::string> words, const Place& place) {
  Directive& directive = innermost().emplace_back();
  directive.words = std::move(words);
  directive.file = place.file;
  directive.line = place.line;
  return directive;
}

void Assembly::add(std::vector<std::string> words, const Place& place) { append(std::move(words), place); }

void Assembly::open_block(std::vector<std::string> words, const Place& place) {
  Directive& directive = append(std::move(words), place);
  directive.has_block = true;
  open_.push_back(&directive);
  if (open_.size() > kBlockDepthMax) {
    refuse(fmt::format("blocks are nested deeper than {} levels", kBlockDepthMax), place);
  }
}

void Assembly::close_block(const Place& place) {
  Directive& directive = *open_.back();
  directive.closed = true;
  directive.end_line = place.line;
  directive.end_file = place.file;
  open_.pop_back();
}

bool Assembly::can_include() const {
  const std::vector<std::string_view>& without = options_.blocks_without_include;
  return open_.empty() || std::find(without.begin(), without.end(), open_.back()->name()) == without.end();
}

// ngx_conf_include: only a name with a glob character goes through glob(), and may then match nothing.
void Assembly::include(const std::string& name, const Place& from) {
  std::string path(name.c_str());  // nginx passes C strings on: a NUL ends the name
  if (!path.starts_with('/')) path.insert(0, options_.conf_prefix);
  if (path.find_first_of("*?[") == std::string::npos) return read_file(path, from);

  const auto matches = source_.glob(path);
  if (!matches) refuse(with_errno(fmt::format("glob() \"{}\" failed", path), matches.error()), from);
  for (const std::string& match : *matches) read_file(match, from);
}

void Assembly::read_file(const std::string& path, const Place& from) {
  if (++files_read_ > options_.files_read_max) {
    refuse(fmt::format("more than {} files are included", options_.files_read_max), from);
  }
  if (include_depth_ > kIncludeDepthMax) {
    refuse(fmt::format("includes are nested deeper than {} levels, probably \"{}\" includes itself",
                       kIncludeDepthMax, path),
           from);
  }
  const auto text = source_.read(path, options_.text_bytes_max - text_bytes_);
  if (!text) refuse_file(path, text.error(), from);
  text_bytes_ += text->size();
  remember(path, *text);

  ++include_depth_;
  Reader reader(*this, Reader::Kind::file, std::make_shared<const std::string>(path), *text);
  parse(*text, reader);
  --include_depth_;
}

void Assembly::refuse_file(const std::string& path, const ReadFailure& failure, const Place& from) const {
  switch (failure.step) {
    case ReadFailure::Step::open:
      refuse(with_errno(fmt::format("open() \"{}\" failed", path), failure.error), from);
    case ReadFailure::Step::read:
      // ngx_read_file knows nothing of configurations: its message has no place and another level.
      throw Refusal{{.message = with_errno(fmt::format("pread() \"{}\" failed", path), failure.error),
                     .file = {},
                     .line = 0,
                     .level = "crit"},
                    from};
    case ReadFailure::Step::short_read:
      refuse(fmt::format("pread() returned only {} bytes instead of {}", failure.read_bytes,
                         failure.asked_bytes),
             {std::make_shared<const std::string>(path), 1});
    case ReadFailure::Step::too_large:
      refuse(
          fmt::format("\"{}\" makes the configuration larger than {} bytes", path, options_.text_bytes_max),
          from);
  }
  std::unreachable();
}

void Assembly::read_command_line(std::string_view text) {
  Reader reader(*this, Reader::Kind::command_line, std::make_shared<const std::string>(kCommandLine), text);
  parse(text, reader);
}

void Assembly::remember(const std::string& path, const std::string& text) {
  if (paths_known_.insert(path).second) tree_.files.push_back({path, text});
}

ConfigTree Assembly::finish(Refusal refusal) {
  for (Directive* directive : open_) {
    directive->end_line = refusal.place.line;
    directive->end_file = refusal.place.file;
  }
  tree_.error = std::move(refusal.error);
  return std::move(tree_);
}

}  // namespace

ConfigTree parse_config_file(const std::string& path, const IncludeOptions& options, ConfigSource& source) {
  Assembly assembly(options, source);
  try {
    assembly.read_file(path, {});
  } catch (Refusal& refusal) {
    return assembly.finish(std::move(refusal));
  }
  return assembly.finish();
}

ConfigTree parse_config_text(std::string_view text, const IncludeOptions& options, ConfigSource& source) {
  Assembly assembly(options, source);
  try {
    assembly.read_command_line(text);
  } catch (Refusal& refusal) {
    return assembly.finish(std::move(refusal));
  }
  return assembly.finish();
}

ConfigTree parse_config_file(const std::string& path, const IncludeOptions& options) {
  FileSystemSource source;
  return parse_config_file(path, options, source);
}

ConfigTree parse_config_text(std::string_view text, const IncludeOptions& options) {
  FileSystemSource source;
  return parse_config_text(text, options, source);
}

}  // namespace uringx

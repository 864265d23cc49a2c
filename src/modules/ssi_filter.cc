#include "modules/ssi_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "http/ascii.h"
#include "http/uri.h"
#include "modules/handler.h"
#include "modules/ssi_expression.h"

namespace uringx {
namespace {

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), ascii_lower);
  return text;
}

// Places in Values, by the rows of the commands.
enum IncludeValue : std::size_t { kVirtual, kFile, kWait, kKeptIn, kStub };
enum EchoValue : std::size_t { kEchoed, kDefault, kEncoding };
enum ConfigValue : std::size_t { kErrorMessage, kTimeFormat };
enum SetValue : std::size_t { kVariable, kValue };

constexpr std::string_view kNoValue = "(none)";

}  // namespace

struct SsiFilter::CommandRow {
  struct Parameter {
    std::string_view name = {};
    bool mandatory = false;
  };
  std::string_view name;
  bool (SsiFilter::*run)(const Values& values);
  std::array<Parameter, kValuesMax> parameters = {};
  Branch within = Branch::none;  // stands behind an "if", and no later than behind this
};

constexpr SsiFilter::CommandRow SsiFilter::kCommands[] = {
    {"include", &SsiFilter::include, {{{"virtual"}, {"file"}, {"wait"}, {"set"}, {"stub"}}}},
    {"echo", &SsiFilter::echo, {{{"var", true}, {"default"}, {"encoding"}}}},
    {"config", &SsiFilter::configure, {{{"errmsg"}, {"timefmt"}}}},
    {"set", &SsiFilter::set, {{{"var", true}, {"value", true}}}},
    {"if", &SsiFilter::begin_choice, {{{"expr", true}}}},
    {"elif", &SsiFilter::choose, {{{"expr", true}}}, Branch::condition},
    {"else", &SsiFilter::choose_rest, {}, Branch::condition},
    {"endif", &SsiFilter::end_choice, {}, Branch::otherwise},
    {"block", &SsiFilter::begin_block, {{{"name", true}}}},
    {"endblock", &SsiFilter::end_block},
};

SsiFilter::SsiFilter(Request& request, std::size_t value_bytes_max, bool silent_errors)
    : request_(request),
      own_(*request.ssi),
      common_(*request.main().ssi),
      parser_(request, value_bytes_max),
      silent_errors_(silent_errors) {}

BodyFilter::Step SsiFilter::run(std::span<const char> in, bool last, std::span<char> out) {
  const std::string_view input(in.data(), in.size());
  Step done;
  if (included_ == Included::asked) settle_inclusion();
  for (;;) {
    done.made_bytes += write_waiting(out.subspan(done.made_bytes));
    if (!waiting_.empty()) return done;
    if (included_ == Included::wanted) {
      included_ = Included::asked;
      done.include = &inclusion_;
      return done;
    }
    if (done.used_bytes == input.size()) break;
    const std::span<char> room = out.subspan(done.made_bytes);
    if (room.empty()) return done;
    const SsiParser::Step step = parser_.next(input.substr(done.used_bytes, room.size()));
    done.used_bytes += step.used_bytes;
    switch (step.event) {
      case SsiParser::Event::nothing: break;
      case SsiParser::Event::text: done.made_bytes += take_text(step.text, room); break;
      case SsiParser::Event::command:
        if (!perform(parser_.command()) && !silent_errors_) waiting_ = own_.error_message;
        break;
      case SsiParser::Event::error:
        if (!silent_errors_) waiting_ = own_.error_message;
        break;
    }
  }
  // What looked like a command and did not come to its end is left out, as nginx does.
  if (last) done.state = State::ended;
  return done;
}

std::size_t SsiFilter::write_waiting(std::span<char> out) {
  const std::size_t bytes = std::min(out.size(), waiting_.size() - waiting_done_);
  std::memcpy(out.data(), waiting_.data() + waiting_done_, bytes);
  waiting_done_ += bytes;
  if (waiting_done_ == waiting_.size()) {
    waiting_.clear();
    waiting_done_ = 0;
  }
  return bytes;
}

// Gives how many bytes of it went out at once.
std::size_t SsiFilter::take_text(std::string_view text, std::span<char> out) {
  if (!shows_) {
    if (in_block_) common_.blocks.back().value += text;
    return 0;
  }
  const std::size_t bytes = std::min(text.size(), out.size());
  std::memcpy(out.data(), text.data(), bytes);
  waiting_ = text.substr(bytes);
  return bytes;
}

void SsiFilter::settle_inclusion() {
  included_ = Included::nothing;
  if (answer_.without_body) waiting_ += stub_;
  if (kept_in_ && answer_.status < 300) common_.set_variable(*kept_in_, std::move(answer_.body));
}

bool SsiFilter::refuse(std::string_view why) const {
  log_request(request_, LogLevel::error, why);
  return false;
}

// --- commands ---

bool SsiFilter::perform(const SsiCommand& command) {
  const CommandRow* row = std::ranges::find(kCommands, std::string_view(command.name), &CommandRow::name);
  if (row == std::end(kCommands)) return !shows_ || refuse(fmt::format("invalid SSI command: \"{}\"", command.name));
  if (!shows_ && row->run != &SsiFilter::end_block) {
    if (in_block_) {
      common_.blocks.back().value += source_of(command);
      return true;
    }
    if (row->within == Branch::none) return true;
  }
  if (row->within != Branch::none && (branch_ == Branch::none || branch_ > row->within)) {
    return refuse(fmt::format("invalid context of SSI command: \"{}\"", command.name));
  }
  Values values{};
  return assign_values(*row, command, values) && (this->*row->run)(values);
}

bool SsiFilter::assign_values(const CommandRow& row, const SsiCommand& command, Values& values) const {
  if (command.parameters.size() > SsiCommand::kParametersMax) {
    return refuse(fmt::format("too many SSI command parameters: \"{}\"", command.name));
  }
  for (const SsiCommand::Parameter& given : command.parameters) {
    const auto known = std::ranges::find(row.parameters, std::string_view(given.name), &CommandRow::Parameter::name);
    if (known == row.parameters.end()) {
      return refuse(fmt::format("invalid parameter name: \"{}\" in \"{}\" SSI command", given.name, command.name));
    }
    const std::string*& value = values[static_cast<std::size_t>(known - row.parameters.begin())];
    if (value != nullptr) return refuse(fmt::format("duplicate \"{}\" parameter in \"{}\" SSI command", given.name, command.name));
    value = &given.value;
  }
  for (std::size_t i = 0; i < kValuesMax; ++i) {
    if (row.parameters[i].mandatory && values[i] == nullptr) {
      return refuse(fmt::format("mandatory \"{}\" parameter is absent in \"{}\" SSI command", row.parameters[i].name, command.name));
    }
  }
  return true;
}

// A subrequest is waited for, whatever "wait" says: what follows is the same, and in order.
bool SsiFilter::include(const Values& values) {
  if (!check_include(values)) return false;
  if (!name_inclusion(values[kVirtual] != nullptr ? *values[kVirtual] : *values[kFile])) return false;
  const std::string* const stub = values[kStub] == nullptr ? nullptr : common_.find_block(*values[kStub]);
  if (values[kStub] != nullptr && stub == nullptr) {
    return refuse(fmt::format("\"stub\"=\"{}\" for \"include\" not found", *values[kStub]));
  }
  stub_ = stub == nullptr ? std::string() : *stub;
  kept_in_.reset();
  if (values[kKeptIn] != nullptr) {
    kept_in_ = lower_case(*values[kKeptIn]);
    if (common_.find_variable(*kept_in_) == nullptr) common_.set_variable(*kept_in_, {});
  }
  if (request_.subrequests_left == 0) return refuse(fmt::format("subrequests cycle while processing \"{}\"", inclusion_.uri));
  if (request_.body_is_kept) return refuse(fmt::format("nested in-memory subrequest \"{}\"", inclusion_.uri));
  answer_ = {};
  inclusion_.kept = kept_in_.has_value();
  inclusion_.answer = &answer_;
  inclusion_.stub = stub == nullptr ? nullptr : &stub_;
  included_ = Included::wanted;
  return true;
}

bool SsiFilter::check_include(const Values& values) const {
  const std::string* const uri = values[kVirtual];
  const std::string* const file = values[kFile];
  if (uri != nullptr && file != nullptr) {
    return refuse(fmt::format("inclusion may be either virtual=\"{}\" or file=\"{}\"", *uri, *file));
  }
  if (uri == nullptr && file == nullptr) return refuse("no parameter in \"include\" SSI command");
  if (values[kKeptIn] != nullptr && values[kStub] != nullptr) {
    return refuse("\"set\" and \"stub\" cannot be used together in \"include\" SSI command");
  }
  const std::string* const wait = values[kWait];
  if (wait == nullptr) return true;
  if (uri == nullptr) return refuse(fmt::format("\"wait\" cannot be used with file=\"{}\"", *file));
  if (equal_ignore_case(*wait, "no") || equal_ignore_case(*wait, "yes")) return true;
  return refuse(fmt::format("invalid value \"{}\" in the \"wait\" parameter", *wait));
}

bool SsiFilter::name_inclusion(std::string_view path) {
  std::optional<std::string> expanded = SsiExpression(request_, common_).expand_path(path);
  if (!expanded) return false;
  path_ = std::move(*expanded);
  const auto parsed = parse_unsafe_uri(path_, request_.arena);
  if (!parsed) return refuse(fmt::format("unsafe URI \"{}\" was detected", unescape(path_, request_.arena)));
  inclusion_.uri = parsed->uri;
  inclusion_.args = parsed->args;
  return true;
}

bool SsiFilter::echo(const Values& values) {
  const std::optional<std::string_view> found = SsiExpression(request_, common_).value_of(lower_case(*values[kEchoed]));
  std::string_view text = kNoValue;
  if (found) {
    text = *found;
  } else if (values[kDefault] != nullptr) {
    text = *values[kDefault];
  }
  if (text.empty()) return true;
  if (values[kEncoding] != nullptr) {
    static constexpr std::pair<std::string_view, Encoding> kEncodings[] = {
        {"none", Encoding::none}, {"url", Encoding::url}, {"entity", Encoding::entity}};
    const auto* known = std::ranges::find(kEncodings, std::string_view(*values[kEncoding]), &std::pair<std::string_view, Encoding>::first);
    if (known != std::end(kEncodings)) {
      encoding_ = known->second;
    } else {
      refuse(fmt::format("unknown encoding \"{}\" in the \"echo\" command", *values[kEncoding]));  // and goes on with the last one
    }
  }
  switch (encoding_) {
    case Encoding::none: break;
    case Encoding::url: text = escape(text, EscapeKind::html, request_.arena); break;
    case Encoding::entity: text = escape_html(text, request_.arena); break;
  }
  waiting_ = text;
  return true;
}

bool SsiFilter::configure(const Values& values) {
  if (values[kTimeFormat] != nullptr) own_.time_format = *values[kTimeFormat];
  if (values[kErrorMessage] != nullptr) own_.error_message = *values[kErrorMessage];
  return true;
}

bool SsiFilter::set(const Values& values) {
  std::optional<std::string> value = SsiExpression(request_, common_).expand(*values[kValue]);
  if (value) common_.set_variable(lower_case(*values[kVariable]), std::move(*value));
  return value.has_value();
}

bool SsiFilter::begin_choice(const Values& values) {
  if (branch_ != Branch::none) return refuse("the \"if\" command inside the \"if\" command");
  return choose(values);
}

bool SsiFilter::choose(const Values& values) {
  if (chosen_) {
    shows_ = false;
    return true;
  }
  const std::optional<bool> holds = SsiExpression(request_, common_).holds(*values[0]);
  if (!holds) return false;
  shows_ = chosen_ = *holds;
  branch_ = Branch::condition;
  return true;
}

bool SsiFilter::choose_rest(const Values&) {
  shows_ = !chosen_;
  branch_ = Branch::otherwise;
  return true;
}

bool SsiFilter::end_choice(const Values&) {
  shows_ = true;
  chosen_ = false;
  branch_ = Branch::none;
  return true;
}

bool SsiFilter::begin_block(const Values& values) {
  common_.blocks.push_back({*values[0], {}});
  shows_ = false;
  in_block_ = true;
  return true;
}

bool SsiFilter::end_block(const Values&) {
  shows_ = true;
  in_block_ = false;
  return true;
}

}  // namespace uringx

#include "modules/ssi_parser.h"

#include <fmt/format.h>

#include "modules/handler.h"

namespace uringx {
namespace {

constexpr std::string_view kOpening = "<!--#";
constexpr std::size_t kNameBytesMax = 32;  // of commands and of parameters

constexpr bool is_blank(char c) { return c == ' ' || c == '\r' || c == '\n' || c == '\t'; }

}  // namespace

std::string source_of(const SsiCommand& command) {
  std::string text = fmt::format("{}{}", kOpening, command.name);
  for (const SsiCommand::Parameter& one : command.parameters) text += fmt::format(" {}=\"{}\"", one.name, one.value);
  return text + " -->";
}

SsiParser::Step SsiParser::next(std::string_view in) {
  if (state_ == State::text) return read_text(in);
  if (state_ == State::opening) return read_opening(in);
  return read_command(in);
}

SsiParser::Step SsiParser::read_text(std::string_view in) {
  std::size_t at = in.find('<');
  while (at != std::string_view::npos) {
    const std::string_view here = in.substr(at, kOpening.size());
    if (kOpening.starts_with(here)) break;  // one it is, or the rest has to come
    at = in.find('<', at + 1);
  }
  if (at != 0) {
    const std::string_view text = in.substr(0, at);
    return {text.size(), Event::text, text};
  }
  state_ = State::opening;
  opened_bytes_ = 1;
  return {.used_bytes = 1};
}

SsiParser::Step SsiParser::read_opening(std::string_view in) {
  if (in.front() != kOpening[opened_bytes_]) {
    state_ = State::text;
    return {0, Event::text, kOpening.substr(0, opened_bytes_)};
  }
  if (++opened_bytes_ == kOpening.size()) {
    state_ = State::before_name;
    command_ = {};
  }
  return {.used_bytes = 1};
}

SsiParser::Step SsiParser::read_command(std::string_view in) {
  for (std::size_t i = 0; i < in.size(); ++i) {
    const State before = state_;
    state_ = after(in[i]);
    if (state_ == State::text) return {i + 1, before == State::error_end_bracket ? Event::error : Event::command};
  }
  return {.used_bytes = in.size()};
}

// The state after one more byte of a command.
SsiParser::State SsiParser::after(char c) {
  switch (state_) {
    case State::before_name:
      if (is_blank(c)) return state_;
      command_.name = c;
      return State::name;
    case State::name: return after_name(c);
    case State::before_parameter:
      if (is_blank(c)) return state_;
      return c == '-' ? State::end_dash : begin_parameter(c);
    case State::parameter: return after_parameter(c);
    case State::before_equals:
      if (is_blank(c)) return state_;
      if (c == '=') return State::before_value;
      return refuse(fmt::format("unexpected \"{}\" symbol after \"{}\" parameter in \"{}\" SSI command", c, last().name, command_.name),
                    c == '-' ? State::error_end_dash : State::error);
    case State::before_value:
      if (is_blank(c)) return state_;
      quote_ = c;
      if (c == '"' || c == '\'') return State::value;
      return refuse(fmt::format("unexpected \"{}\" symbol before value of \"{}\" parameter in \"{}\" SSI command", c, last().name,
                                command_.name),
                    c == '-' ? State::error_end_dash : State::error);
    case State::value:
      if (c == quote_) return State::after_value;
      return after_value_byte(c, c == '\\' ? State::escaped : State::value);
    case State::escaped: return after_value_byte(c, State::value);
    case State::after_value: return end_parameter(c);
    case State::end_dash:
      if (c == '-') return State::end_bracket;
      return refuse(fmt::format("unexpected \"{}\" symbol in \"{}\" SSI command", c, command_.name));
    case State::end_bracket:
      if (c == '>') return State::text;
      return refuse(fmt::format("unexpected \"{}\" symbol in \"{}\" SSI command", c, command_.name));
    case State::error: return c == '-' ? State::error_end_dash : State::error;
    case State::error_end_dash: return c == '-' ? State::error_end_bracket : State::error;
    case State::error_end_bracket: return c == '>' ? State::text : State::error;
    case State::text:
    case State::opening: break;
  }
  return state_;
}

SsiParser::State SsiParser::after_name(char c) {
  if (is_blank(c)) return State::before_parameter;
  if (c == '-') return State::end_dash;
  if (command_.name.size() == kNameBytesMax) return refuse(fmt::format("the \"{}{}...\" SSI command is too long", command_.name, c));
  command_.name += c;
  return State::name;
}

// Of too many parameters one is kept: the command is refused for it.
SsiParser::State SsiParser::begin_parameter(char c) {
  if (command_.parameters.size() > SsiCommand::kParametersMax) command_.parameters.pop_back();
  command_.parameters.push_back({std::string(1, c), {}});
  return State::parameter;
}

SsiParser::State SsiParser::after_parameter(char c) {
  if (is_blank(c)) return State::before_equals;
  if (c == '=') return State::before_value;
  if (c == '-') {
    return refuse(fmt::format("unexpected \"-\" symbol after \"{}\" parameter in \"{}\" SSI command", last().name, command_.name),
                  State::error_end_dash);
  }
  if (last().name.size() == kNameBytesMax) {
    return refuse(fmt::format("too long \"{}{}...\" parameter in \"{}\" SSI command", last().name, c, command_.name));
  }
  last().name += c;
  return State::parameter;
}

SsiParser::State SsiParser::after_value_byte(char c, State then) {
  if (last().value.size() == value_bytes_max_) {
    return refuse(fmt::format("too long \"{}{}...\" value of \"{}\" parameter in \"{}\" SSI command", last().value, c, last().name,
                              command_.name));
  }
  last().value += c;
  return then;
}

SsiParser::State SsiParser::end_parameter(char c) {
  if (is_blank(c)) return State::before_parameter;
  if (c == '-') return State::end_dash;
  return refuse(fmt::format("unexpected \"{}\" symbol after \"{}\" value of \"{}\" parameter in \"{}\" SSI command", c, last().value,
                            last().name, command_.name));
}

SsiParser::State SsiParser::refuse(std::string_view why, State next) {
  log_request(request_, LogLevel::error, why);
  return next;
}

}  // namespace uringx

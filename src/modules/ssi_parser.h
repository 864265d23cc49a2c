// SsiParser cuts a page into text and commands, <!--#name parameter="value" -->, whatever pieces it comes in.
// Owned by a filter, on its request's worker's thread; pure but for the error log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace uringx {

struct Request;

// As written: values with their backslashes.
struct SsiCommand {
  struct Parameter {
    std::string name;
    std::string value;
  };
  static constexpr std::size_t kParametersMax = 16;

  std::string name;
  std::vector<Parameter> parameters;  // one more than may be, when there were too many
};

// It again, in its plainest form: values in double quotes.
std::string source_of(const SsiCommand& command);

class SsiParser {
 public:
  enum class Event : std::uint8_t {
    nothing,  // all is used, and more is needed
    text,     // goes out as it is
    command,  // is complete
    error,    // the end of what is no command; why is logged
  };
  struct Step {
    std::size_t used_bytes = 0;
    Event event = Event::nothing;
    std::string_view text = {};  // of the input, or constant
  };

  SsiParser(const Request& request, std::size_t value_bytes_max) : request_(request), value_bytes_max_(value_bytes_max) {}

  // What comes next in `in`, which is not empty.
  Step next(std::string_view in);
  // After Event::command.
  const SsiCommand& command() const { return command_; }

 private:
  enum class State : std::uint8_t {
    text,
    opening,         // within "<!--#"
    before_name,
    name,
    before_parameter,
    parameter,
    before_equals,
    before_value,
    value,
    escaped,         // behind a backslash in a value
    after_value,
    end_dash,        // one dash was there
    end_bracket,     // two
    error,           // up to the next "-->"
    error_end_dash,
    error_end_bracket,
  };

  Step read_text(std::string_view in);
  Step read_opening(std::string_view in);
  Step read_command(std::string_view in);
  State after(char c);
  State after_name(char c);
  State after_parameter(char c);
  State after_value_byte(char c, State then);
  State begin_parameter(char c);
  State end_parameter(char c);
  State refuse(std::string_view why, State next = State::error);
  SsiCommand::Parameter& last() { return command_.parameters.back(); }

  const Request& request_;
  std::size_t value_bytes_max_;
  State state_ = State::text;
  std::size_t opened_bytes_ = 0;  // of "<!--#"
  char quote_ = '"';
  SsiCommand command_;
};

}  // namespace uringx

// SsiFilter carries out the commands of a page with server side includes (ngx_http_ssi_filter_module).
// Owned by its Request, on its worker's thread.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "modules/body_filter.h"
#include "modules/ssi_context.h"
#include "modules/ssi_parser.h"

namespace uringx {

struct Request;

class SsiFilter final : public BodyFilter {
 public:
  // The contexts of the request and of the client's request (the same, unless it is included) are made.
  SsiFilter(Request& request, std::size_t value_bytes_max, bool silent_errors);

  Step run(std::span<const char> in, bool last, std::span<char> out) override;

 private:
  static constexpr std::size_t kValuesMax = 5;
  // A command's values, in the order of its row; nullptr: not given.
  using Values = std::array<const std::string*, kValuesMax>;
  struct CommandRow;
  static const CommandRow kCommands[];

  // Behind no "if"; behind "if" or "elif"; behind "else".
  enum class Branch : std::uint8_t { none, condition, otherwise };
  enum class Encoding : std::uint8_t { none, url, entity };

  std::size_t write_waiting(std::span<char> out);
  std::size_t take_text(std::string_view text, std::span<char> out);
  void settle_inclusion();

  // --- commands; each false when it failed: why is logged ---
  bool perform(const SsiCommand& command);
  bool assign_values(const CommandRow& row, const SsiCommand& command, Values& values) const;
  bool include(const Values& values);
  bool echo(const Values& values);
  bool configure(const Values& values);
  bool set(const Values& values);
  bool begin_choice(const Values& values);
  bool choose(const Values& values);
  bool choose_rest(const Values& values);
  bool end_choice(const Values& values);
  bool begin_block(const Values& values);
  bool end_block(const Values& values);

  // --- parts of them ---
  bool check_include(const Values& values) const;
  bool name_inclusion(std::string_view path);
  bool refuse(std::string_view why) const;

  Request& request_;
  SsiContext& own_;     // of the page
  SsiContext& common_;  // of the client's request
  SsiParser parser_;
  bool silent_errors_;
  bool shows_ = true;     // text goes out
  bool in_block_ = false;
  bool chosen_ = false;   // a branch of the "if" was
  Branch branch_ = Branch::none;
  Encoding encoding_ = Encoding::entity;

  std::string waiting_;  // goes out before anything else
  std::size_t waiting_done_ = 0;

  // The inclusion that is asked for next, or was asked for last.
  enum class Included : std::uint8_t { nothing, wanted, asked } included_ = Included::nothing;
  Inclusion inclusion_;
  IncludedAnswer answer_;
  std::string path_;                        // its URI and arguments
  std::string stub_;                        // follows when the answer had no body
  std::optional<std::string> kept_in_;      // the variable that gets the answer
};

}  // namespace uringx

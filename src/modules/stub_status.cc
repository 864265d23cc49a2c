#include "modules/stub_status.h"

#include <fmt/format.h>

#include "modules/build_context.h"
#include "modules/http_core.h"
#include "modules/variables.h"

namespace uringx {
namespace {

struct StubStatusSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::stub_status;
};

// Its word, where there is one, says nothing: stub_status off is on as well.
Applied apply_stub_status(BuildContext& context, const Directive&, Settings&) {
  context.location_settings().get<HttpCoreLocation>().content_handler = handle_stub_status;
  return {};
}

constexpr DirectiveRow kRows[] = {
    {"stub_status", kServer | kLocation, kNoArgs | kTake1, Level::location, apply_stub_status},
};

ConnectionStatistics statistics(const Request& request) {
  const auto ask = request.host_info.connection_statistics;
  return ask == nullptr ? ConnectionStatistics{} : ask();
}

template <std::uint64_t ConnectionStatistics::*count>
std::optional<std::string_view> get_count(Request& request, std::string_view) {
  return request.arena.copy(fmt::format_int(statistics(request).*count).c_str());
}

constexpr VariableRow kVariables[] = {
    {"connections_active", get_count<&ConnectionStatistics::active>, true},
    {"connections_reading", get_count<&ConnectionStatistics::reading>, true},
    {"connections_writing", get_count<&ConnectionStatistics::writing>, true},
    {"connections_waiting", get_count<&ConnectionStatistics::waiting>, true},
};

std::span<const VariableRow> stub_status_variables() { return kVariables; }

}  // namespace

const Module kStubStatusModule = {.id = ModuleId::stub_status,
                                  .name = "stub_status",
                                  .rows = kRows,
                                  .make_location = make_settings<StubStatusSettings>,
                                  .variables = stub_status_variables};

HandlerResult handle_stub_status(Request& request, HandlerState&, const HandlerInput&) {
  if (request.method != Method::get && request.method != Method::head) return Finish{405};
  const ConnectionStatistics now = statistics(request);
  const std::string_view text = request.arena.copy(fmt::format(
      "Active connections: {} \n"
      "server accepts handled requests\n"
      " {} {} {} \n"
      "Reading: {} Writing: {} Waiting: {} \n",
      now.active, now.accepted, now.handled, now.requests, now.reading, now.writing, now.waiting));
  ResponseHead& response = request.response;
  response.status = 200;
  response.content_type = "text/plain";
  response.content_length = static_cast<std::int64_t>(text.size());
  return SendText{text};
}

}  // namespace uringx

#include "modules/ssi.h"

#include <array>
#include <ctime>
#include <memory>
#include <string>

#include "modules/content_coding.h"
#include "modules/ssi_filter.h"
#include "modules/variables.h"

namespace uringx {
namespace {

constexpr DirectiveRow kRows[] = {
    value_row<&SsiSettings::enabled>("ssi", kHttpServerLocation | kLocationIf),
    value_row<&SsiSettings::silent_errors>("ssi_silent_errors", kHttpServerLocation),
    checked_row<bool>("ssi_ignore_recycled_buffers", kHttpServerLocation),
    checked_row<Bytes>("ssi_min_file_chunk", kHttpServerLocation),
    value_row<&SsiSettings::value_length>("ssi_value_length", kHttpServerLocation),
    types_row<&SsiSettings::types>("ssi_types"),
    value_row<&SsiSettings::last_modified>("ssi_last_modified", kHttpServerLocation),
};

// ngx_http_clear_last_modified, and what add_header gave for it.
void clear_validators(ResponseHead& response) {
  response.last_modified = -1;
  response.last_modified_in_fields = false;
  response.etag = {};
  std::erase_if(response.fields, [](const HeaderField& field) {
    return equal_ignore_case(field.name, "etag") || equal_ignore_case(field.name, "last-modified");
  });
}

void filter_ssi(Request& request) {
  const auto& settings = request.settings<SsiSettings>();
  ResponseHead& response = request.response;
  if (!*settings.enabled || response.content_length == 0 || !settings.types->contains(response.content_type)) return;
  request.ssi = std::make_shared<SsiContext>();
  if (request.main().ssi == nullptr) request.main().ssi = std::make_shared<SsiContext>();
  request.filters.changes.push_back(std::make_unique<SsiFilter>(request, settings.value_length->count, *settings.silent_errors));
  if (request.is_subrequest()) return;
  response.content_length = kUnknownLength;
  response.accept_ranges = false;
  if (*settings.last_modified) {
    weaken_etag(request);
  } else {
    clear_validators(response);
  }
}

// In the format that the page chose.
template <decltype(localtime_r) Convert>
std::optional<std::string_view> get_date(Request& request, std::string_view) {
  constexpr std::size_t kDateBytesMax = 2048;
  static const SsiContext kDefault;
  const std::string& format = (request.ssi != nullptr ? *request.ssi : kDefault).time_format;
  const std::time_t now = request.clock.msec / 1000;
  if (format == "%s") return request.arena.copy(std::to_string(now));
  std::tm parts{};
  Convert(&now, &parts);
  std::array<char, kDateBytesMax> text;
  const std::size_t bytes = std::strftime(text.data(), text.size(), format.c_str(), &parts);
  if (bytes == 0) return std::nullopt;
  return request.arena.copy({text.data(), bytes});
}

constexpr VariableRow kVariables[] = {{"date_local", get_date<localtime_r>, true}, {"date_gmt", get_date<gmtime_r>, true}};

std::span<const VariableRow> variables() { return kVariables; }

}  // namespace

const Module kSsiModule = {.id = ModuleId::ssi,
                           .name = "ssi",
                           .rows = kRows,
                           .make_location = make_settings<SsiSettings>,
                           .variables = variables,
                           .header_filter = filter_ssi};

}  // namespace uringx

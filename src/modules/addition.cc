#include "modules/addition.h"

#include "modules/content_coding.h"
#include "modules/request.h"

namespace uringx {
namespace {

constexpr DirectiveRow kRows[] = {
    value_row<&AdditionSettings::before>("add_before_body", kHttpServerLocation),
    value_row<&AdditionSettings::after>("add_after_body", kHttpServerLocation),
    types_row<&AdditionSettings::types>("addition_types"),
};

void filter_addition(Request& request) {
  ResponseHead& response = request.response;
  if (response.status != 200 || request.is_subrequest()) return;
  const auto& settings = request.settings<AdditionSettings>();
  if (settings.before->empty() && settings.after->empty()) return;
  if (!settings.types->contains(response.content_type)) return;
  if (!settings.before->empty()) request.filters.before.push_back({.uri = *settings.before});
  if (!settings.after->empty()) request.filters.after.push_back({.uri = *settings.after});
  response.content_length = kUnknownLength;
  response.accept_ranges = false;
  weaken_etag(request);
}

}  // namespace

const Module kAdditionModule = {.id = ModuleId::addition,
                                .name = "addition",
                                .rows = kRows,
                                .make_location = make_settings<AdditionSettings>,
                                .header_filter = filter_addition};

}  // namespace uringx

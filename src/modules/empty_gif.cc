#include "modules/empty_gif.h"

#include "modules/build_context.h"
#include "modules/http_core.h"

namespace uringx {
namespace {

struct EmptyGifSettings : Settings {
  static constexpr ModuleId kModule = ModuleId::empty_gif;
};

// GIF89a, block by block: screen of 1 x 1 with two colours; the first one is transparent; the pixel.
constexpr char kGif[] =
    "GIF89a"
    "\x01\x00\x01\x00\x80\x01\x00"
    "\x00\x00\x00\xff\xff\xff"
    "\x21\xf9\x04\x01\x00\x00\x01\x00"
    "\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00"
    "\x02\x02\x4c\x01\x00"
    "\x3b";
constexpr std::string_view kPicture(kGif, sizeof(kGif) - 1);
static_assert(kPicture.size() == 43);

constexpr std::time_t kModified = 23349600;  // Mon, 28 Sep 1970 06:00:00 GMT, nginx's choice

Applied apply_empty_gif(BuildContext& context, const Directive&, Settings&) {
  context.location_settings().get<HttpCoreLocation>().content_handler = handle_empty_gif;
  return {};
}

constexpr DirectiveRow kRows[] = {
    {"empty_gif", kLocation, kNoArgs, Level::location, apply_empty_gif},
};

}  // namespace

const Module kEmptyGifModule = {.id = ModuleId::empty_gif,
                                .name = "empty_gif",
                                .rows = kRows,
                                .make_location = make_settings<EmptyGifSettings>};

HandlerResult handle_empty_gif(Request& request, HandlerState&, const HandlerInput&) {
  if (request.method != Method::get && request.method != Method::head) return Finish{405};
  ResponseHead& response = request.response;
  response.status = 200;
  response.content_type = "image/gif";
  response.content_length = static_cast<std::int64_t>(kPicture.size());
  response.last_modified = kModified;
  return SendText{kPicture};
}

}  // namespace uringx

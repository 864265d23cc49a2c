// empty_gif: a picture of one transparent pixel, from memory (ngx_http_empty_gif_module.c).
// No settings of its own: the directive makes its handler the location's; pure.
#pragma once

#include "modules/handler.h"
#include "modules/module.h"

namespace uringx {

extern const Module kEmptyGifModule;

HandlerResult handle_empty_gif(Request& request, HandlerState& state, const HandlerInput& input);

}  // namespace uringx

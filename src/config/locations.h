// The search for a location: indexes made once over the blocks of a level, and the choice for a URI
// (ngx_http_init_locations, ngx_http_core_find_location). Built on the main thread; the choice is const, on
// any thread.
#pragma once

#include <expected>

#include "config/route_table.h"

namespace uringx {

// Fills prefixes, regexes and named of this level and of all levels in it. Error: the location that nginx
// calls the duplicate of another.
std::expected<void, const Location*> index_locations(Location& level);

// The location for request.uri below `level`; nullptr: `level` itself is it. A regex that matches sets the
// captures.
const Location* choose_location(Request& request, const Location& level);

}  // namespace uringx

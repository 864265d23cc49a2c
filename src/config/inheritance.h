// Makes the settings of a level and hands settings down from level to level by walking the modules' rows
// (ngx_http_merge_servers, ngx_http_merge_locations). Stateless; used by the builder on the main thread.
#pragma once

#include <functional>

#include "config/route_table.h"
#include "modules/build_context.h"

namespace uringx {

SettingsSet make_main_settings();
SettingsSet make_server_settings();
SettingsSet make_location_settings();

// After http{} is closed: every level takes what it did not set from the level above, module by module in
// nginx's order, each level's finish function behind its rows.
Applied inherit_all(BuildContext& context, RouteTable& routes, SettingsSet& http_server);

// Calls `visit` with the location settings of every level: http{}, servers, locations, limit_except blocks.
void for_each_location_settings(RouteTable& routes, const std::function<void(SettingsSet&)>& visit);

}  // namespace uringx

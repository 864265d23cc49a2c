#include "modules/realpath_root.h"

namespace uringx {
namespace {

constexpr HandlerRow kHandlers[] = {
    {Phase::server_rewrite, handle_realpath_root},
    {Phase::rewrite, handle_realpath_root},
    {Phase::preaccess, handle_realpath_root},
};

std::span<const HandlerRow> handlers() { return kHandlers; }

}  // namespace

const Module kRealpathRootModule = {.id = ModuleId::realpath_root, .name = "realpath_root", .rows = {}, .handlers = handlers};

HandlerResult handle_realpath_root(Request& request, HandlerState& state, const HandlerInput& input) {
  if (input.path != nullptr) {
    request.resolved_root = state.path;
    request.real_root = request.arena.copy(input.path->path);
    request.resolved_root_error = input.path->error_number;
    return Declined{};
  }
  const std::string_view root = document_root(request);
  if (root == request.resolved_root) return Declined{};
  const std::string_view terminated = request.arena.join({root, std::string_view("\0", 1)});
  state.path = terminated.substr(0, root.size());
  return ResolvePath{state.path};
}

}  // namespace uringx

// PhaseEngine takes one request through nginx's phases until it needs something from outside or its answer stands.
// Owned by an Exchange, on its worker's thread; pure: the driver does what an Action asks and resumes with the result.
#pragma once

#include "modules/handler.h"

namespace uringx {

class PhaseEngine {
 public:
  explicit PhaseEngine(Request& request) : request_(request) {}

  // From the first phase on; the virtual server is chosen already.
  Action start();

  // Of a request inside another one: begins where an internal redirect does.
  Action start_inside();

  // With what the last Action asked for.
  Action resume(const HandlerInput& input);

  // Ends the request with `status` from outside the phases: a refused head (400, 414, 494, ...), 408, 413.
  Action finish(int status);

 private:
  Action run(const HandlerInput& input);
  void enter_phase(Phase phase);
  void next_handler();
  // All below: an Action for the driver, or nullopt to go on with run().
  // What follows the last handler of a phase.
  std::optional<Action> leave_phase();
  std::optional<Action> find_location();
  std::optional<Action> choose_location_again();
  // One handler's result.
  std::optional<Action> take(const HandlerResult& result);
  // ngx_http_core_access_phase, what `satisfy` makes of one handler's word.
  std::optional<Action> take_allowed();
  std::optional<Action> take_denied(int status);
  // ngx_http_core_post_access_phase, once every handler of the phase was asked.
  std::optional<Action> leave_access();
  std::optional<Action> deny(int status);
  bool redirect_internally(const InternalRedirect& redirect);
  bool redirect_to_named(const NamedRedirect& redirect);
  // ngx_http_special_response_handler: the configured or built-in page.
  std::optional<Action> special_response(int status);
  Action built_in_page(int status);
  // A body that is malformed ends the connection behind the answer.
  void discard();
  // In place of any page (ngx_http_ssi_stub_output).
  Action stub_page();
  // In place of a redirect, for an MSIE: a page that leads on (msie_refresh).
  Action refresh_page();

  Request& request_;
  Phase phase_ = Phase::post_read;
  std::span<const Handler> handlers_;  // of the phase
  std::size_t handler_ = 0;            // of those
  HandlerState state_;
  int waiting_status_ = 0;  // what the request ends with after a Wait, or once $realpath_root is known
};

}  // namespace uringx

// Subrequest is a request of ours inside another one (nginx: ngx_http_subrequest): it goes through the phases as a GET of its URI
// with the client's head, and what it is answered with is read here for the body that includes it.
// Owned by the FilteredBody of that body, on its worker's thread; its request's memory goes with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "modules/body_filter.h"
#include "server/exchange.h"

namespace uringx {

class Subrequest {
 public:
  // `inclusion` and what it points to live as long as this. `turn_bytes`: what the filters of the whole answer did in this turn.
  Subrequest(Worker& worker, Request& parent, const Inclusion& inclusion, std::size_t& turn_bytes, FilteredBody::Client client);

  void start();

  // As FilteredBody::read(). Of a body that is kept nothing comes.
  std::size_t read(std::span<char> into);
  bool finished() const { return state_ == State::answered && body_finished(); }
  // The whole answer ends short with it; why is logged.
  bool failed() const { return state_ == State::failed; }

  // It is finished: its log line, and what its parent gets of it.
  void conclude();

  // The client is told when nothing is pending any more.
  void cancel();
  bool pending() const { return exchange_.pending(); }

 private:
  enum class State : std::uint8_t { asked, answered, failed };

  static void answer_ready(void* owner) { static_cast<Subrequest*>(owner)->on_answer_ready(); }
  static void close_wanted(void* owner) { static_cast<Subrequest*>(owner)->on_close_wanted(); }
  static void ended(void* owner) { static_cast<Subrequest*>(owner)->tell(); }
  static void body_ready(void* owner) { static_cast<Subrequest*>(owner)->tell(); }
  void on_answer_ready();
  void on_close_wanted();
  void tell();
  void keep_body();
  bool body_finished() const;
  void fail_too_big(std::int64_t bytes);

  Worker& worker_;
  Request& parent_;
  const Inclusion& inclusion_;
  FilteredBody::Client client_;
  Exchange exchange_;
  State state_ = State::asked;
  bool starting_ = false;  // whoever calls start() looks at what came of it
};

}  // namespace uringx

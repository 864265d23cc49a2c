// Exchange is one request and its answer: it takes the request through the phases, opens files, and ends with a head and a
// body for the protocol to send. Owned by a Connection (an HTTP/2 connection will own many), on its worker's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/arena.h"
#include "config/answer.h"
#include "config/phase_engine.h"
#include "modules/handler.h"
#include "modules/request.h"
#include "server/file_opener.h"
#include "server/filtered_body.h"
#include "server/helper_threads.h"
#include "ring/timers.h"

namespace uringx {

class Worker;

class Exchange {
 public:
  // What the protocol is told, at once or from the loop; the exchange must not be destroyed inside these calls.
  struct Client {
    void* owner;
    void (*answer_ready)(void* owner);   // head in request().response, body in body(), file in file()
    void (*close_wanted)(void* owner);   // return 444
    void (*ended)(void* owner);          // after cancel(): nothing is pending any more
  };

  // `turn_bytes`: of a request inside another one: what filters did in this turn is counted together.
  Exchange(Worker& worker, const ConnectionInfo& connection, Client client, std::size_t* turn_bytes = nullptr);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  Request& request() { return request_; }
  Arena& arena() { return arena_; }

  // Runs the phases; the head is parsed, the virtual server chosen.
  void start();
  // The same for a request inside another one, which has told it what it is to know.
  void start_inside();
  // Ends with this status and its page, whatever state the phases are in (nothing is pending).
  void finish(int status);

  const AnswerBody& body() const { return body_; }
  const OpenedFile& file() const { return opener_.file(); }
  // What the body comes through, when it has to pass filters, else nullptr.
  FilteredBody* filtered() const { return filtered_.get(); }

  // The request waits for time to pass (auth_delay, limit_req): nobody else holds it.
  bool waiting() const { return wait_.armed(); }

  void cancel();
  bool pending() const { return opener_.pending() || (job_ != nullptr && job_->pending()) || (filtered_ != nullptr && filtered_->pending()); }

 private:
  void perform(Action action);
  void resume(const HandlerInput& input);
  void on_file(const FileAnswer& answer);
  static void file_answered(void* owner, const FileAnswer& answer) { static_cast<Exchange*>(owner)->on_file(answer); }
  OpenFileCachePolicy open_file_cache_policy() const;
  // Nothing more is done at once: true, and the answer comes to `Method`. False: too many wait already.
  template <auto Method, typename Job, typename... Args>
  bool start(HelperThreads& threads, Args&&... args);
  void on_directory_read();
  void on_password_checked();
  // Where links are not to be followed. True: nothing more at once; else `next` is what follows.
  bool open_checked(const ProbeFile& probe, Action& next);
  void on_checked_open();
  void on_path_resolved();
  void on_time_passed() { resume({}); }
  void on_filters_quiet();
  void start_filters();
  // Of the file, what gets no other filter than a coding: under what it may be kept compressed.
  std::optional<CompressedBodies::Key> kept_key() const;
  void send_kept(std::shared_ptr<const CompressedBody> kept);
  bool send(std::string_view text, bool from_file, Action& next);

  Worker& worker_;
  Client client_;
  Arena arena_;
  Request request_;
  PhaseEngine engine_;
  FileOpener opener_;
  std::unique_ptr<HelperJob> job_;  // the last one asked of the helper threads
  Timer wait_{this, Timer::calls<&Exchange::on_time_passed>};
  AnswerBody body_;
  std::unique_ptr<FilteredBody> filtered_;
  std::shared_ptr<const CompressedBody> kept_;  // what is sent in place of the file
  std::size_t* turn_bytes_;
  bool cancelled_ = false;
};

}  // namespace uringx

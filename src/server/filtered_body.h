// FilteredBody is the body of one answer on its way through its filters: bytes of the file or text in, bytes for the wire out,
// in chunks where HTTP/1 needs them, with the bodies of other requests where they are included. Its reader pulls; what a turn of the loop does for it is bounded, what has to be read from
// a disk is read by the ring, and what takes long is compressed on a helper's thread.
// Owned by an Exchange, on its worker's thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "modules/body_filter.h"
#include "ring/operation.h"
#include "ring/timers.h"
#include "server/answer_reader.h"
#include "server/compressed_bodies.h"
#include "server/helper_threads.h"

namespace uringx {

class Subrequest;
class Worker;
struct Request;

class FilteredBody {
 public:
  // Told from the loop: read() has something again, or it is over.
  struct Client {
    void* owner;
    void (*ready)(void* owner);
  };

  // `body` has filters, which the request owns; memory behind it and the file live as long as this. `turn_bytes`: what the
  // filters of the whole answer did in this turn; nullptr: this is the whole answer.
  FilteredBody(Worker& worker, Request& request, const AnswerBody& body, const OpenedFile* file, std::size_t* turn_bytes);
  ~FilteredBody();

  void set_client(Client client) { client_ = client; }
  // What comes out is kept under that key once all of it did.
  void keep_as(const CompressedBodies::Key& key) { kept_as_ = key; }

  // Copies what comes next; fewer bytes than `into` holds: finished(), failed(), or ready() comes.
  std::size_t read(std::span<char> into);
  bool finished() const { return state_ == State::ended && ready_.empty(); }
  // The answer ends short; why is logged.
  bool failed() const { return state_ == State::failed; }
  // read() found nothing more: ready() comes.
  bool starved() const { return starved_; }

  // Nothing more is read. While pending() the kernel or a helper's thread uses its memory; `quiet` tells of the end.
  void cancel(Client quiet);
  bool pending() const;

 private:
  enum class State : std::uint8_t { open, last_chunk, ended, failed };

  // What a level gives: bytes, whether they are the last, and what is to be included after them. Nothing of it: something is
  // awaited, or it failed.
  struct Pulled {
    std::size_t bytes = 0;
    bool ended = false;
    const Inclusion* include = nullptr;
    bool got_on() const { return bytes != 0 || ended || include != nullptr; }
  };

  // One filter and the bytes that wait for it.
  struct Stage {
    BodyFilter* filter;
    std::span<char> buffer;
    std::span<const char> input = {};
    bool last = false;  // nothing follows the input
  };

  // A step of a filter that takes long, on a helper's thread.
  class Job final : public HelperJob {
   public:
    Job(void* owner, Handler handler, const Stage& stage, std::span<char> room)
        : HelperJob(owner, handler), stage_(stage), room_(room) {}
    const BodyFilter::Step& step() const { return step_; }
    std::span<char> room() const { return room_; }

   private:
    void work() override;
    const Stage& stage_;
    std::span<char> room_;
    BodyFilter::Step step_;
  };

  void fill();
  void frame(Pulled pulled);
  void keep(Pulled pulled);
  Pulled pull(std::span<char> room);
  Pulled pull_text(std::span<char> room);
  Pulled pull_changed(std::size_t count, std::span<char> room);
  Pulled pull_filtered(std::size_t count, std::span<char> room);
  Pulled pull_included(std::span<char> room);
  bool choose_inclusion();
  void start_inclusion();
  void on_inclusion_ready();
  Pulled pull_source(std::span<char> room);
  BodyFilter::Step run(Stage& stage, std::span<char> room);
  void on_disk_read(Completion completion);
  void on_job_done();
  void wait_for_turn();
  void on_turn();
  void go_on();
  void fail();

  Worker& worker_;
  Request& request_;
  AnswerReader source_;
  Client client_{};
  State state_ = State::open;
  bool starved_ = false;
  bool cancelled_ = false;
  bool deferred_ = false;
  bool chunked_ = false;
  std::string_view last_chunk_;
  std::unique_ptr<char[]> memory_;     // the stages' buffers and the block
  std::vector<Stage> stages_;          // the changes, and the coding
  std::size_t changes_;                // of them
  std::span<char> block_;              // what the last stage made, framed
  std::string_view ready_;             // of it, or of the last chunk: not yet taken
  std::size_t own_turn_bytes_ = 0;
  std::size_t& turn_bytes_;            // filters did in this turn
  std::optional<CompressedBodies::Key> kept_as_;
  CompressedBody kept_;
  std::size_t disk_bytes_ = 0;         // read by the ring into the first stage's buffer
  Operation disk_read_{this, Operation::calls<&FilteredBody::on_disk_read>};
  Timer retry_{this, Timer::calls<&FilteredBody::on_turn>};
  std::unique_ptr<Job> job_;           // its step is taken by the next run()

  std::span<const Inclusion> before_;  // not yet included
  std::span<const Inclusion> after_;   // nor these
  bool text_ended_ = false;            // what the changes made is out
  const Inclusion* inclusion_ = nullptr;    // comes next
  std::unique_ptr<Subrequest> subrequest_;  // for it, once it was started
};

}  // namespace uringx

// BodyFilter changes the bytes of one body on their way out (nginx: a body filter). A module's header filter makes one for the
// answer that needs it; whoever sends the answer runs it, a piece at a time.
// Pure: no clock, no I/O. Owned by the Request, used on its worker's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace uringx {

// What became of an Inclusion, for the filter that asked for it.
struct IncludedAnswer {
  int status = 0;
  bool without_body = false;  // not even an empty one: a file without bytes, 204
  std::string body;         // of one that was to be kept
};

// Another request of ours whose body belongs into this one (nginx: a subrequest). Texts live until the filter's next step, or
// as long as the request.
struct Inclusion {
  std::string_view uri;  // decoded
  std::string_view args = {};
  bool kept = false;     // its body does not go out: `answer` gets it
  const std::string* stub = nullptr;  // goes out instead of the page of a failure
  IncludedAnswer* answer = nullptr;  // may be nobody's business
};

class BodyFilter {
 public:
  enum class State : std::uint8_t {
    more,    // wants more input, or more room
    ended,   // everything is out; only after `last`
    failed,  // what was wrong is logged: the answer ends short
  };
  struct Step {
    std::size_t used_bytes = 0;  // of the input
    std::size_t made_bytes = 0;  // put into the room
    State state = State::more;
    std::size_t work_bytes = 0;  // how many used or made bytes the step was worth, where that is more than there were
    const Inclusion* include = nullptr;  // its body follows what was made, before anything else
  };

  virtual ~BodyFilter() = default;

  // Takes from `in`, in order, and puts into `out` what comes of it; `last`: nothing follows `in`. Every call with room and
  // with input (or `last`) gets on: something is used, made or included, or it ends. What it makes of a body does not
  // depend on how the body is cut into calls. Throws std::bad_alloc.
  virtual Step run(std::span<const char> in, bool last, std::span<char> out) = 0;

  // How many bytes go through it in one turn of the loop, so that other connections do not wait for more than a fraction of a
  // millisecond.
  virtual std::size_t bytes_per_turn() const { return 64 * 1024; }
  // A single step may take longer than any turn: it is run on a thread of its own.
  virtual bool takes_long() const { return false; }
};

// The filters of one answer, in the order in which bytes pass them.
struct BodyFilters {
  std::vector<std::unique_ptr<BodyFilter>> changes;  // what the text is; only the last of them may include
  std::vector<Inclusion> before;                     // add_before_body
  std::vector<Inclusion> after;                      // add_after_body
  std::unique_ptr<BodyFilter> coding;                // a Compressor, over everything

  bool empty() const { return changes.empty() && coding == nullptr && before.empty() && after.empty(); }
  void clear() {
    changes.clear();
    before.clear();
    after.clear();
    coding.reset();
  }
};

}  // namespace uringx

// Operation is one thing asked of the kernel and the function its completions call.
// It lives inside the object that owns it (Connection, Exchange, Acceptor), never in a temporary, and on that
// thread only.
#pragma once

#include <cstdint>

#include "base/check.h"

namespace uringx {

// What the kernel answered: a CQE without its user_data.
struct Completion {
  std::int32_t result = 0;   // bytes, a descriptor, or -errno
  std::uint32_t flags = 0;   // IORING_CQE_F_*

  bool more() const;           // IORING_CQE_F_MORE: a multishot operation is still armed
  bool has_buffer() const;     // IORING_CQE_F_BUFFER
  std::uint16_t buffer_id() const;
};

// Aligned to 16: the low four bits of its address carry the member index of a Chain in the SQE's user_data.
class alignas(16) Operation {
 public:
  using Handler = void (*)(void* owner, Completion completion);

  Operation() = default;
  Operation(void* owner, Handler handler) : owner_(owner), handler_(handler) {}
  ~Operation() { CHECK(!pending()); }
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  // The handler that calls `(owner->*method)(Completion)`:
  //   Operation receive_{this, Operation::calls<&Connection::on_received>};
  template <auto Method>
  static void calls(void* owner, Completion completion) {
    invoke(Method, owner, completion);
  }

  // From being given to the ring until its last completion: the kernel may still write its memory.
  bool pending() const { return pending_; }

 private:
  friend class Ring;

  template <typename Owner>
  static void invoke(void (Owner::*method)(Completion), void* owner, Completion completion) {
    (static_cast<Owner*>(owner)->*method)(completion);
  }

  void* owner_ = nullptr;
  Handler handler_ = nullptr;
  bool pending_ = false;
  bool chain_ = false;  // this is the Operation inside a Chain
  bool slow_ = false;   // counted by SlowOperations
};

}  // namespace uringx

// Chain is N operations linked in order: each starts when the one before it succeeded in full, and one
// completion of the chain tells which member stopped it and with what result. It lives in its owner, like an
// Operation.
#pragma once

#include <array>
#include <cstdint>

#include "ring/operation.h"

struct open_how;
struct statx;

namespace uringx {

class Chain {
 public:
  static constexpr unsigned kMembersMax = 4;

  // each: one CQE a member, all results kept (openat + statx: the descriptor is needed).
  // last: exactly one CQE, the last member's or that of the one that failed or fell short
  // (IOSQE_CQE_SKIP_SUCCESS).
  enum class Report : std::uint8_t { each, last };

  struct Outcome {
    // index of the member that failed or fell short; member_count when all went through
    unsigned stopped_at = 0;
    unsigned member_count = 0;
    // Report::last: only that of the stopping (or last) member is set
    std::array<std::int32_t, kMembersMax> results{};

    bool complete() const { return stopped_at == member_count; }
  };

  using Handler = void (*)(void* owner, const Outcome& outcome);

  Chain(void* owner, Handler handler) : owner_(owner), handler_(handler) {}

  template <auto Method>
  static void calls(void* owner, const Outcome& outcome) {
    invoke(Method, owner, outcome);
  }

  bool pending() const { return operation_.pending(); }

 private:
  friend class Ring;

  template <typename Owner>
  static void invoke(void (Owner::*method)(const Outcome&), void* owner, const Outcome& outcome) {
    (static_cast<Owner*>(owner)->*method)(outcome);
  }

  Operation operation_;  // its address (plus the member index) is each member's user_data
  void* owner_;
  Handler handler_;
  Report report_ = Report::each;
  unsigned awaited_ = 0;  // CQEs still to come
  Outcome outcome_;
  // bytes asked of read/send members: fewer is falling short
  std::array<std::uint32_t, kMembersMax> wanted_{};
};

}  // namespace uringx

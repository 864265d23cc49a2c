// Owners of operations that only keep what they were told; for tests of the ring, real or simulated.
// Each belongs to one test case.
#pragma once

#include <cstdint>
#include <vector>

#include "ring/ring.h"

namespace uringx {

// An operation that keeps what it was told.
struct Recorder {
  void on_completion(Completion completion) { completions.push_back(completion); }

  std::int32_t last_result() const { return completions.back().result; }
  bool ended() const { return !completions.empty() && !operation.pending(); }

  std::vector<Completion> completions;
  Operation operation{this, Operation::calls<&Recorder::on_completion>};
};

struct ChainRecorder {
  void on_outcome(const Chain::Outcome& outcome) { outcomes.push_back(outcome); }

  std::vector<Chain::Outcome> outcomes;
  Chain chain{this, Chain::calls<&ChainRecorder::on_outcome>};
};

}  // namespace uringx

// EncoderPool keeps the states of compressors for the answers that come next: one is a few hundred KiB, and getting that much
// from the kernel for each answer costs as much as compressing a small page.
// One for each thread and kind of state; used by the filters of that thread only.
#pragma once

#include <memory>
#include <utility>
#include <vector>

namespace uringx {

// `State` has `int level` and `reset()`, and is the same for all answers of one level once it was reset.
template <typename State>
class EncoderPool {
 public:
  static constexpr std::size_t kKeptMax = 8;

  static EncoderPool& of_thread() {
    thread_local EncoderPool pool;
    return pool;
  }

  // A state of that level, maybe used before; throws std::bad_alloc.
  std::unique_ptr<State> take(int level) {
    for (auto& kept : kept_) {
      if (kept->level != level) continue;
      std::swap(kept, kept_.back());
      std::unique_ptr<State> state = std::move(kept_.back());
      kept_.pop_back();
      return state;
    }
    return std::make_unique<State>(level);
  }

  void give_back(std::unique_ptr<State> state) noexcept {
    if (kept_.size() < kKeptMax) kept_.push_back(std::move(state));
  }

 private:
  EncoderPool() { kept_.reserve(kKeptMax); }

  std::vector<std::unique_ptr<State>> kept_;
};

// The state of one compressor, from its first step to its last: an answer that waits to begin, or is on its way, holds none.
template <typename State>
class BorrowedEncoder {
 public:
  // `is_kept`: in the pool, for the next one; else it is made and destroyed for each body (on a helper's thread, say).
  explicit BorrowedEncoder(int level, bool is_kept = true) : level_(level), is_kept_(is_kept) {}
  ~BorrowedEncoder() { give_back(); }
  BorrowedEncoder(const BorrowedEncoder&) = delete;
  BorrowedEncoder& operator=(const BorrowedEncoder&) = delete;

  int level() const { return level_; }
  // Reset for a new body when it is asked for first. Throws std::bad_alloc.
  State& get() {
    if (state_ == nullptr) {
      state_ = is_kept_ ? EncoderPool<State>::of_thread().take(level_) : std::make_unique<State>(level_);
      state_->reset();
    }
    return *state_;
  }
  void give_back() noexcept {
    if (state_ != nullptr && is_kept_) EncoderPool<State>::of_thread().give_back(std::move(state_));
    state_.reset();
  }

 private:
  int level_;
  bool is_kept_;
  std::unique_ptr<State> state_;
};

}  // namespace uringx

// EncoderPool keeps the states of compressors for the answers that come next: one is a few hundred KiB, and getting that much
// from the kernel for each answer costs as much as compressing a small page.
// One for each thread and kind of state; used by the filters of that thread only.
#pragma once

#include <memory>
#include <utility>
#include <vector>

namespace uringx {

// `State` has `int level`, and is the same for all answers of one level once it was reset.
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

}  // namespace uringx

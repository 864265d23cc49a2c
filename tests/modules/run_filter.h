// What the tests of body filters share: a body sent through one, cut as a test wants it. Used by tests/modules and tests/fuzz.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "modules/body_filter.h"

namespace uringx {

// `in_bytes` and `out_bytes` say how many bytes the next call gets of each, at least 1. Every call has to get on; else the process
// stops, in a fuzzer too.
inline std::string filtered(BodyFilter& filter, std::string_view body, const std::function<std::size_t()>& in_bytes,
                            const std::function<std::size_t()>& out_bytes) {
  std::string result;
  for (;;) {
    // Copies of just the size, so that a sanitizer sees what reads or writes further.
    const std::vector<char> in(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(std::min(body.size(), in_bytes())));
    std::vector<char> out(out_bytes());
    const bool last = in.size() == body.size();
    const BodyFilter::Step step = filter.run(in, last, out);
    const bool ended = step.state == BodyFilter::State::ended;
    if ((step.used_bytes == 0 && step.made_bytes == 0 && !ended) || step.used_bytes > in.size() || step.made_bytes > out.size() ||
        step.state == BodyFilter::State::failed) {
      std::fputs("broken promise: a filter gets on, within what it was given\n", stderr);
      std::abort();
    }
    result.append(out.data(), step.made_bytes);
    body.remove_prefix(step.used_bytes);
    if (ended) return result;
  }
}

inline std::string filtered(BodyFilter& filter, std::string_view body, std::size_t in_bytes, std::size_t out_bytes) {
  return filtered(filter, body, [=] { return in_bytes; }, [=] { return out_bytes; });
}

}  // namespace uringx

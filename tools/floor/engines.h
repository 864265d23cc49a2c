// The engines of the floor: each listens, writes the pid file when it is ready, and answers until the process ends.
#pragma once

#include "responder.h"

namespace floor_bench {

[[noreturn]] void respond_on_rings(const Options& options, const Answers& answers);
[[noreturn]] void respond_with_epoll(const Options& options, const Answers& answers);

}  // namespace floor_bench

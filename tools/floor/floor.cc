// The floor of tools/bench: the least that a server on io_uring does for a request. It parses nothing, opens nothing, logs nothing
// and sends a constant answer for every head that comes. What uringx spends beyond it is what HTTP costs.
// Its switches say what each way of asking the kernel brings (tools/bench --parts ring); without any it asks as uringx does.
#include "engines.h"

int main(int count, char** words) {
  using namespace floor_bench;
  const Options options = parse_options(count, words);
  const Answers answers(options);
  if (options.engine == Engine::epoll) respond_with_epoll(options, answers);
  respond_on_rings(options, answers);
}

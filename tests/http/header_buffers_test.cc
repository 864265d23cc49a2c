// client_header_buffer_size and large_client_header_buffers, by the lengths of lines.
#include <doctest/doctest.h>

#include "http/header_buffers.h"

namespace uringx {
namespace {

TEST_CASE("lines fill the first buffer, then whole large ones") {
  HeaderBufferBudget budget(100, {2, 200});
  CHECK(budget.take_line(60));
  CHECK(budget.take_line(40));
  CHECK(budget.take_line(150));  // first large buffer
  CHECK(budget.take_line(50));
  CHECK(budget.take_line(1));  // second
  CHECK(budget.take_line(199));
  CHECK_FALSE(budget.partial_line(0));
  CHECK_FALSE(budget.take_line(1));
}

TEST_CASE("a line as long as a large buffer is taken, a longer one is not") {
  CHECK(HeaderBufferBudget(100, {4, 200}).take_line(200));
  CHECK_FALSE(HeaderBufferBudget(100, {4, 200}).take_line(201));
}

TEST_CASE("a line longer than a large buffer may stand in a larger first one") {
  CHECK(HeaderBufferBudget(1000, {4, 200}).take_line(1000));
  HeaderBufferBudget moved(1000, {4, 200});
  CHECK(moved.take_line(801));
  CHECK(moved.take_line(200));  // the 199 bytes begun in the first buffer are moved to a large one
  HeaderBufferBudget stuck(1000, {4, 300});
  CHECK(stuck.take_line(700));
  CHECK_FALSE(stuck.take_line(301));  // the 300 begun fill a large one
}

TEST_CASE("a line that has not ended is refused as soon as it cannot fit") {
  HeaderBufferBudget budget(100, {1, 200});
  CHECK(budget.partial_line(0));
  CHECK(budget.partial_line(100));
  CHECK(budget.partial_line(199));
  CHECK_FALSE(budget.partial_line(200));
  CHECK(budget.take_line(200));
  CHECK_FALSE(budget.partial_line(0));
}

TEST_CASE("what is refused while partial is refused when whole, and the other way round") {
  for (std::size_t first = 0; first < 60; first += 7) {
    for (std::size_t taken = 0; taken <= first + 1; taken += 3) {
      for (std::size_t line = 1; line < 90; ++line) {
        HeaderBufferBudget budget(first + 1, {1, 40});
        if (!budget.take_line(taken)) continue;
        bool is_partial_good = true;
        for (std::size_t part = 0; part < line; ++part) is_partial_good &= budget.partial_line(part);
        CHECK(is_partial_good == budget.take_line(line));
      }
    }
  }
}

TEST_CASE("the virtual server's limits hold from the next line") {
  HeaderBufferBudget budget(16, {4, 100});
  CHECK(budget.take_line(16));
  budget.set_limits({4, 32});
  CHECK_FALSE(budget.take_line(33));
  budget.set_limits({4, 33});
  CHECK(budget.take_line(33));
}

TEST_CASE("a pipelined request goes on in the buffer of the one before") {
  HeaderBufferBudget budget(100, {1, 200});
  CHECK(budget.take_line(150));
  budget.next_request(0, 10);
  CHECK(budget.take_line(50));
  CHECK_FALSE(budget.take_line(1));  // the one large buffer is in use

  HeaderBufferBudget fresh(100, {1, 200});
  CHECK(fresh.take_line(150));
  fresh.next_request(0, 0);
  CHECK(fresh.take_line(100));
  CHECK(fresh.take_line(200));

  HeaderBufferBudget with_body(100, {1, 200});
  CHECK(with_body.take_line(60));
  with_body.next_request(30, 5);
  CHECK(with_body.take_line(10));
  CHECK(with_body.take_line(200));
  with_body.next_request(1000, 5);  // the body went beyond the buffer
  CHECK(with_body.take_line(100));
}

TEST_CASE("a first buffer of no bytes leaves everything to the large ones") {
  HeaderBufferBudget budget(0, {1, 20});
  CHECK(budget.partial_line(5));
  CHECK(budget.take_line(20));
}

}  // namespace
}  // namespace uringx

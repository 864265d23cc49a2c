// Timers against a clock of the test's own.
#include "ring/timers.h"
#include "ring_fixture.h"

#include <memory>
#include <string>

namespace uringx {

namespace {

using namespace std::chrono_literals;

struct Alarm {
  explicit Alarm(std::string the_name, std::string& the_log) : name(std::move(the_name)), log(the_log) {}
  void ring() { log += name; }

  std::string name;
  std::string& log;
  Timer timer{this, Timer::calls<&Alarm::ring>};
};

constexpr Clock::time_point kStart{};

}  // namespace

TEST_SUITE("ring") {
  TEST_CASE("a timer calls back once its time has passed, not before, and once") {
    Timers timers;
    std::string log;
    Alarm alarm("a", log);
    timers.arm(alarm.timer, kStart, 100ms);
    timers.expire(kStart + 99ms);
    CHECK(log.empty());
    CHECK(alarm.timer.armed());
    timers.expire(kStart + 100ms);
    CHECK(log == "a");
    CHECK_FALSE(alarm.timer.armed());
    timers.expire(kStart + 1000ms);
    CHECK(log == "a");
  }

  TEST_CASE("the next expiry is the nearest over all durations") {
    Timers timers;
    std::string log;
    Alarm slow("s", log), fast("f", log);
    CHECK(timers.until_next(kStart, 7s) == 7s);
    timers.arm(slow.timer, kStart, 60000ms);
    CHECK(timers.until_next(kStart, 7s) == 60s);
    timers.arm(fast.timer, kStart + 10ms, 100ms);
    CHECK(timers.until_next(kStart + 20ms, 7s) == 90ms);
    CHECK(timers.until_next(kStart + 500ms, 7s) == 0ms);
    timers.expire(kStart + 500ms);
    CHECK(log == "f");
    CHECK(timers.until_next(kStart + 1s, 7s) == 59s);
  }

  TEST_CASE("arming an armed timer starts it afresh; disarming and destroying stop it") {
    Timers timers;
    std::string log;
    Alarm again("a", log), stopped("s", log);
    auto gone = std::make_unique<Alarm>("g", log);
    timers.arm(again.timer, kStart, 100ms);
    timers.arm(stopped.timer, kStart, 100ms);
    timers.arm(gone->timer, kStart, 100ms);
    timers.arm(again.timer, kStart + 50ms, 100ms);
    stopped.timer.disarm();
    gone.reset();
    timers.expire(kStart + 100ms);
    CHECK(log.empty());
    timers.expire(kStart + 150ms);
    CHECK(log == "a");
  }

  TEST_CASE(
      "a handler may re-arm for now without being called twice in a turn, and stop others that are due") {
    Timers timers;
    std::string log;
    struct Handler {
      void ring() {
        ++calls;
        other->timer.disarm();
        timers->arm(timer, kStart + 10ms, 0ms);
      }
      Timers* timers;
      Alarm* other;
      int calls = 0;
      Timer timer{this, Timer::calls<&Handler::ring>};
    };
    Alarm other("o", log);
    Handler handler{&timers, &other};
    timers.arm(handler.timer, kStart, 10ms);
    timers.arm(other.timer, kStart, 10ms);
    timers.expire(kStart + 10ms);
    CHECK(handler.calls == 1);
    CHECK(handler.timer.armed());
    CHECK(log.empty());
  }
}

}  // namespace uringx

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

  TEST_CASE("delays of any length expire in their order, not before their time, and once") {
    Timers timers;
    std::string log;
    Alarm far("f", log), near("n", log), next("x", log), same("s", log), stopped("-", log);
    timers.arm_delay(far.timer, kStart, 5000ms);
    timers.arm_delay(near.timer, kStart, 7ms);
    timers.arm_delay(next.timer, kStart, 8ms);
    timers.arm_delay(same.timer, kStart, 7ms + 1024ms);  // the same slot, a round later
    timers.arm_delay(stopped.timer, kStart, 9ms);
    stopped.timer.disarm();
    CHECK(timers.until_next(kStart, 60s) == 7ms);
    timers.expire(kStart + 6ms);
    CHECK(log.empty());
    timers.expire(kStart + 7ms);
    CHECK(log == "n");
    timers.expire(kStart + 500ms);
    CHECK(log == "nx");
    timers.expire(kStart + 1030ms);
    CHECK(log == "nx");
    timers.expire(kStart + 1031ms);
    CHECK(log == "nxs");
    Clock::time_point now = kStart + 1031ms;
    int looks = 0;
    while (far.timer.armed() && ++looks < 100) timers.expire(now += timers.until_next(now, 60s));
    CHECK(now == kStart + 5000ms);
    CHECK(looks < 10);
    CHECK(log == "nxsf");
    CHECK(timers.until_next(now, 60s) == 60s);
  }

  TEST_CASE("a delay armed after a long rest, of no time, or by a handler, is met") {
    Timers timers;
    std::string log;
    Alarm alarm("a", log);
    timers.arm_delay(alarm.timer, kStart, 10ms);
    timers.expire(kStart + 10ms);
    timers.arm_delay(alarm.timer, kStart + 1h, 10ms);
    CHECK(timers.until_next(kStart + 1h, 60s) == 10ms);
    timers.expire(kStart + 1h + 10ms);
    CHECK(log == "aa");
    timers.arm_delay(alarm.timer, kStart + 2h + 500us, 0ms);
    CHECK(timers.until_next(kStart + 2h + 500us, 60s) <= 1ms);
    timers.expire(kStart + 2h + 1ms);
    CHECK(log == "aaa");
    struct Handler {
      void ring() {
        ++calls;
        timers->arm_delay(timer, now, 0ms);
      }
      Timers* timers;
      Clock::time_point now = kStart + 3h;
      int calls = 0;
      Timer timer{this, Timer::calls<&Handler::ring>};
    };
    Handler handler{&timers};
    timers.arm_delay(handler.timer, kStart + 3h, 0ms);
    timers.expire(kStart + 3h);
    CHECK(handler.calls == 1);
    CHECK(handler.timer.armed());
  }
}

}  // namespace uringx

#include "base/shared_zone.h"

#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <new>
#include <thread>

namespace uringx {
namespace {

void mark(std::span<std::byte> memory) { memory[0] = std::byte{7}; }
const SharedZoneUse kMarked{mark};
const SharedZoneUse kOther{mark};

std::string declared(SharedZones& zones, std::string_view name, std::size_t bytes, const SharedZoneUse& use = kMarked) {
  const auto zone = zones.declare(name, bytes, use);
  return zone ? "" : zone.error();
}

TEST_CASE("a zone is one memory for all who name it, with nginx's words for those who disagree") {
  SharedZones zones;
  const auto one = zones.declare("a", 8192, kMarked);
  CHECK(*zones.declare("a", 8192, kMarked) == *one);
  CHECK(*zones.declare("a", 0, kMarked) == *one);
  CHECK(declared(zones, "a", 4096) == "the size 4096 of shared memory zone \"a\" conflicts with already declared size 8192");
  CHECK(declared(zones, "a", 8192, kOther) == "the shared memory zone \"a\" is already declared for a different use");
  CHECK((*one)->memory().empty());
  REQUIRE(zones.open());
  CHECK((*one)->memory().size() == 8192);
  CHECK((*one)->memory()[0] == std::byte{7});
}

TEST_CASE("a size may be said after the first mention, and has to be said once") {
  SharedZones zones;
  const auto zone = zones.declare("a", 0, kMarked);
  const auto opened = zones.open();
  REQUIRE(!opened);
  CHECK(opened.error() == "zero size shared memory zone \"a\"");
  CHECK(declared(zones, "a", 4096) == "");
  REQUIRE(zones.open());
  CHECK((*zone)->memory().size() == 4096);
}

TEST_CASE("the next configuration takes over a zone of the same name, size and use while the one before is there") {
  SharedZones before;
  const auto old_zone = *before.declare("kept", 4096, kMarked);
  REQUIRE(before.open());
  old_zone->memory()[1] = std::byte{42};
  const auto next = [](std::size_t bytes, const SharedZoneUse& use) {
    SharedZones zones;
    const auto zone = *zones.declare("kept", bytes, use);
    REQUIRE(zones.open());
    return zone->memory()[1];
  };
  CHECK(next(4096, kMarked) == std::byte{42});
  CHECK(next(8192, kMarked) == std::byte{0});
  CHECK(next(4096, kOther) == std::byte{0});
  CHECK(next(4096, kMarked) == std::byte{42});  // those between have not taken its place
}

TEST_CASE("memory whose configurations are gone is not found again") {
  const auto once = [] {
    SharedZones zones;
    const auto zone = *zones.declare("gone", 4096, kMarked);
    REQUIRE(zones.open());
    const std::byte found = zone->memory()[1];
    zone->memory()[1] = std::byte{1};
    return found;
  };
  CHECK(once() == std::byte{0});
  CHECK(once() == std::byte{0});
}

TEST_CASE("nobody waits for a lock, and a process that dies with it leaves it to the next one") {
  SharedZones zones;
  const SharedZoneUse use{[](std::span<std::byte> memory) { (new (memory.data()) SharedLock)->format(); }};
  const auto zone = *zones.declare("lock", 4096, use);
  REQUIRE(zones.open());
  auto& lock = *std::launder(reinterpret_cast<SharedLock*>(zone->memory().data()));

  REQUIRE(lock.try_take() == SharedLock::Taken::yes);
  std::thread([&lock] { CHECK(lock.try_take() == SharedLock::Taken::no); }).join();
  lock.release();
  std::thread([&lock] {
    CHECK(lock.try_take() == SharedLock::Taken::yes);
    lock.release();
  }).join();

  const pid_t child = fork();
  if (child == 0) _exit(lock.try_take() == SharedLock::Taken::yes ? 0 : 1);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WEXITSTATUS(status) == 0);
  CHECK(lock.try_take() == SharedLock::Taken::from_the_dead);
  lock.release();
  CHECK(lock.try_take() == SharedLock::Taken::yes);
  lock.release();
}

}  // namespace
}  // namespace uringx

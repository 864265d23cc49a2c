#include "tls/session_cache.h"

#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace uringx {
namespace {

TlsSessionCache::Bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

// A cache in a zone of its own configuration; `zones` keeps it.
struct Kept {
  explicit Kept(std::size_t bytes = TlsSessionCache::kZoneBytesMin, const std::string& name = "sessions") {
    zone = *zones.declare(name, bytes, TlsSessionCache::kUse);
    REQUIRE(zones.open());
    cache = std::make_unique<TlsSessionCache>(zone);
  }
  std::string find(const std::string& id, std::int64_t now_s = 0) {
    TlsSessionCache::SessionBuffer buffer;
    const auto found = cache->find(bytes_of(id), now_s, buffer);
    return {found.begin(), found.end()};
  }
  void store(const std::string& id, const std::string& session, std::int64_t expires_s = 100, std::int64_t now_s = 0) {
    cache->store(bytes_of(id), bytes_of(session), expires_s, now_s);
  }

  SharedZones zones;
  std::shared_ptr<SharedZone> zone;
  std::unique_ptr<TlsSessionCache> cache;
};

std::string id_of(unsigned number) {
  std::string id = std::to_string(number);
  return std::string(TlsSessionCache::kIdBytesMax - id.size(), 'i') + id;
}

// What the session of that id is known by: of a length and content of its own.
std::string session_of(unsigned number) {
  return std::string(100 + number % 900, static_cast<char>('a' + number % 26)) + std::to_string(number);
}

TEST_CASE("a session is found by its id until its time is over") {
  Kept kept;
  kept.store("one", "first", 100);
  kept.store("two", "second", 50);
  CHECK(kept.find("one", 99) == "first");
  CHECK(kept.find("two", 49) == "second");
  CHECK(kept.find("two", 50) == "");
  CHECK(kept.find("two", 0) == "");  // forgotten by then
  CHECK(kept.find("three") == "");
  CHECK(kept.find("") == "");
  CHECK(kept.find(std::string(33, 'x')) == "");
}

TEST_CASE("a session stored again takes the place of the first, a removed one is gone") {
  Kept kept;
  kept.store("id", "first");
  kept.store("id", "second");
  CHECK(kept.find("id") == "second");
  kept.cache->remove(bytes_of("id"));
  CHECK(kept.find("id") == "");
  kept.cache->remove(bytes_of("id"));
}

TEST_CASE("what is too long is not kept") {
  Kept kept;
  kept.store("longest", std::string(TlsSessionCache::kSessionBytesMax, 'x'));
  CHECK(kept.find("longest").size() == TlsSessionCache::kSessionBytesMax);
  kept.store("longer", std::string(TlsSessionCache::kSessionBytesMax + 1, 'x'));
  CHECK(kept.find("longer") == "");
  kept.store(std::string(33, 'i'), "x");
  kept.store("", "x");
  CHECK(kept.find("") == "");
}

TEST_CASE("a full cache drops the oldest, and every session it finds is the right one") {
  Kept kept;
  constexpr unsigned kSessions = 3000;
  for (unsigned i = 0; i < kSessions; ++i) {
    kept.store(id_of(i), session_of(i));
    REQUIRE(kept.find(id_of(i)) == session_of(i));
  }
  CHECK(kept.find(id_of(0)) == "");
  unsigned found = 0;
  for (unsigned i = 0; i < kSessions; ++i) {
    const std::string session = kept.find(id_of(i));
    if (session.empty()) {
      CHECK(found == 0);  // what is left are the latest
      continue;
    }
    CHECK(session == session_of(i));
    ++found;
  }
  CHECK(found >= 20);
}

TEST_CASE("a megabyte holds thousands of ordinary sessions") {
  Kept kept(1 << 20);
  constexpr unsigned kSessions = 3000;
  for (unsigned i = 0; i < kSessions; ++i) kept.store(id_of(i), std::string(180, 's'));
  unsigned found = 0;
  for (unsigned i = 0; i < kSessions; ++i) found += !kept.find(id_of(i)).empty();
  CHECK(found > kSessions * 9 / 10);
}

TEST_CASE("sessions outlive a reload") {
  Kept before;
  before.store("id", "session");
  Kept after;
  CHECK(after.find("id") == "session");
  Kept other(TlsSessionCache::kZoneBytesMin, "another");
  CHECK(other.find("id") == "");
}

TEST_CASE("two threads use one cache without waiting, and never find a session that is not the id's") {
  Kept kept(4 * TlsSessionCache::kZoneBytesMin);
  std::atomic<unsigned> found = 0;
  std::atomic<unsigned> wrong = 0;
  const auto work = [&](unsigned seed) {
    std::mt19937 random(seed);
    for (int i = 0; i < 50000; ++i) {
      const auto number = static_cast<unsigned>(random() % 200);
      switch (random() % 4) {
        case 0: kept.store(id_of(number), session_of(number)); break;
        case 1: kept.cache->remove(bytes_of(id_of(number))); break;
        default: {
          const std::string session = kept.find(id_of(number));
          if (session.empty()) break;
          ++found;
          if (session != session_of(number)) ++wrong;
        }
      }
    }
  };
  std::thread one(work, 1);
  std::thread two(work, 2);
  one.join();
  two.join();
  CHECK(found > 0);
  CHECK(wrong == 0);
}

TEST_CASE("a worker that is killed at any moment leaves a cache that works") {
  Kept kept;
  for (int round = 0; round < 20; ++round) {
    int ready[2];
    REQUIRE(pipe(ready) == 0);
    const pid_t child = fork();
    if (child == 0) {
      [[maybe_unused]] const ssize_t told = write(ready[1], "x", 1);
      for (unsigned i = 0;; ++i) kept.store(id_of(i % 500), session_of(i % 500));
    }
    char byte = 0;
    REQUIRE(read(ready[0], &byte, 1) == 1);
    usleep(static_cast<useconds_t>(500 + round * 37));
    kill(child, SIGKILL);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    close(ready[0]);
    close(ready[1]);
    for (unsigned i = 0; i < 500; ++i) {
      const std::string session = kept.find(id_of(i));
      CHECK((session.empty() || session == session_of(i)));
    }
    kept.store("after", "it works");
    CHECK(kept.find("after") == "it works");
  }
}

}  // namespace
}  // namespace uringx

// Keys in a zone: found, forgotten in the order of their last use, and what a full zone does.
#include "base/shared_keys.h"

#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <optional>
#include <string>
#include <thread>

namespace uringx {
namespace {

const SharedZoneUse kUse{SharedKeys::format, "limit_req"};

struct Zone {
  explicit Zone(std::size_t bytes, std::string_view name = "keys") {
    auto zone = zones.declare(name, bytes, kUse);
    REQUIRE(zone);
    REQUIRE(zones.open());
    keys.emplace(*zone);
  }

  SharedKeys::Part lock(std::string_view text) { return keys->lock(keys->key(text)); }
  SharedKeys::Entry* find(std::string_view text) { return lock(text).find(keys->key(text)); }
  SharedKeys::Entry* insert(std::string_view text) { return lock(text).insert(keys->key(text)); }
  void remove(std::string_view text) {
    SharedKeys::Part part = lock(text);
    part.remove(*part.find(keys->key(text)));
  }

  SharedZones zones;
  std::optional<SharedKeys> keys;
};

// Keys of a length, all different.
std::string numbered(std::size_t number, std::size_t bytes) {
  std::string key = fmt::format("{:08}", number);
  key.resize(bytes, 'x');
  return key;
}

}  // namespace

TEST_CASE("a key of any length is found again, and only that one") {
  Zone zone(2 << 20);
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{4}, std::size_t{20}, std::size_t{21}, std::size_t{80}, std::size_t{81},
                                  std::size_t{1000}, SharedKeys::kKeyBytesMax}) {
    CAPTURE(bytes);
    const std::string key(bytes, 'a');
    std::string other = key;
    other.back() = 'b';
    CHECK(zone.find(key) == nullptr);
    SharedKeys::Entry* const made = zone.insert(key);
    REQUIRE(made != nullptr);
    CHECK((made->excess == 0 && made->last_ms == 0 && made->holders == 0));
    CHECK(zone.find(key) == made);
    CHECK(zone.find(other) == nullptr);
    zone.remove(key);
    CHECK(zone.find(key) == nullptr);
  }
}

TEST_CASE("bytes of a key are bytes: NUL is one of them") {
  Zone zone(SharedKeys::kZoneBytesMin);
  const std::string_view key("\0\1\2\0", 4);
  REQUIRE(zone.insert(key) != nullptr);
  CHECK(zone.find(key) != nullptr);
  CHECK(zone.find(std::string_view("\0\1\2\1", 4)) == nullptr);
  CHECK(zone.find(std::string_view("\0\1\2", 3)) == nullptr);
}

TEST_CASE("a full zone has no room, and has it again for whatever was removed") {
  Zone zone(SharedKeys::kZoneBytesMin);
  std::size_t count = 0;
  while (zone.insert(numbered(count, 8)) != nullptr) ++count;
  CHECK(count > 190);  // what nginx keeps in a zone of this size
  CHECK(zone.find(numbered(count, 8)) == nullptr);
  for (std::size_t i = 0; i < count; i += 2) zone.remove(numbered(i, 8));
  for (std::size_t i = 1; i < count; i += 2) CHECK(zone.find(numbered(i, 8)) != nullptr);
  std::size_t more = 0;
  while (zone.insert(numbered(count + more, 8)) != nullptr) ++more;
  CHECK(more == (count + 1) / 2);
}

TEST_CASE("what long keys took serves short ones afterwards, and the other way round") {
  Zone zone(SharedKeys::kZoneBytesMin);
  const std::string all(28'000, 'l');
  for (int round = 0; round < 3; ++round) {
    REQUIRE(zone.insert(all) != nullptr);
    CHECK(zone.insert(all.substr(1)) == nullptr);
    zone.remove(all);
    std::size_t count = 0;
    while (zone.insert(numbered(count, 8)) != nullptr) ++count;
    for (std::size_t i = 0; i < count; ++i) zone.remove(numbered(i, 8));
  }
  CHECK(zone.insert(std::string(40'000, 'l')) == nullptr);
}

TEST_CASE("the oldest key is the one whose last use is longest ago") {
  Zone zone(SharedKeys::kZoneBytesMin);
  for (const char* key : {"a", "b", "c"}) zone.insert(key);
  SharedKeys::Part part = zone.lock("a");
  const auto find = [&](std::string_view text) { return part.find(zone.keys->key(text)); };
  CHECK(part.oldest() == find("a"));
  part.touch(*find("a"));
  CHECK(part.oldest() == find("b"));
  part.touch(*find("c"));
  part.remove(*find("b"));
  CHECK(part.oldest() == find("a"));
  part.remove(*find("a"));
  part.remove(*find("c"));
  CHECK(part.oldest() == nullptr);
}

TEST_CASE("a million keys: each is found, none twice") {
  Zone zone(128 << 20);
  constexpr std::size_t kKeys = 1'000'000;
  std::size_t made = 0;
  for (std::size_t i = 0; i < kKeys; ++i) made += zone.insert(numbered(i, 12)) != nullptr;
  CHECK(made == kKeys);
  std::size_t found = 0;
  for (std::size_t i = 0; i < kKeys; ++i) found += zone.find(numbered(i, 12)) != nullptr;
  CHECK(found == kKeys);
}

TEST_CASE("a part in use is not waited for; an entry has a place to be found at") {
  Zone zone(SharedKeys::kZoneBytesMin);
  SharedKeys::Place place;
  {
    SharedKeys::Part part = zone.lock("a");
    place = part.place(*part.insert(zone.keys->key("a")));
    std::thread([&] { CHECK_FALSE(zone.lock("a")); }).join();
    CHECK(part.at(place) == part.find(zone.keys->key("a")));
  }
  CHECK(zone.lock("a"));
}

TEST_CASE("a process that dies with a part leaves it empty and usable") {
  Zone zone(SharedKeys::kZoneBytesMin);
  SharedKeys::Place place;
  {
    SharedKeys::Part part = zone.lock("a");
    place = part.place(*part.insert(zone.keys->key("a")));
  }
  const pid_t child = fork();
  if (child == 0) {
    SharedKeys::Part part = zone.lock("a");
    part.insert(zone.keys->key("b"));
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  SharedKeys::Part part = zone.lock("a");
  REQUIRE(part);
  CHECK(part.find(zone.keys->key("a")) == nullptr);
  CHECK(part.at(place) == nullptr);
  CHECK(part.insert(zone.keys->key("c")) != nullptr);
}

TEST_CASE("a zone that is kept counts by the key it had") {
  SharedZones before;
  const auto zone = *before.declare("kept_keys", SharedKeys::kZoneBytesMin, kUse);
  zone->set_key("$a");
  REQUIRE(before.open());
  const auto open_next = [](std::string_view key, std::size_t bytes) {
    SharedZones next;
    (*next.declare("kept_keys", bytes, kUse))->set_key(key);
    const auto opened = next.open();
    return opened ? "" : opened.error();
  };
  CHECK(open_next("$a", SharedKeys::kZoneBytesMin) == "");
  CHECK(open_next("$b", SharedKeys::kZoneBytesMin) ==
        "limit_req \"kept_keys\" uses the \"$b\" key while previously it used the \"$a\" key");
  CHECK(open_next("$b", 2 * SharedKeys::kZoneBytesMin) == "");  // another memory
}

}  // namespace uringx

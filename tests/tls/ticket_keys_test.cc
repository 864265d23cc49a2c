#include "tls/ticket_keys.h"

#include <unistd.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace uringx {
namespace {

std::string name_of(const TicketKey& key) { return {key.name.begin(), key.name.end()}; }

struct Zone {
  Zone() {
    zone = *zones.declare("tickets", TlsSessionCache::kZoneBytesMin, TlsSessionCache::kUse);
    REQUIRE(zones.open());
    cache = std::make_shared<TlsSessionCache>(zone);
  }
  SharedZones zones;
  std::shared_ptr<SharedZone> zone;
  std::shared_ptr<TlsSessionCache> cache;
};

class KeyFile {
 public:
  explicit KeyFile(std::size_t bytes) {
    char name[] = "/tmp/ticket-key-XXXXXX";
    close(mkstemp(name));
    path_ = name;
    std::ofstream file(path_, std::ios::binary);
    for (std::size_t i = 0; i < bytes; ++i) file.put(static_cast<char>(i));
  }
  ~KeyFile() { unlink(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST_CASE("files of 48 and of 80 bytes are keys, in nginx's order of their parts") {
  const KeyFile small(48);
  const auto key = TicketKeys::read(small.path());
  REQUIRE(key);
  CHECK(key->key_bytes == 16);
  CHECK(key->name[15] == 15);
  CHECK(key->aes_key[0] == 16);
  CHECK(key->hmac_key[0] == 32);
  const KeyFile large(80);
  const auto strong = TicketKeys::read(large.path());
  REQUIRE(strong);
  CHECK(strong->key_bytes == 32);
  CHECK(strong->hmac_key[0] == 16);
  CHECK(strong->aes_key[0] == 48);
  CHECK(strong->aes_key[31] == 79);
}

TEST_CASE("other files are no keys") {
  const KeyFile odd(40);
  CHECK(TicketKeys::read(odd.path()).error() == "\"" + odd.path() + "\" must be 48 or 80 bytes");
  CHECK(TicketKeys::read("/nonexistent/key").error() ==
        "open() \"/nonexistent/key\" failed (2: No such file or directory)");
}

TEST_CASE("all who share a zone seal with one key and open with it") {
  const Zone zone;
  TicketKeys one(zone.cache, 300);
  TicketKeys two(zone.cache, 300);
  const auto first = one.keys(1000, {});
  const auto second = two.keys(1000, {});
  REQUIRE(first != nullptr);
  REQUIRE(second != nullptr);
  CHECK(name_of(first->front()) == name_of(second->front()));
  CHECK(first->front().hmac_key == second->front().hmac_key);
  CHECK(first->front().aes_key == second->front().aes_key);
}

TEST_CASE("keys are made anew, and a ticket can be opened for as long as it is good") {
  constexpr std::int64_t kLifetime = 300;
  const Zone zone;
  TicketKeys keys(zone.cache, kLifetime);
  struct Sealed {
    std::string name;
    std::int64_t at_s;
  };
  std::vector<Sealed> tickets;
  std::size_t used = 0;
  for (std::int64_t now_s = 1000; now_s < 1000 + 20 * kLifetime; now_s += 7) {
    const auto current = keys.keys(now_s, {});
    REQUIRE(current != nullptr);
    const std::string name = name_of(current->front());
    if (tickets.empty() || tickets.back().name != name) ++used;
    tickets.push_back({name, now_s});
    for (const Sealed& one : tickets) {
      if (now_s - one.at_s > kLifetime) continue;
      const auto opening = keys.keys(now_s, one.name);
      REQUIRE(opening != nullptr);
      const bool opens = std::ranges::any_of(*opening, [&](const TicketKey& key) { return name_of(key) == one.name; });
      REQUIRE(opens);
    }
  }
  CHECK(used > 5);
  CHECK(used <= 21);
}

TEST_CASE("who looks at the zone late can open what others sealed with the next key") {
  const Zone zone;
  TicketKeys busy(zone.cache, 300);
  TicketKeys idle(zone.cache, 300);
  REQUIRE(idle.keys(1000, {}) != nullptr);
  for (std::int64_t now_s = 1000; now_s < 3000; ++now_s) {
    const std::string name = name_of(busy.keys(now_s, {})->front());
    const auto opening = idle.keys(now_s, name);
    REQUIRE(opening != nullptr);
    REQUIRE(std::ranges::any_of(*opening, [&](const TicketKey& key) { return name_of(key) == name; }));
  }
}

TEST_CASE("keys from files stay as they are") {
  TicketKey first;
  first.name.fill(1);
  TicketKey second;
  second.name.fill(2);
  TicketKeys keys({first, second});
  CHECK(keys.keys(1000, {})->size() == 2);
  CHECK(name_of(keys.keys(900000, {})->front()) == std::string(16, '\1'));
}

}  // namespace
}  // namespace uringx

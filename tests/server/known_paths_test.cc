#include "server/known_paths.h"

#include <doctest/doctest.h>

#include <string>

namespace uringx {
namespace {

std::string path(int number) { return "/srv/www/" + std::to_string(number); }

int known_of(const KnownPaths& known, int count) {
  int found = 0;
  for (int i = 0; i < count; ++i) found += known.contains(path(i)) ? 1 : 0;
  return found;
}

}  // namespace

TEST_SUITE("server") {
  TEST_CASE("known paths are found until they are removed, others never") {
    KnownPaths known;
    CHECK_FALSE(known.contains(path(1)));
    known.add(path(1));
    CHECK(known.contains(path(1)));
    CHECK_FALSE(known.contains(path(2)));
    known.remove(path(2));
    CHECK(known.contains(path(1)));
    known.remove(path(1));
    CHECK_FALSE(known.contains(path(1)));
    known.add(path(1));
    known.clear();
    CHECK_FALSE(known.contains(path(1)));
    CHECK_FALSE(known.contains(""));
    known.add("");
    CHECK(known.contains(""));
  }

  TEST_CASE("few paths need few places; with many that come again and again, most are known, and the places are bounded") {
    KnownPaths known;
    for (int round = 0; round < 10; ++round) {
      for (int i = 0; i < 100; ++i) known.add(path(i));
    }
    CHECK(known.places() == KnownPaths::kPlacesAtFirst);
    CHECK(known_of(known, 100) == 100);
    for (int round = 0; round < 10; ++round) {
      for (int i = 0; i < 100'000; ++i) known.add(path(i));
    }
    CHECK(known_of(known, 100'000) > 99'000);
    for (int i = 0; i < 5'000'000; ++i) known.add(path(i));
    CHECK(known.places() == KnownPaths::kPlacesMax);
    CHECK_FALSE(known.contains(path(-1)));
  }
}

}  // namespace uringx

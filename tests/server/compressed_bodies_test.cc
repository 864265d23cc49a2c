// What is kept of compressed files: by whom it is found, what makes room, and what is too young.
#include "server/compressed_bodies.h"

#include <doctest/doctest.h>

#include <ctime>

namespace uringx {
namespace {

FileInfo file(ino_t inode, off_t bytes = 10, std::time_t modified = 1000) {
  FileInfo info;
  info.device = 7;
  info.inode = inode;
  info.bytes = bytes;
  info.modified = info.changed = {modified, 0};
  return info;
}

CompressedBodies::Key key(ino_t inode) { return CompressedBodies::key_of(file(inode), 1); }

TEST_CASE("a body is found by everything that a change of its file changes") {
  CompressedBodies bodies;
  bodies.put(key(1), {"first", 10});
  REQUIRE(bodies.find(key(1)) != nullptr);
  CHECK(bodies.find(key(1))->bytes == "first");
  FileInfo changed = file(1);
  CHECK(bodies.find(CompressedBodies::key_of(changed, 2)) == nullptr);
  for (auto* const part : {&changed.changed.tv_nsec, &changed.modified.tv_nsec, &changed.changed.tv_sec, &changed.modified.tv_sec}) {
    changed = file(1);
    ++*part;
    CHECK(bodies.find(CompressedBodies::key_of(changed, 1)) == nullptr);
  }
  changed = file(1, 11);
  CHECK(bodies.find(CompressedBodies::key_of(changed, 1)) == nullptr);
  changed = file(2);
  CHECK(bodies.find(CompressedBodies::key_of(changed, 1)) == nullptr);
  changed = file(1);
  ++changed.device;
  CHECK(bodies.find(CompressedBodies::key_of(changed, 1)) == nullptr);
}

TEST_CASE("what was asked for longest ago makes room") {
  CompressedBodies bodies;
  constexpr std::size_t kMost = CompressedBodies::kBytesMax - CompressedBodies::kEntryBytes;
  const std::string third(CompressedBodies::kBytesMax / 3 - CompressedBodies::kEntryBytes, 'x');
  for (ino_t inode = 1; inode <= 3; ++inode) bodies.put(key(inode), {third, 1});
  const auto held = bodies.find(key(2));
  CHECK(bodies.find(key(1)) != nullptr);
  bodies.put(key(4), {third, 1});
  CHECK(bodies.find(key(3)) == nullptr);
  CHECK(bodies.find(key(1)) != nullptr);
  CHECK(bodies.find(key(4)) != nullptr);
  bodies.put(key(5), {std::string(kMost, 'y'), 1});
  CHECK(bodies.bytes() == CompressedBodies::kBytesMax);
  CHECK(bodies.find(key(2)) == nullptr);
  CHECK(held->bytes == third);  // who holds it has it still
  bodies.put(key(6), {std::string(kMost + 1, 'z'), 1});
  CHECK(bodies.find(key(6)) == nullptr);
  CHECK(bodies.find(key(5)) != nullptr);
}

TEST_CASE("a file that changed a moment ago, or will have, is not kept") {
  CHECK(CompressedBodies::is_settled(file(1), 1'001'000));
  CHECK_FALSE(CompressedBodies::is_settled(file(1), 1'000'999));
  CHECK_FALSE(CompressedBodies::is_settled(file(1), 500'000));
  FileInfo renamed = file(1);
  renamed.changed.tv_sec = 2000;
  CHECK_FALSE(CompressedBodies::is_settled(renamed, 1'001'000));
}

}  // namespace
}  // namespace uringx

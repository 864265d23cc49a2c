// What a connection received and has not used: in one piece, and old views of it good while it grows.
#include "server/input_buffer.h"

#include <doctest/doctest.h>

#include <string>

namespace uringx {
namespace {

constexpr std::size_t kInChunk = ChunkPool::kChunkBytes - 2 * sizeof(void*);

std::string letters(std::size_t count) {
  std::string text(count, '\0');
  for (std::size_t i = 0; i < count; ++i) text[i] = static_cast<char>('a' + i % 23);
  return text;
}

}  // namespace

TEST_CASE("empty it holds no memory, and takes nothing for nothing") {
  ChunkPool pool(4);
  InputBuffer buffer(pool);
  CHECK(buffer.text().empty());
  buffer.append({});
  buffer.drop_front(0);
  buffer.erase(0, 0);
  buffer.clear();
  CHECK(buffer.empty());
  CHECK(pool.in_use() == 0);
}

TEST_CASE("what is in a chunk, in two, and beyond, comes back as it went in") {
  ChunkPool pool(4);
  for (const std::size_t count : {std::size_t{1}, kInChunk - 1, kInChunk, kInChunk + 1, ChunkPool::kChunkBytes, 10 * kInChunk}) {
    CAPTURE(count);
    InputBuffer buffer(pool);
    const std::string text = letters(count);
    buffer.append(text);
    CHECK(buffer.text() == text);
    CHECK(pool.in_use() == (count <= kInChunk ? 1 : 0));
    buffer.drop_front(count);
    CHECK(pool.in_use() == 0);
  }
}

TEST_CASE("views stay good while it grows, and every block goes back") {
  ChunkPool pool(4);
  InputBuffer buffer(pool);
  const std::string first = letters(100), all = letters(40'000);
  buffer.append(first);
  const std::string_view old = buffer.text();
  for (std::size_t at = first.size(); at < all.size(); at += 700) {
    buffer.append(std::string_view(all).substr(at, 700));
    CHECK(old == first);
  }
  CHECK(buffer.text() == all);
  CHECK(pool.in_use() == 1);
  buffer.erase(100, 39'800);
  CHECK(buffer.text() == all.substr(0, 100) + all.substr(39'900));
  buffer.drop_front(150);
  CHECK(buffer.text() == all.substr(39'950));
  buffer.drop_front(50);
  CHECK(pool.in_use() == 0);
}

TEST_CASE("a pool that has none left is no end") {
  ChunkPool pool(1);
  void* const taken = pool.take();
  {
    InputBuffer buffer(pool);
    buffer.append(letters(10));
    buffer.append(letters(kInChunk));
    CHECK(buffer.text() == letters(10) + letters(kInChunk));
  }
  CHECK(pool.in_use() == 1);
  pool.give_back(taken);
}

}  // namespace uringx

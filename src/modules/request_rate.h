// How limit_req counts a request by the values of its keys (ngx_http_limit_req_lookup, _account and _expire): in thousandths of
// a request and milliseconds. Called from any worker's thread; never waits.
#pragma once

#include <cstdint>
#include <span>

#include "base/arena.h"
#include "base/shared_keys.h"

namespace uringx {

// What a key's requests are beyond its rate once another one comes, `now_ms` being a time of a clock that is never set.
std::int64_t excess_with_another(const SharedKeys::Entry& entry, std::uint64_t rate, std::int64_t now_ms);

// A zone that a request is counted in, by this value of the zone's key.
struct CountedKey {
  SharedKeys* keys = nullptr;
  SharedKeys::Key key;
  std::uint64_t rate = 0;
  std::uint64_t burst = 0;  // the excess that is still let in ...
  std::uint64_t delay = 0;  // ... and what of it does not have to wait
  bool last = true;         // of those configured
};

struct RateVerdict {
  enum class Kind : std::uint8_t {
    counted,     // and has to wait for `delay_ms`
    over_burst,  // not counted, nowhere
    no_room,     // the same, because a zone is full of keys in use
    busy,        // others use a zone just now: ask again in a millisecond
  } kind = Kind::counted;
  std::size_t index = 0;  // whose word it is
  std::uint64_t excess = 0;
  std::uint64_t delay_ms = 0;
};

// `keys` are of different zones.
RateVerdict count_request(std::span<const CountedKey> keys, std::int64_t now_ms, Arena& arena);

}  // namespace uringx

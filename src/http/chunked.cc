#include "http/chunked.h"

#include <algorithm>
#include <limits>

#include "http/ascii.h"

namespace uringx {

namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

}  // namespace

ChunkedStep ChunkedDecoder::next(std::string_view bytes) {
  std::size_t i = 0;
  while (i < bytes.size() && state_ != State::done) {
    if (state_ == State::data) {
      const auto take =
          std::min(static_cast<std::uint64_t>(chunk_left_bytes_), std::uint64_t{bytes.size() - i});
      chunk_left_bytes_ -= static_cast<std::int64_t>(take);
      body_bytes_ += static_cast<std::int64_t>(take);
      if (chunk_left_bytes_ == 0) state_ = State::data_cr;
      return {ChunkedStatus::data, i + take, bytes.substr(i, take)};
    }
    if (!step(bytes[i++])) return {ChunkedStatus::invalid, i, {}};
  }
  return {state_ == State::done ? ChunkedStatus::done : ChunkedStatus::need_more, i, {}};
}

std::int64_t ChunkedDecoder::bytes_wanted() const {
  constexpr std::int64_t kAfterData = 4;  // LF "0" LF LF: nginx counts with bare ones
  switch (state_) {
    case State::size_start: return 3;
    case State::size:
    case State::extension: return 1 + (chunk_left_bytes_ != 0 ? chunk_left_bytes_ + kAfterData : 1);
    case State::size_lf: return chunk_left_bytes_ != 0 ? chunk_left_bytes_ + kAfterData : 2;
    case State::data:
    case State::data_cr:
    case State::data_lf: return chunk_left_bytes_ + kAfterData;
    case State::trailer:
    case State::trailer_lf: return 2;
    case State::trailer_start:
    case State::end_lf: return 1;
    case State::done: return 0;
  }
  return 0;
}

// One byte of framing. False: invalid.
bool ChunkedDecoder::step(char c) {
  const auto expect = [&](char wanted, State then) {
    state_ = then;
    return c == wanted;
  };
  switch (state_) {
    case State::size_start:
      if (hex_value(c) < 0) return false;
      chunk_left_bytes_ = hex_value(c);
      state_ = State::size;
      return true;

    case State::size:
      if (chunk_left_bytes_ > kMax / 16) return false;  // nginx refuses it whatever follows
      if (const int digit = hex_value(c); digit >= 0) {
        if (chunk_left_bytes_ > (kMax - digit) / 16) return false;
        chunk_left_bytes_ = chunk_left_bytes_ * 16 + digit;
        return true;
      }
      if (c == '\r') {
        state_ = State::size_lf;
        return true;
      }
      state_ = State::extension;
      return c == ';' || c == ' ' || c == '\t';

    case State::extension:
      if (c == '\r') state_ = State::size_lf;
      return c != '\n';

    case State::size_lf:
      if (chunk_left_bytes_ > kMax - body_bytes_) return false;
      return expect('\n', chunk_left_bytes_ == 0 ? State::trailer_start : State::data);

    case State::data_cr: return expect('\r', State::data_lf);
    case State::data_lf: return expect('\n', State::size_start);

    case State::trailer_start: state_ = c == '\r' ? State::end_lf : State::trailer; return c != '\n';

    case State::trailer:
      if (c == '\r') state_ = State::trailer_lf;
      return c != '\n';

    case State::trailer_lf: return expect('\n', State::trailer_start);
    case State::end_lf: return expect('\n', State::done);

    case State::data:
    case State::done: return false;
  }
  return false;
}

}  // namespace uringx

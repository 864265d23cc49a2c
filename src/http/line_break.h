// What must not stand in the text of a field: the bytes that end a line, and NUL, which ends a text for others (RFC 9110 section 5.5).
// Stateless; usable on any thread.
#pragma once

#include <bit>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace uringx {

constexpr bool breaks_lines(char c) { return c == '\r' || c == '\n' || c == '\0'; }

// The first NUL, LF or CR of [p, end), or end. Field values are where the bytes of a head are: 16 at a time.
inline const char* find_line_break(const char* p, const char* end) {
#if defined(__SSE2__)
  const __m128i limit = _mm_set1_epi8('\r');
  while (end - p >= 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    // Unsigned "<= CR": NUL, LF and CR, and controls that are none of them.
    auto mask = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(bytes, limit), bytes)));
    for (; mask != 0; mask &= mask - 1) {
      const char* at = p + std::countr_zero(mask);
      if (breaks_lines(*at)) return at;
    }
    p += 16;
  }
#endif
  while (p != end && !breaks_lines(*p)) ++p;
  return p;
}

}  // namespace uringx

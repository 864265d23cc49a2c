// How the words of a directive become a value: one ValueParser for each type of setting, with nginx's units and errors.
// Pure; used while a configuration is built.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "parser/config_tree.h"

namespace uringx {

struct Refusal;

// Distinct types, so that a field says how its directive is read.
struct Milliseconds { std::int64_t count = 0; };   // ngx_conf_set_msec_slot: 75s, 500ms, 1h30m; a bare number is seconds
struct Seconds { std::int64_t count = 0; };        // ngx_conf_set_sec_slot
struct Bytes { std::uint64_t count = 0; };         // ngx_conf_set_size_slot: k, m
struct Offset { std::uint64_t count = 0; };        // ngx_conf_set_off_slot: k, m, g
struct Number { std::int64_t count = 0; };         // ngx_conf_set_num_slot
struct BufferSet { std::uint32_t count = 0; std::uint64_t bytes_each = 0; };  // ngx_conf_set_bufs_slot: "4 8k"

std::optional<std::int64_t> parse_milliseconds(std::string_view text);
std::optional<std::int64_t> parse_seconds(std::string_view text);
std::optional<std::uint64_t> parse_size(std::string_view text);    // ngx_parse_size: k, m
std::optional<std::uint64_t> parse_offset(std::string_view text);  // ngx_parse_offset: k, m, g
std::optional<std::int64_t> parse_number(std::string_view text);   // ngx_atoi: digits only

// A word as nginx's %s prints it: a NUL ends it.
inline std::string_view until_nul(std::string_view word) { return word.substr(0, word.find('\0')); }

// No hash here has a size, but one that nginx cannot build is a mistake all the same (ngx_hash_init). `hash`
// is its name in nginx; without keys it may have buckets of size 0.
enum class HashKeys : bool { none, some };
std::expected<void, Refusal> check_hash_sizes(std::string_view hash, Number entries_max, Number bucket_bytes,
                                              HashKeys keys);

template <typename T>
struct ValueParser;  // kArity, and static std::expected<T, Refusal> parse(const Directive&)

#define URINGX_VALUE_PARSER(Type, arity)                                    \
  template <>                                                              \
  struct ValueParser<Type> {                                               \
    static constexpr std::uint32_t kArity = arity;                         \
    static std::expected<Type, Refusal> parse(const Directive& directive); \
  };

// Arity values are module.h's (kFlag, kTake1, kTake2).
URINGX_VALUE_PARSER(bool, 1u << 16)
URINGX_VALUE_PARSER(Milliseconds, 1u << 1)
URINGX_VALUE_PARSER(Seconds, 1u << 1)
URINGX_VALUE_PARSER(Bytes, 1u << 1)
URINGX_VALUE_PARSER(Offset, 1u << 1)
URINGX_VALUE_PARSER(Number, 1u << 1)
URINGX_VALUE_PARSER(std::string, 1u << 1)
URINGX_VALUE_PARSER(BufferSet, 1u << 2)
#undef URINGX_VALUE_PARSER

}  // namespace uringx

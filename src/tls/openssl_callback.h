// The boundary between OpenSSL's C frames and functions of ours that may throw: memory that has run out must cost one session,
// and an exception would leave OpenSSL's own state half changed. Functions that cannot throw say so by themselves.
#pragma once

#include <exception>
#include <type_traits>

namespace uringx {
namespace detail {

template <auto Function, auto Failure, typename Type = decltype(Function)>
struct OpensslCallback;

template <auto Function, auto Failure, typename Result, typename... Arguments>
struct OpensslCallback<Function, Failure, Result (*)(Arguments...)> {
  static Result call(Arguments... arguments) noexcept {
    try {
      return Function(arguments...);
    } catch (const std::exception&) {
      if constexpr (!std::is_void_v<Result>) return Failure;
    }
  }
};

}  // namespace detail

// What to hand to OpenSSL for `Function`: answers `Failure`, OpenSSL's word for a session that cannot go on, where that throws.
template <auto Function, auto Failure = 0>
inline constexpr auto openssl_callback = detail::OpensslCallback<Function, Failure>::call;

}  // namespace uringx

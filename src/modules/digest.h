// MD5 and SHA-1 for formats that are defined by them (old password hashes, secure_link); nothing new should be built on either.
// Pure, usable on any thread; digest.cc is the only place here that calls OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace uringx {

using Md5 = std::array<char, 16>;
using Sha1 = std::array<char, 20>;

// Of the parts one after another; nullopt when OpenSSL refuses (no memory, or a policy that forbids the algorithm).
std::optional<Md5> md5(std::initializer_list<std::string_view> parts);
std::optional<Sha1> sha1(std::initializer_list<std::string_view> parts);

template <std::size_t N>
std::string_view as_text(const std::array<char, N>& digest) { return {digest.data(), N}; }

// Takes as long whatever the bytes are; texts of different lengths are told apart at once.
bool equal_in_constant_time(std::string_view one, std::string_view two);

}  // namespace uringx

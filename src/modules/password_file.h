// PasswordFileReader finds a user's password in a file of "user:password[:comment]" lines, read piece by piece
// (ngx_http_auth_basic_handler). Made for one search, on any thread; pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace uringx {

class PasswordFileReader {
 public:
  // More than nginx's buffer holds is not part of a password.
  static constexpr std::size_t kPasswordBytesMax = 2048;

  explicit PasswordFileReader(std::string_view user);

  // The next piece of the file, of any length. True once the answer is known: nothing more is needed.
  bool take(std::string_view piece);

  // After the last piece, or when take() said so: what stands behind "user:", nullopt when the user is in no line.
  std::optional<std::string_view> password() const;

 private:
  enum class State : unsigned char { login, password, skip, done };

  const std::string login_;  // the name and its colon
  State state_ = State::login;
  std::size_t matched_ = 0;
  std::string password_;
};

}  // namespace uringx

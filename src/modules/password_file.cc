#include "modules/password_file.h"

namespace uringx {

PasswordFileReader::PasswordFileReader(std::string_view user) : login_(std::string(user) + ':') {}

bool PasswordFileReader::take(std::string_view piece) {
  for (const char c : piece) {
    switch (state_) {
      case State::login:
        if (matched_ == 0 && c == '\n') break;
        // A line that ends while its name still matches takes the next line with it, as in nginx.
        if (c != login_[matched_] || (matched_ == 0 && (c == '#' || c == '\r'))) {
          state_ = State::skip;
        } else if (++matched_ == login_.size()) {
          state_ = State::password;
        }
        break;
      case State::password:
        if (c == '\n' || c == '\r' || c == ':') {
          state_ = State::done;
          return true;
        }
        password_ += c;
        if (password_.size() == kPasswordBytesMax) {
          state_ = State::done;
          return true;
        }
        break;
      case State::skip:
        if (c == '\n') {
          state_ = State::login;
          matched_ = 0;
        }
        break;
      case State::done: return true;
    }
  }
  return state_ == State::done;
}

std::optional<std::string_view> PasswordFileReader::password() const {
  if (state_ != State::password && state_ != State::done) return std::nullopt;
  return password_;
}

}  // namespace uringx

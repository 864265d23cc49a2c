#include "server/password_check.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <new>

#include "base/owned_fd.h"
#include "modules/password_hash.h"

namespace uringx {

void PasswordCheck::work() {
  try {
    answer_ = check();
  } catch (const std::bad_alloc&) {
    answer_ = failed(Outcome::hash_failed, ENOMEM);
  }
}

PasswordAnswer PasswordCheck::check() const {
  PasswordFileReader reader(asked_.user);
  PasswordAnswer answer = search(reader);
  if (answer.error_number != 0) return answer;
  const auto stored = reader.password();
  if (!stored) return failed(Outcome::no_such_user, 0);
  const std::expected<bool, int> matches = password_matches(asked_.password, *stored);
  if (!matches) return failed(Outcome::hash_failed, matches.error());
  return failed(*matches ? Outcome::match : Outcome::mismatch, 0);
}

PasswordAnswer PasswordCheck::search(PasswordFileReader& reader) const {
  // O_NONBLOCK: a FIFO without a writer must not hold the thread for ever.
  const OwnedFd file(::open(asked_.user_file.data(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (file.get() < 0) return failed(Outcome::open_failed, errno);
  std::array<char, 4096> piece;
  off_t offset = 0;
  ssize_t length = 0;
  // Of a pipe nothing can be read at an offset, so that it is told of as nginx does.
  for (; (length = ::pread(file.get(), piece.data(), piece.size(), offset)) > 0; offset += length) {
    if (reader.take({piece.data(), static_cast<std::size_t>(length)})) break;
  }
  const int error_number = length < 0 ? errno : 0;
  explicit_bzero(piece.data(), piece.size());
  return failed(Outcome::read_failed, error_number);
}

}  // namespace uringx

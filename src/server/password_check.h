// PasswordCheck reads a file of passwords and checks one user's, on a helper's thread: the disk may be slow, and a good hash is
// slow on purpose.
// Owned by an Exchange, on its worker's thread until it was started, and again when it was answered.
#pragma once

#include "modules/action.h"
#include "modules/password_file.h"
#include "server/helper_threads.h"

namespace uringx {

class PasswordCheck final : public HelperJob {
 public:
  // The texts of `asked` live until the answer.
  PasswordCheck(void* owner, Handler handler, const CheckPassword& asked) : HelperJob(owner, handler), asked_(asked) {}

  const PasswordAnswer& answer() const { return answer_; }

 private:
  using Outcome = PasswordAnswer::Outcome;

  void work() override;
  PasswordAnswer check() const;
  // The outcome when the file can't be read to where the answer stands.
  PasswordAnswer search(PasswordFileReader& reader) const;
  PasswordAnswer failed(Outcome outcome, int error_number) const { return {outcome, error_number, asked_.user_file}; }

  const CheckPassword asked_;
  PasswordAnswer answer_;
};

}  // namespace uringx

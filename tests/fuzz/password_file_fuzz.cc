// Fuzz target of what auth_basic reads from a file and from a client: the first line is the user, the second what stands in
// "Authorization: Basic", the rest the file. The verdict must not depend on how the file is cut into pieces.
#include <cstdint>
#include <string>
#include <string_view>

#include "http/base64.h"
#include "modules/password_file.h"
#include "modules/password_hash.h"
#include "modules/secure_link.h"
#include "tests/fuzz/fuzz_fixture.h"

namespace uringx {
namespace {

void search(std::string_view user, std::string_view file, std::string_view password) {
  PasswordFileReader whole(user);
  whole.take(file);
  PasswordFileReader bytewise(user);
  for (std::size_t i = 0; i < file.size() && !bytewise.take(file.substr(i, 1)); ++i) {}
  expect(whole.password() == bytewise.password(), "the pieces of a file do not matter");

  const auto stored = whole.password();
  if (!stored) return;
  expect(stored->size() <= PasswordFileReader::kPasswordBytesMax, "a password has its limit");
  expect(stored->find_first_of(":\r\n") == std::string_view::npos, "a password ends at a colon or with its line");
  expect(file.find(std::string(user) + ':' + std::string(*stored)) != std::string_view::npos, "it stands in the file");
  // What goes to crypt(3) is slow and not ours.
  if (stored->starts_with('{') || stored->starts_with("$apr1$")) {
    const auto matches = password_matches(password, *stored);
    expect(matches.has_value(), "these hashes can always be made");
    if (stored->starts_with("{PLAIN}") && stored->find('\0') == std::string_view::npos) {
      const std::string_view until_nul = password.substr(0, password.find('\0'));
      expect(*matches == (until_nul == stored->substr(7)), "a plain password is compared as it is");
    }
  }
}

void decode(std::string_view text) {
  std::string decoded(base64_decoded_bytes_max(text.size()), '\0');
  const auto length = decode_base64(decoded.data(), text);
  if (!length) return;
  expect(*length <= decoded.size(), "no more is decoded than there is room");
  std::string again(base64_bytes(*length), '\0');
  encode_base64(again.data(), std::string_view(decoded).substr(0, *length));
  std::string second(base64_decoded_bytes_max(again.size()), '\0');
  const auto second_length = decode_base64(second.data(), again);
  expect(second_length == length && std::string_view(second).substr(0, *length) == std::string_view(decoded).substr(0, *length),
         "what is encoded is decoded to the same");
}

}  // namespace
}  // namespace uringx

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view user = uringx::take_line(text);
  const std::string_view second = uringx::take_line(text);
  if (!user.empty() && user.find(':') == std::string_view::npos) uringx::search(user, text, second);
  uringx::decode(second);
  if (const auto rest = uringx::unsealed_link(second, user)) uringx::expect(second.ends_with(*rest), "a sealed link ends its target");
  uringx::is_signature_of(second, user);
  return 0;
}

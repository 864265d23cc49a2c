#include "tls/key_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <cerrno>

#include "base/error_log.h"
#include "tls/tls_context.h"

namespace uringx {
namespace {

void write_secret(const SSL* session, const char* line) {
  const TlsContext* const context = TlsContext::began_with(session);
  if (context != nullptr && context->key_log != nullptr) context->key_log->write(line);
}

}  // namespace

std::expected<std::shared_ptr<const KeyLog>, std::string> KeyLog::open(const std::string& path) {
  OwnedFd file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  if (file) return std::make_shared<const KeyLog>(std::move(file));
  return std::unexpected(fmt::format("open() \"{}\" failed ({}: {})", path, errno, error_text(errno)));
}

// One write a line, so that lines of several workers do not mix.
void KeyLog::write(std::string_view line) const {
  std::string text(line);
  text += '\n';
  [[maybe_unused]] const ssize_t written = ::write(file_.get(), text.data(), text.size());
  OPENSSL_cleanse(text.data(), text.size());
}

void KeyLog::install(ssl_ctx_st* context) { SSL_CTX_set_keylog_callback(context, write_secret); }

}  // namespace uringx

#include "tls/tls_error.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>

namespace uringx {
namespace {

constexpr std::size_t kErrorsBytesMax = 2048;  // NGX_MAX_CONF_ERRSTR

// Faults of clients, and of what stands between (ngx_ssl_connection_error).
constexpr int kClientFaults[] = {
    SSL_R_BAD_CHANGE_CIPHER_SPEC, SSL_R_NO_SUITABLE_KEY_SHARE, SSL_R_UNSOLICITED_EXTENSION,
    SSL_R_BLOCK_CIPHER_PAD_IS_WRONG, SSL_R_DIGEST_CHECK_FAILED, SSL_R_ERROR_IN_RECEIVED_CIPHER_LIST,
    SSL_R_EXCESSIVE_MESSAGE_SIZE, SSL_R_HTTPS_PROXY_REQUEST, SSL_R_HTTP_REQUEST, SSL_R_LENGTH_MISMATCH,
    SSL_R_NO_CIPHERS_SPECIFIED, SSL_R_NO_COMPRESSION_SPECIFIED, SSL_R_NO_SHARED_CIPHER,
    SSL_R_RECORD_LENGTH_MISMATCH, SSL_R_CLIENTHELLO_TLSEXT, SSL_R_PARSE_TLSEXT, SSL_R_CALLBACK_FAILED,
    SSL_R_NO_APPLICATION_PROTOCOL, SSL_R_UNEXPECTED_MESSAGE, SSL_R_UNEXPECTED_RECORD, SSL_R_UNKNOWN_ALERT_TYPE,
    SSL_R_UNKNOWN_PROTOCOL, SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_WRONG_VERSION_NUMBER, SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC,
    SSL_R_VERSION_TOO_LOW, SSL_R_BAD_LEGACY_VERSION, SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, SSL_R_BAD_KEY_SHARE,
    SSL_R_BAD_EXTENSION, SSL_R_PACKET_LENGTH_TOO_LONG, SSL_R_ENCRYPTED_LENGTH_TOO_LONG, SSL_R_BAD_LENGTH,
    SSL_R_BAD_KEY_UPDATE, SSL_R_MIXED_HANDSHAKE_AND_NON_HANDSHAKE_DATA, SSL_R_DATA_LENGTH_TOO_LONG,
    SSL_R_TOO_MANY_KEY_UPDATES, SSL_R_BAD_CIPHER, SSL_R_DATA_BETWEEN_CCS_AND_FINISHED,
    SSL_R_BAD_RECORD_TYPE, SSL_R_TOO_MANY_WARN_ALERTS, SSL_R_INAPPROPRIATE_FALLBACK, SSL_R_CERT_CB_ERROR,
    SSL_R_RENEGOTIATION_MISMATCH, SSL_R_SCSV_RECEIVED_WHEN_RENEGOTIATING, SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED,
    SSL_R_EXTRA_DATA_IN_MESSAGE, SSL_R_RECORD_TOO_SMALL, SSL_R_BAD_ECPOINT,
};

// The client's alerts: 1000 and what RFC 8446 section 6 numbers them.
constexpr int kAlertsFirst = 1000;
constexpr int kAlertsEnd = 1256;

}  // namespace

std::string take_tls_errors(std::string message) {
  if (ERR_peek_error() == 0) return message;
  message += " (SSL:";
  const char* data = nullptr;
  int flags = 0;
  while (const unsigned long error = ERR_get_error_all(nullptr, nullptr, nullptr, &data, &flags)) {
    if (message.size() >= kErrorsBytesMax) continue;  // still to be taken from the queue
    char text[256];
    ERR_error_string_n(error, text, sizeof(text));
    message += ' ';
    message += text;
    if ((flags & ERR_TXT_STRING) != 0 && data != nullptr && *data != '\0') {
      message += ':';
      message += data;
    }
  }
  message += ')';
  return message;
}

LogLevel tls_error_level() {
  const unsigned long error = ERR_peek_last_error();
  const int reason = ERR_GET_REASON(error);
  const bool alert = reason >= kAlertsFirst && reason < kAlertsEnd;
  const bool by_client = ERR_GET_LIB(error) == ERR_LIB_SSL && (alert || std::ranges::find(kClientFaults, reason) != std::end(kClientFaults));
  return error == 0 || by_client ? LogLevel::info : LogLevel::crit;
}

}  // namespace uringx

#include "tls/stapling_setup.h"

#include <fmt/format.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <strings.h>

#include <charconv>

#include "tls/tls_error.h"

namespace uringx {
namespace {

constexpr std::string_view kHttp = "http://";

// ngx_ssl_stapling_issuer: out of the chain, else of the trusted certificates.
std::expected<TlsOwned<X509>, std::string> find_issuer(SSL_CTX* context, X509* certificate) {
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_select_current_cert(context, certificate);
  SSL_CTX_get0_chain_certs(context, &chain);
  for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i) {
    X509* const one = sk_X509_value(chain, i);
    if (X509_check_issued(one, certificate) != X509_V_OK) continue;
    X509_up_ref(one);
    return TlsOwned<X509>(one);
  }
  const std::unique_ptr<X509_STORE_CTX, void (*)(X509_STORE_CTX*)> search(X509_STORE_CTX_new(), X509_STORE_CTX_free);
  if (search == nullptr || X509_STORE_CTX_init(search.get(), SSL_CTX_get_cert_store(context), nullptr, nullptr) == 0) {
    return std::unexpected(take_tls_errors("X509_STORE_CTX_init() failed"));
  }
  X509* found = nullptr;
  const int result = X509_STORE_CTX_get1_issuer(&found, search.get(), certificate);
  if (result == -1) return std::unexpected(take_tls_errors("X509_STORE_CTX_get1_issuer() failed"));
  return TlsOwned<X509>(result == 1 ? found : nullptr);
}

std::string responder_in(X509* certificate) {
  STACK_OF(OPENSSL_STRING)* const urls = X509_get1_ocsp(certificate);
  if (urls == nullptr) return {};
  const char* const first = sk_OPENSSL_STRING_value(urls, 0);
  std::string url = first == nullptr ? "" : first;
  X509_email_free(urls);
  return url;
}

// ngx_parse_url, for "HOST[:PORT][/PATH]"; the error is why it is none.
std::expected<void, std::string_view> parse_responder(std::string_view url, Stapling::Staple& staple) {
  const std::size_t path = url.find_first_of("/?");
  std::string_view authority = url.substr(0, path);
  if (path != std::string_view::npos) staple.path = url.substr(path);
  if (!staple.path.starts_with('/')) staple.path.insert(0, "/");
  const std::size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
  if (bracket == std::string_view::npos) return std::unexpected("invalid host");
  const std::size_t colon = authority.find(':', bracket);
  staple.port = "80";
  if (colon != std::string_view::npos) {
    staple.port = authority.substr(colon + 1);
    unsigned port = 0;
    const char* const end = staple.port.data() + staple.port.size();
    const auto parsed = std::from_chars(staple.port.data(), end, port);
    if (parsed.ec != std::errc() || parsed.ptr != end || port < 1 || port > 65535) return std::unexpected("invalid port");
    authority = authority.substr(0, colon);
  }
  staple.host = bracket != 0 ? authority.substr(1, bracket - 1) : authority;
  if (staple.host.empty()) return std::unexpected("no host");
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(staple.host.c_str(), staple.port.c_str(), &hints, &found) != 0) return std::unexpected("host not found");
  freeaddrinfo(found);
  return {};
}

// False: a warning says why the certificate is left out.
bool find_responder(Stapling::Staple& staple, const std::string& name, std::string responder,
                    std::vector<std::string>& warnings) {
  if (responder.empty()) responder = responder_in(staple.certificate.get());
  if (responder.empty()) {
    warnings.push_back(fmt::format("\"ssl_stapling\" ignored, no OCSP responder URL in the certificate \"{}\"", name));
    return false;
  }
  if (responder.size() <= kHttp.size() || strncasecmp(responder.c_str(), kHttp.data(), kHttp.size()) != 0) {
    warnings.push_back(
        fmt::format("\"ssl_stapling\" ignored, invalid URL prefix in OCSP responder \"{}\" in the certificate \"{}\"",
                    responder, name));
    return false;
  }
  const std::string_view url = std::string_view(responder).substr(kHttp.size());
  const auto parsed = parse_responder(url, staple);
  if (parsed) return true;
  warnings.push_back(fmt::format("\"ssl_stapling\" ignored, {} in OCSP responder \"{}\" in the certificate \"{}\"",
                                 parsed.error(), url, name));
  return false;
}

}  // namespace

std::expected<std::unique_ptr<Stapling>, std::string> set_up_stapling(ssl_ctx_st* context,
                                                                      const std::vector<StapledCertificate>& certificates,
                                                                      const StaplingSource& source,
                                                                      std::vector<std::string>& warnings) {
  auto stapling = std::make_unique<Stapling>();
  for (const auto& [certificate, name] : certificates) {
    auto staple = std::make_unique<Stapling::Staple>();
    X509_up_ref(certificate);
    staple->certificate.reset(certificate);
    staple->name = name;
    staple->context = context;
    staple->verify = source.verify;
    if (!source.file.empty()) {
      auto answer = Stapling::read(source.file);
      if (!answer) return std::unexpected(std::move(answer.error()));
      staple->answer = std::make_shared<const OcspAnswer>(std::move(*answer));
      stapling->add(std::move(staple));
      continue;
    }
    auto issuer = find_issuer(context, certificate);
    if (!issuer) return std::unexpected(std::move(issuer.error()));
    if (*issuer == nullptr) {
      warnings.push_back(
          fmt::format("\"ssl_stapling\" ignored, issuer certificate not found for certificate \"{}\"", name));
      continue;
    }
    staple->issuer = std::move(*issuer);
    if (find_responder(*staple, name, source.responder, warnings)) stapling->add(std::move(staple));
  }
  return stapling;
}

}  // namespace uringx

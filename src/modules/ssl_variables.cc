#include "modules/ssl_variables.h"

#include <array>
#include <string>
#include <utility>

#include "tls/tls_facts.h"
#include "tls/tls_session.h"

namespace uringx {
namespace {

constexpr std::size_t kCount = 27;

// ngx_http_ssl_static_variable, ngx_http_ssl_variable.
template <std::size_t Index>
std::optional<std::string_view> get(Request& request, std::string_view) {
  constexpr std::int64_t kMsecPerSecond = 1000;
  const TlsSession* const session = request.connection.tls_session;
  if (session == nullptr) return std::nullopt;
  const TlsFact& fact = tls_facts()[Index];
  const std::string text = fact.text({session->handle(), request.clock.msec / kMsecPerSecond});
  if (text.empty() && !fact.always) return std::nullopt;
  return request.arena.copy(text);
}

template <std::size_t... Index>
std::array<VariableRow, kCount> make_rows(std::index_sequence<Index...>) {
  static const std::array<std::string, kCount> names{("ssl_" + std::string(tls_facts()[Index].name))...};
  return {VariableRow{names[Index], get<Index>, tls_facts()[Index].changes}...};
}

}  // namespace

std::span<const VariableRow> ssl_variables() {
  static const auto rows = make_rows(std::make_index_sequence<kCount>());
  return rows;
}

}  // namespace uringx

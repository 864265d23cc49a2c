#include "server/request_entry.h"

#include "config/route_table.h"
#include "modules/ssl.h"
#include "server/connection.h"
#include "server/worker.h"
#include "tls/tls_facts.h"

namespace uringx {

EntryRefusal choose_server(Connection& connection, Request& request, std::string_view host) {
  request.host = host;
  const TlsChannel* const tls = connection.tls();
  const bool named = tls != nullptr && !tls->server_name().empty();
  if (named && tls->server_name() == host && !tls->named_server().has_regex_name()) return {};  // it is the server already
  const ServerBlock* server = connection.servers().find(request, host);
  if (server == nullptr && named) server = &connection.servers().default_server();  // not the one that the name chose
  if (server == nullptr) return {};
  if (named && tls->server_name() != host && *server->settings.get<ServerSsl>().verify_client != ClientVerification::off) {
    return {421, "client attempted to request the server name different from the one that was negotiated"};
  }
  connection.worker().routes().enter_server(request, *server);
  return {};
}

EntryRefusal check_tls(const Connection& connection, Request& request) {
  if (connection.plain_on_tls_port()) return {497, "client sent plain HTTP request to HTTPS port"};
  if (connection.tls() == nullptr) return {};
  const ServerSsl& ssl = request.server_settings<ServerSsl>();
  if (*ssl.verify_client == ClientVerification::off) return {};
  const ClientCertificateFault fault = check_client_certificate(connection.tls()->session().handle(), *ssl.verify_client);
  return {fault.status, request.arena.copy(fault.log_text)};
}

}  // namespace uringx

#include "server/revocation_check.h"

#include <fmt/format.h>
#include <netdb.h>

#include "modules/http_core.h"
#include "server/connection.h"
#include "server/worker.h"

namespace uringx {
namespace {

// nginx's words for what became of a name (ngx_resolver_strerror).
std::string_view lookup_error(int error) {
  return error == EAI_NONAME ? "3: Host not found" : "2: Server failure";
}

std::int64_t now_s(Worker& worker) { return worker.clock().msec / 1000; }

}  // namespace

RevocationCheck::RevocationCheck(Connection& connection, const ServerBlock& server,
                                 std::unique_ptr<OcspValidation> validation, void* owner, Handler done)
    : connection_(connection),
      server_(server),
      validation_(std::move(validation)),
      owner_(owner),
      done_(done),
      fetch_(connection.worker().ring(), {this, fetch_failed, fetched}) {}

// Each of these is true when the verdict is known, false while something is waited for.

bool RevocationCheck::ask_next() {
  const auto more = validation_->next(now_s(connection_.worker()));
  if (!more) connection_.log(LogLevel::error, more.error());
  under_way_ = more && *more && !ask();
  return !under_way_;
}

// ngx_ssl_ocsp_request.
bool RevocationCheck::ask() {
  const OcspResponder& responder = validation_->responder();
  fetch_.forget_peer();
  std::vector<OcspAddress> addresses = validation_->addresses();
  if (!responder.numeric_address().empty()) return fetch_from(std::move(addresses));
  if (*server_.root.settings.get<HttpCoreLocation>().resolver) return look_up_responder();
  const std::string message = fmt::format("no resolver defined to resolve {}", responder.host);
  if (addresses.empty()) return give_up(LogLevel::error, message);
  log(LogLevel::warn, message);
  return fetch_from(std::move(addresses));
}

bool RevocationCheck::look_up_responder() {
  Worker& worker = connection_.worker();
  lookup_ = std::make_unique<HostLookup>(this, HelperJob::calls<&RevocationCheck::on_looked_up>, validation_->responder());
  if (!worker.helpers().names.start(*lookup_, worker.ring()))
    return give_up(LogLevel::error, "too many names wait to be resolved");
  worker.arm(lookup_timeout_,
             std::chrono::milliseconds(server_.root.settings.get<HttpCoreLocation>().resolver_timeout->count));
  return false;
}

void RevocationCheck::on_looked_up() {
  lookup_timeout_.disarm();
  if (!connection_.is_open()) return connection_.close_when_quiet();
  if (under_way_) connection_.guard([this] { take_addresses(); });  // else too late
}

void RevocationCheck::take_addresses() {
  const auto& addresses = lookup_->answer();
  if (addresses) return go_on(fetch_from(*addresses));
  go_on(give_up(LogLevel::error, fmt::format("{} could not be resolved ({})", validation_->responder().host,
                                             lookup_error(addresses.error()))));
}

void RevocationCheck::on_lookup_timeout() {
  connection_.guard([this] {
    go_on(give_up(LogLevel::error,
                  fmt::format("{} could not be resolved (110: Operation timed out)", validation_->responder().host)));
  });
}

bool RevocationCheck::fetch_from(std::vector<OcspAddress> addresses) {
  std::string request = validation_->request();
  if (request.empty()) return give_up(LogLevel::crit, "i2d_OCSP_REQUEST() failed");
  if (fetch_.start(std::move(addresses), std::move(request))) return false;
  validation_->fail();
  return true;
}

void RevocationCheck::on_fetched() {
  connection_.guard([this] { take_answer(); });
}

void RevocationCheck::take_answer() {
  if (fetch_.body().empty()) {
    validation_->fail();
    return go_on(true);
  }
  const auto good = validation_->take(fetch_.body(), now_s(connection_.worker()));
  if (!good) log(LogLevel::error, good.error());
  go_on(!good || !*good || ask_next());
}

void RevocationCheck::go_on(bool verdict_known) {
  under_way_ = !verdict_known;
  if (verdict_known) done_(owner_);
}

bool RevocationCheck::give_up(LogLevel level, std::string_view message) {
  log(level, message);
  validation_->fail();
  return true;
}

void RevocationCheck::cancel() {
  under_way_ = false;
  lookup_timeout_.disarm();
  fetch_.cancel(became_quiet);
}

void RevocationCheck::became_quiet(void* owner) { static_cast<RevocationCheck*>(owner)->connection_.close_when_quiet(); }

// ngx_ssl_ocsp_log_error.
void RevocationCheck::log(LogLevel level, std::string_view message, int error_number) {
  const std::string& peer = fetch_.peer();
  connection_.log_with(level, message, error_number,
                       fmt::format(" while requesting certificate status, responder: {}{}{}", validation_->responder().host,
                                   peer.empty() ? "" : ", peer: ", peer));
}

}  // namespace uringx

#include "tls/stapling_fetcher.h"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <system_error>

#include "base/owned_fd.h"
#include "tls/ocsp.h"
#include "tls/stapling.h"

namespace uringx {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kFetchTime{30};
constexpr std::int64_t kRetrySeconds = 300;
constexpr std::size_t kResponseBytesMax = 16384;  // as nginx's buffer

std::string with_errno(std::string_view what) { return fmt::format("{} ({}: {})", what, errno, error_text(errno)); }

// Until the descriptor is ready; false when the time is over or the fetcher ends.
bool wait_ready(int fd, short events, Clock::time_point deadline, const std::stop_token& stop) {
  constexpr int kTurnMs = 100;  // so that the end of the process need not wait
  while (!stop.stop_requested() && Clock::now() < deadline) {
    pollfd one{fd, events, 0};
    const int ready = poll(&one, 1, kTurnMs);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
  errno = ETIMEDOUT;
  return false;
}

std::expected<OwnedFd, std::string> connect_to(const Stapling::Staple& staple, Clock::time_point deadline,
                                               const std::stop_token& stop) {
  const auto addresses = look_up(*staple.responder);
  if (!addresses) {
    return std::unexpected(fmt::format("{} could not be resolved ({}: {})", staple.responder->host, addresses.error(),
                                       gai_strerror(addresses.error())));
  }
  std::string error = "no address";
  for (const OcspAddress& address : *addresses) {
    OwnedFd socket(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket) return std::unexpected(with_errno("socket() failed"));
    if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.length) == 0) return socket;
    int failure = errno;
    if (failure == EINPROGRESS) {
      socklen_t size = sizeof failure;
      if (wait_ready(socket.get(), POLLOUT, deadline, stop)) getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &failure, &size);
      else failure = ETIMEDOUT;
      if (failure == 0) return socket;
    }
    errno = failure;
    error = with_errno("connect() failed");
  }
  return std::unexpected(std::move(error));
}

std::expected<std::string, std::string> exchange(int fd, std::string_view request, Clock::time_point deadline,
                                                 const std::stop_token& stop) {
  while (!request.empty()) {
    if (!wait_ready(fd, POLLOUT, deadline, stop)) return std::unexpected(with_errno("OCSP responder timed out"));
    const ssize_t sent = send(fd, request.data(), request.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return std::unexpected(with_errno("send() failed"));
    request.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
  }
  std::string response(kResponseBytesMax, '\0');
  std::size_t have = 0;
  while (have < response.size()) {
    if (!wait_ready(fd, POLLIN, deadline, stop)) return std::unexpected(with_errno("OCSP responder timed out"));
    const ssize_t got = recv(fd, response.data() + have, response.size() - have, 0);
    if (got == 0) break;
    if (got < 0 && errno != EAGAIN && errno != EINTR) return std::unexpected(with_errno("recv() failed"));
    have += static_cast<std::size_t>(std::max<ssize_t>(got, 0));
  }
  if (have == response.size()) return std::unexpected("OCSP responder sent too long a response");
  response.resize(have);
  return response;
}

std::expected<OcspAnswer, std::string> fetch(const Stapling::Staple& staple, const std::stop_token& stop) {
  const auto deadline = Clock::now() + kFetchTime;
  const std::string request = ocsp_request({staple.certificate.get(), staple.issuer.get()}, *staple.responder);
  if (request.empty()) return std::unexpected("OCSP_REQUEST_new() failed");
  const auto socket = connect_to(staple, deadline, stop);
  if (!socket) return std::unexpected(socket.error());
  const auto response = exchange(socket->get(), request, deadline, stop);
  if (!response) return std::unexpected(response.error());
  const auto body = ocsp_body(*response);
  if (!body) return std::unexpected(body.error());
  return Stapling::check(*body, staple);
}

}  // namespace

struct StaplingFetcher::Task {
  Stapling::Staple* staple;
  std::int64_t due_s = 0;
};

StaplingFetcher::StaplingFetcher(const std::vector<const TlsContext*>& contexts, const ErrorLog& log) : log_(log) {
  for (const TlsContext* const context : contexts) {
    if (context == nullptr || context->stapling == nullptr) continue;
    for (const auto& staple : context->stapling->staples()) {
      if (staple->responder) tasks_.push_back(std::make_unique<Task>(Task{staple.get()}));
    }
  }
  if (tasks_.empty()) return;
  try {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  } catch (const std::system_error& error) {
    log_.write(LogLevel::error, 0, "certificate status is not requested: no thread", error.code().value());
  }
}

StaplingFetcher::~StaplingFetcher() = default;

void StaplingFetcher::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto next = std::ranges::min_element(tasks_, {}, [](const auto& task) { return task->due_s; });
    Task& task = **next;
    const std::int64_t now_s = std::time(nullptr);
    if (task.due_s > now_s) {
      std::unique_lock lock(lock_);
      woken_.wait_for(lock, stop, std::chrono::seconds(task.due_s - now_s), [] { return false; });
      continue;
    }
    auto answer = fetch(*task.staple, stop);
    if (stop.stop_requested()) return;
    task.due_s = answer ? ocsp_refresh_s(answer->valid_until_s, now_s) : now_s + kRetrySeconds;
    if (answer) {
      task.staple->answer = std::make_shared<const OcspAnswer>(std::move(*answer));
      continue;
    }
    log_.write(LogLevel::error, 0,
               fmt::format("{} while requesting certificate status, responder: {}, certificate: \"{}\"", answer.error(),
                           task.staple->responder->host, task.staple->name));
  }
}

}  // namespace uringx

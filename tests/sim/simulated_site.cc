#include "simulated_site.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "config/load_config.h"

namespace uringx {

namespace {

constexpr int kFirstLogDescriptor = 900000;  // no real descriptor, and below the simulated ones

// The configuration goes through a real file: the parser reads no other.
std::shared_ptr<const RouteTable> load_routes(std::string_view server_directives) {
  std::string directory = "/tmp/uringx-sim-XXXXXX";
  if (mkdtemp(directory.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  const std::string path = directory + "/nginx.conf";
  std::ofstream(path) << "error_log /log/error.log info;\n"
                         "events { worker_connections 64; }\n"
                         "http {\n"
                         "  access_log /log/access.log combined;\n"
                         "  server {\n"
                         "    listen 127.0.0.1:8080;\n"
                         "    root /srv;\n"
                      << server_directives << "\n  }\n}\n";
  LoadedConfig loaded = load_config({.prefix = directory + "/",
                                     .conf_file = path,
                                     .global_directives = {},
                                     .error_log_path = "/log/error.log"});
  unlink(path.c_str());
  rmdir(directory.c_str());
  if (!loaded.routes)
    throw std::runtime_error(loaded.messages.empty() ? "refused" : loaded.messages.back().text);
  return loaded.routes;
}

std::size_t content_length(std::string_view head) {
  constexpr std::string_view kField = "\r\nContent-Length: ";
  const std::size_t at = head.find(kField);
  if (at == std::string_view::npos) return 0;
  std::size_t length = 0;
  const std::string_view digits = head.substr(at + kField.size());
  std::from_chars(digits.data(), digits.data() + digits.size(), length);
  return length;
}

}  // namespace

std::string get(std::string_view path, std::string_view fields) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(fields) + "\r\n";
}

std::optional<SimulatedAnswer> take_answer(std::string& bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string::npos) return std::nullopt;
  SimulatedAnswer answer;
  answer.head = bytes.substr(0, end + 4);
  const std::size_t length = content_length(answer.head);
  if (bytes.size() < answer.head.size() + length) return std::nullopt;
  answer.status = std::atoi(answer.head.c_str() + std::string_view("HTTP/1.1 ").size());
  answer.body = bytes.substr(answer.head.size(), length);
  bytes.erase(0, answer.head.size() + length);
  return answer;
}

bool may_begin_answer(std::string_view bytes) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  return bytes.substr(0, kVersion.size()) == kVersion.substr(0, bytes.size());
}

SimulatedSite::SimulatedSite(std::uint64_t seed, std::string_view server_directives)
    : kernel_(seed), routes_(load_routes(server_directives)) {
  int log_fd = kFirstLogDescriptor;
  for (const auto& log : routes_->log_files) {
    log->fd = log_fd++;
    kernel_.adopt(log->fd, log->path.empty() ? "/log/stderr" : log->path);
  }
  auto backend = std::make_unique<SimulatedBackend>(kernel_);
  backend_ = backend.get();
  WorkerOptions options;
  options.connections_max = 64;
  options.routes = routes_;
  options.error_log = &routes_->error_log;
  options.host_info = {.hostname = "simulated", .pid = 1};
  worker_ = std::make_unique<Worker>(std::move(backend), options);
}

SimulatedSite::~SimulatedSite() {
  if (worker_) shut_down();
}

SimulatedClient SimulatedSite::connect() {
  auto [fd, client] = kernel_.connected_socket();
  worker_->adopt(fd, 0);
  return client;
}

void SimulatedSite::turn() { worker_->run_turn(std::chrono::milliseconds(100)); }

void SimulatedSite::settle() {
  // A turn that finds nothing may still have started something (a log write), which is done in the next.
  constexpr int kQuietTurns = 3;
  for (int quiet = 0, turns = 0; quiet < kQuietTurns && turns < 100000; ++turns) {
    const std::uint64_t before = kernel_.completion_count();
    const auto time_before = kernel_.now();
    turn();
    quiet = kernel_.completion_count() == before && kernel_.now() == time_before ? quiet + 1 : 0;
  }
}

void SimulatedSite::let_pass(Clock::duration time) {
  constexpr Clock::duration kStep = std::chrono::seconds(1);
  for (Clock::duration passed{}; passed < time; passed += kStep) {
    kernel_.advance(kStep);
    turn();
    turn();
  }
  settle();
}

std::string SimulatedSite::shut_down() {
  kernel_.faults = {};
  worker_->stop_gracefully();
  settle();
  let_pass(std::chrono::minutes(2));  // every timeout of a connection
  worker_->lines().reopen();
  settle();
  std::string wrong;
  if (!worker_->finished()) {
    wrong += "connections do not end\n";
    worker_->stop_now();
    let_pass(std::chrono::minutes(2));
  }
  if (!worker_->lines().idle()) wrong += "log lines were not written\n";
  if (!worker_->finished()) std::abort();  // destroying it would write memory the kernel may still use
  if (backend_->buffers_held(0) != 0) wrong += "receive buffers were not given back\n";
  worker_.reset();
  for (const std::string& descriptor : kernel_.open_descriptors())
    wrong += "still open: " + descriptor + "\n";
  for (const std::string& misuse : kernel_.misuses()) wrong += misuse + "\n";
  if (error_log().find("[alert]") != std::string::npos) wrong += "alerts in the error log: " + error_log();
  return wrong;
}

std::size_t SimulatedSite::access_log_lines() const {
  const std::string& text = access_log();
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

const std::string& SimulatedSite::log(const char* path) const {
  return const_cast<SimulatedKernel&>(kernel_).files().content(path);
}

}  // namespace uringx

#include "server/exchange.h"

#include <cerrno>
#include <new>

#include "modules/disable_symlinks.h"
#include "modules/http_core.h"
#include "server/checked_opening.h"
#include "server/directory_reader.h"
#include "server/password_check.h"
#include "server/path_resolving.h"
#include "server/worker.h"

namespace uringx {

Exchange::Exchange(Worker& worker, const ConnectionInfo& connection, Client client, std::size_t* turn_bytes)
    : worker_(worker),
      client_(client),
      arena_(worker.chunks()),
      request_(arena_, connection, worker.clock(), worker.host_info()),
      engine_(request_),
      opener_(worker.ring(), worker.file_systems(), worker.open_files(), worker.hot_files(), this, file_answered),
      turn_bytes_(turn_bytes) {
  request_.routes = &worker.routes();
  request_.variables = &worker.routes().variables;
  request_.start_msec = worker.clock().msec;
}

void Exchange::start() { perform(engine_.start()); }

void Exchange::start_inside() { perform(engine_.start_inside()); }

void Exchange::finish(int status) { perform(engine_.finish(status)); }

// Does what the phases ask for until something has to be waited for or the answer stands.
void Exchange::perform(Action action) {
  for (;;) {
    if (const auto* probe = std::get_if<ProbeFile>(&action)) {
      if (request_.settings<DisableSymlinksSettings>().rule->policy != LinkPolicy::off) {
        if (open_checked(ProbeFile(*probe), action)) return;
        continue;
      }
      const std::optional<FileAnswer> answer = opener_.open(probe->path, probe->test_only, open_file_cache_policy());
      if (!answer) return;
      action = engine_.resume({.file = &*answer});
    } else if (const auto* directory = std::get_if<ReadDirectory>(&action)) {
      const DirectoryWork& work = *directory->work;
      if (start<&Exchange::on_directory_read, DirectoryReading>(worker_.helpers().listings, directory->path, work)) return;
      action = engine_.resume({.directory_read = true, .directory_error = EAGAIN});
    } else if (const auto* check = std::get_if<CheckPassword>(&action)) {
      if (start<&Exchange::on_password_checked, PasswordCheck>(worker_.helpers().passwords, *check)) return;
      const PasswordAnswer answer{.error_number = EAGAIN, .user_file = check->user_file};
      action = engine_.resume({.password = &answer});
    } else if (const auto* resolve = std::get_if<ResolvePath>(&action)) {
      if (start<&Exchange::on_path_resolved, PathResolving>(worker_.helpers().paths, resolve->path)) return;
      const PathAnswer answer{.error_number = EAGAIN, .path = {}};
      action = engine_.resume({.path = &answer});
    } else if (const auto* wait = std::get_if<Wait>(&action)) {
      worker_.arm(wait_, std::chrono::milliseconds(wait->time_ms));
      return;
    } else if (const auto* text = std::get_if<SendText>(&action)) {
      if (send(text->body, false, action)) return;
    } else if (std::holds_alternative<SendFile>(action)) {
      if (send({}, true, action)) return;
    } else {
      request_.response.status = std::get<CloseConnection>(action).status;
      client_.close_wanted(client_.owner);
      return;
    }
  }
}

OpenFileCachePolicy Exchange::open_file_cache_policy() const {
  const auto& core = request_.settings<HttpCoreLocation>();
  return {.entries_max = core.open_file_cache->entries_max,
          .inactive = std::chrono::seconds(core.open_file_cache->inactive.count),
          .valid = std::chrono::seconds(core.open_file_cache_valid->count),
          .uses_min = core.open_file_cache_min_uses->count,
          .errors = *core.open_file_cache_errors,
          .keeps_hot_files = !core.open_file_cache.is_set()};
}

// Finishes the head. False: it has to be another answer (412, 416), `next` says which.
bool Exchange::send(std::string_view text, bool from_file, Action& next) {
  const std::expected<AnswerBody, int> body = finish_answer(request_, text, from_file, worker_.boundaries());
  if (!body) {
    next = engine_.finish(body.error());
    return false;
  }
  body_ = *body;
  if (body_.filters != nullptr) filtered_ = std::make_unique<FilteredBody>(worker_, request_, body_, &file(), turn_bytes_);
  client_.answer_ready(client_.owner);
  return true;
}

void Exchange::on_file(const FileAnswer& answer) {
  if (cancelled_) {
    if (!pending()) client_.ended(client_.owner);
    return;
  }
  resume({.file = &answer});
}

// As the connection does for bytes received: memory that has run out ends this exchange only.
void Exchange::resume(const HandlerInput& input) {
  try {
    perform(engine_.resume(input));
  } catch (const std::bad_alloc&) {
    request_.response.status = 500;
    client_.close_wanted(client_.owner);
  }
}

template <auto Method, typename Job, typename... Args>
bool Exchange::start(HelperThreads& threads, Args&&... args) {
  job_ = std::make_unique<Job>(this, HelperJob::calls<Method>, std::forward<Args>(args)...);
  return threads.start(*job_, worker_.ring());
}

bool Exchange::open_checked(const ProbeFile& probe, Action& next) {
  const LinkRule rule = link_rule(request_, probe.path);
  std::optional<FileAnswer> answer;
  if (rule.policy == LinkPolicy::off) {
    answer = opener_.open(probe.path, probe.test_only, open_file_cache_policy());
    if (!answer) return true;
  } else {
    if (start<&Exchange::on_checked_open, CheckedOpening>(worker_.helpers().paths, probe.path, rule)) return true;
    answer = FileAnswer{.error_number = EAGAIN, .failed_call = "openat()"};
  }
  next = engine_.resume({.file = &*answer});
  return false;
}

void Exchange::on_checked_open() {
  auto& opening = static_cast<CheckedOpening&>(*job_);
  if (cancelled_) {
    job_.reset();  // closes what it opened
    client_.ended(client_.owner);
    return;
  }
  FileAnswer answer = opening.answer();
  struct statx attributes {};
  const int fd = opening.release_file(attributes);
  if (fd >= 0) answer = opener_.adopt(opening.path(), fd, attributes);
  resume({.file = &answer});
}

void Exchange::on_directory_read() {
  if (cancelled_) {
    client_.ended(client_.owner);
    return;
  }
  const auto& reading = static_cast<const DirectoryReading&>(*job_);
  resume({.directory_read = true,
          .directory_error = reading.error_number(),
          .directory_text = reading.text(),
          .directory_failures = reading.failures()});
}

void Exchange::on_password_checked() {
  if (cancelled_) {
    client_.ended(client_.owner);
    return;
  }
  const PasswordAnswer answer = static_cast<const PasswordCheck&>(*job_).answer();
  resume({.password = &answer});
}

void Exchange::on_path_resolved() {
  if (cancelled_) {
    client_.ended(client_.owner);
    return;
  }
  const PathAnswer answer = static_cast<const PathResolving&>(*job_).answer();
  resume({.path = &answer});
}

void Exchange::cancel() {
  cancelled_ = true;
  wait_.disarm();
  opener_.cancel();
  if (filtered_ != nullptr) filtered_->cancel({this, Timer::calls<&Exchange::on_filters_quiet>});
}

void Exchange::on_filters_quiet() {
  if (!pending()) client_.ended(client_.owner);
}

}  // namespace uringx

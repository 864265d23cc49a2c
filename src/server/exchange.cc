#include "server/exchange.h"

#include <fmt/format.h>

#include <cerrno>
#include <new>

#include "modules/content_coding.h"
#include "modules/disable_symlinks.h"
#include "modules/gzip.h"
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

Exchange::~Exchange() {
  if (request_.held_connections != nullptr) worker_.let_go(*request_.held_connections);
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
      worker_.arm_delay(wait_, std::chrono::milliseconds(wait->time_ms));
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
  // An answer that stood before is not wanted: what it went through goes with the request's filters.
  filtered_.reset();
  kept_.reset();
  const std::expected<AnswerBody, int> body = finish_answer(request_, text, from_file, worker_.boundaries());
  if (!body) {
    next = engine_.finish(body.error());
    return false;
  }
  body_ = *body;
  if (body_.filters != nullptr) start_filters();
  client_.answer_ready(client_.owner);
  return true;
}

void Exchange::start_filters() {
  const std::optional<CompressedBodies::Key> key = kept_key();
  if (key) {
    if (auto kept = worker_.compressed_bodies().find(*key)) return send_kept(std::move(kept));
  }
  filtered_ = std::make_unique<FilteredBody>(worker_, request_, body_, &file(), turn_bytes_);
  if (key) filtered_->keep_as(*key);
}

std::optional<CompressedBodies::Key> Exchange::kept_key() const {
  const BodyFilters& filters = *body_.filters;
  const bool only_coded = filters.coding != nullptr && filters.changes.empty() && filters.before.empty() && filters.after.empty();
  if (!only_coded || !request_.has_file_info || !*request_.settings<GzipSettings>().cache) return std::nullopt;
  const FileInfo& file = request_.file_info;
  const bool whole = body_.parts.size() == 1 && body_.parts[0].file_bytes != 0 && body_.parts[0].file_bytes == static_cast<std::uint64_t>(file.bytes);
  if (!whole || file.bytes > CompressedBodies::kFileBytesMax || !CompressedBodies::is_settled(file, worker_.clock().msec)) return std::nullopt;
  return CompressedBodies::key_of(file, static_cast<const Compressor&>(*filters.coding).variant());
}

// As FilteredBody would frame it, in one chunk.
void Exchange::send_kept(std::shared_ptr<const CompressedBody> kept) {
  kept_ = std::move(kept);
  static_cast<Compressor&>(*request_.filters.coding).count(kept_->bytes_before, kept_->bytes.size());
  const std::string_view bytes = kept_->bytes;
  if (body_.last_chunk.empty()) {
    const std::span<BodyPart> parts = request_.arena.make_array<BodyPart>(1);
    parts[0].text = bytes;
    body_ = {.parts = parts, .bytes = bytes.size()};
    return;
  }
  const std::span<BodyPart> parts = request_.arena.make_array<BodyPart>(4);
  parts[0].text = request_.arena.copy(fmt::format("{:x}\r\n", bytes.size()));
  parts[1].text = bytes;
  parts[2].text = "\r\n";
  parts[3].text = body_.last_chunk;
  body_ = {.parts = parts, .bytes = bytes.size()};
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

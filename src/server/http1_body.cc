// Http1 and the bodies of requests: read and thrown away, as far as an answer or the next request needs it.
#include <algorithm>

#include "http/chunked.h"
#include "modules/http_core.h"
#include "server/connection.h"
#include "server/http1.h"
#include "server/worker.h"

namespace uringx {

// False: it is malformed.
bool Http1::on_body_unwanted() {
  if (current_->body_complete || discard_body()) return true;
  log_request(request(), LogLevel::error, kInvalidChunkedBodyText);
  request().keep_alive = false;
  current_->body_complete = true;
  return false;
}

// Takes what has come of the body. False: it is malformed (and the connection can't be used any more).
bool Http1::discard_body() {
  Http1Exchange& now = *current_;
  now.exchange.request().body_discarded = true;
  if (!request().chunked_body) {
    const std::size_t here = std::min(input_.size() - now.body_start, static_cast<std::size_t>(now.body_left));
    input_.erase(now.body_start, here);
    now.body_left -= static_cast<std::int64_t>(here);
    now.body_complete = now.body_left == 0;
    return true;
  }
  while (!now.body_complete && input_.size() > now.body_start) {
    const ChunkedStep step = now.chunks.next(input_.text().substr(now.body_start));
    input_.erase(now.body_start, step.used_bytes);
    if (step.status == ChunkedStatus::invalid) return false;
    now.body_complete = step.status == ChunkedStatus::done;
    if (step.status == ChunkedStatus::need_more) break;
  }
  request().content_length = now.chunks.bytes_wanted();  // as nginx leaves it ($content_length)
  return true;
}

// After the answer: a malformed body ends the connection.
void Http1::discard_what_came() {
  if (discard_body()) return;
  log_request(request(), LogLevel::error, kInvalidChunkedBodyText);
  keep_alive_ = false;
  current_->body_complete = true;
}

void Http1::on_body_bytes() {
  discard_what_came();
  if (current_->body_complete) {
    finish_request();
  } else if (connection_.worker().ring().now() >= current_->drain_until) {
    terminate();  // it was waited for already (ngx_http_discarded_request_body_handler)
  } else {
    connection_.arm_timer(request().settings<HttpCoreLocation>().lingering_timeout->count);
  }
}

}  // namespace uringx

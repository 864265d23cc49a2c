#include "modules/request.h"

#include "modules/handler.h"

namespace uringx {
namespace {

// Texts one after another in a line's worth of bytes: what does not fit would be cut by the log anyway.
class ContextText {
 public:
  ContextText& operator<<(std::string_view text) {
    size_ += text.copy(text_ + size_, sizeof(text_) - size_);
    return *this;
  }
  std::string_view view() const { return {text_, size_}; }

 private:
  char text_[kErrorLineBytesMax];
  std::size_t size_ = 0;
};

}  // namespace

bool discard_body(Request& request) { return request.body.discard == nullptr || request.body.discard(request.body.owner); }

// ngx_http_log_error and ngx_http_log_error_handler.
void log_request(const Request& request, LogLevel level, std::string_view message, int error_number) {
  if (request.error_log == nullptr || !request.error_log->wants(level, request.connection.debug)) return;
  ContextText context;
  if (!request.action.empty()) context << " while " << request.action;
  context << ", client: " << request.client->text << ", server: " << request.server_name;
  if (!request.head.request_line.empty()) context << ", request: \"" << request.head.request_line << "\"";
  if (request.is_subrequest()) context << ", subrequest: \"" << request.uri << "\"";
  if (const HeaderField* host = request.head.find(KnownField::host)) context << ", host: \"" << host->value << "\"";
  if (const HeaderField* from = request.head.find(KnownField::referer)) context << ", referrer: \"" << from->value << "\"";
  request.error_log->write(level, request.connection.number, message, error_number, context.view(), request.connection.debug);
}

}  // namespace uringx

// StaplingFetcher asks authorities about the server's certificates (ngx_ssl_stapling_update, ngx_ssl_ocsp_request): a thread of
// its own in the worker process, which waits for names, connections and answers, so that no worker does. Made and ended on the
// process's main thread; without a responder to ask it has no thread.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "base/error_log.h"
#include "tls/tls_context.h"

namespace uringx {

class StaplingFetcher {
 public:
  // The contexts and the log outlive it. Where there can be no thread, the log is told.
  StaplingFetcher(const std::vector<const TlsContext*>& contexts, const ErrorLog& log);
  // Waits for no answer, only for a name that is being looked up.
  ~StaplingFetcher();

 private:
  struct Task;

  void run(const std::stop_token& stop);

  const ErrorLog& log_;
  std::vector<std::unique_ptr<Task>> tasks_;
  std::mutex lock_;
  std::condition_variable_any woken_;
  std::jthread thread_;  // the last: it uses the others
};

}  // namespace uringx

// Action is what a request needs next from whoever drives it: the pure half asks, the server does the waiting.
// Returned by the phase engine; FileAnswer is what the driver brings back after a probe.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

#include "modules/file_info.h"

namespace uringx {

// Open or look at the file of this path (NUL-terminated, in the request's arena), then resume the engine.
// The driver keeps the last opened file: a probe for the same path does not open it again.
struct ProbeFile {
  std::string_view path;
  bool test_only = false;  // existence and kind only (index, try_files): an unreadable file still exists
};

class FileTexts;       // http/file_texts.h
struct DirectoryWork;  // modules/handler.h

// Read the directory of this path and do the work on its entries; the handler is resumed with what came of it. Both are
// in the request's arena (or constant) and are read by the thread that reads the directory.
struct ReadDirectory {
  std::string_view path;
  const DirectoryWork* work;
};

// Look the user up in a file of passwords and check the password, on a thread that may wait (a hash is slow on purpose);
// auth_basic is resumed with the answer. Texts are in the request's arena, the path NUL-terminated.
struct CheckPassword {
  std::string_view user_file;
  std::string_view user;
  std::string_view password;
};

// Resolve the links in this path of a document root (NUL-terminated, in the request's arena) as realpath(3) does, on a thread
// that may wait; the engine is resumed with the answer.
struct ResolvePath {
  std::string_view path;
};

// Let this time pass, then resume the engine (auth_delay, limit_req).
struct Wait {
  std::int64_t time_ms;
};

// The answer's head is complete; the body is a text in the arena (or constant).
struct SendText {
  std::string_view body;
};

// The answer's head is complete; the body is the file opened last (all of it, or request ranges decided by the sender).
struct SendFile {};

// Close the connection without an answer, with this status in the log (return 444; ngx_http_terminate_request).
struct CloseConnection {
  int status = 444;
};

using Action = std::variant<ProbeFile, ReadDirectory, CheckPassword, ResolvePath, Wait, SendText, SendFile, CloseConnection>;

// What a probe found.
struct FileAnswer {
  int error_number = 0;   // 0, ENOENT, EACCES, ...
  std::string_view failed_call = "open()";  // for the error log
  FileInfo info{};        // valid when error_number is 0
  const FileTexts* texts = nullptr;  // of it, where they are kept: as long as it is the last one opened

  bool is_directory() const { return error_number == 0 && info.is_directory(); }
  bool is_file() const { return error_number == 0 && info.is_regular(); }
};

// What became of a ResolvePath.
struct PathAnswer {
  int error_number = 0;
  std::string_view path;  // without links; empty after an error. Not of the request's arena
};

// What became of a CheckPassword.
struct PasswordAnswer {
  enum class Outcome : std::uint8_t {
    match,
    mismatch,
    no_such_user,
    open_failed,   // of the file of passwords
    read_failed,
    hash_failed,   // crypt() refused what stands in the file, or memory ran out
    not_started,   // too many checks wait
  } outcome = Outcome::not_started;
  int error_number = 0;
  std::string_view user_file;
};

}  // namespace uringx

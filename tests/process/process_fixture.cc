#include "process_fixture.h"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "base/check.h"

namespace uringx {

std::string read_text(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void write_text(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

TemporaryDirectory::TemporaryDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "uringx-process.XXXXXX").string();
  CHECK(mkdtemp(name.data()) != nullptr);
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

ReadableLog::ReadableLog() : log_(error_log_, false) {
  file_.path = directory_ / "log";
  file_.fd = open(file_.path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  CHECK(file_.fd >= 0);
  error_log_.add(file_, LogLevel::info);
  log_.stop_using_stderr();
}

ReadableLog::~ReadableLog() { close(file_.fd); }

std::string ReadableLog::text() const { return read_text(file_.path); }

}  // namespace uringx

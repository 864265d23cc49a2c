// The parser turns the text of nginx.conf and of everything it includes into a ConfigTree, in nginx 1.22's
// words. Called at start and at reload, on the main thread; it keeps nothing between two calls.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "parser/config_source.h"
#include "parser/config_tree.h"

namespace uringx {

// nginx reads a file through a buffer of this size (NGX_CONF_BUFFER): a word or a comment that does not fit
// is refused.
inline constexpr std::size_t kSpanBytesMax = 4096;

// nginx has no limits here but its stack and its descriptors; ours, and those in IncludeOptions, keep the
// start bounded in stack, time and memory.
inline constexpr unsigned kBlockDepthMax = 256;   // over all files that include each other
inline constexpr unsigned kIncludeDepthMax = 64;  // a loop of includes ends here

struct IncludeOptions {
  // Put in front of relative names as it stands: the directory of the main configuration file with its
  // trailing '/'.
  std::string conf_prefix;
  // Far above any real site, for includes that multiply. A file that is included twice counts twice in both.
  unsigned files_read_max = 1'000'000;
  std::size_t text_bytes_max = 256 << 20;
  // Names of blocks in which nginx takes "include" for a word like any other.
  std::vector<std::string_view> blocks_without_include = {};
};

// Reads the main file and what it includes. `path` is printed as given. Never throws; what is wrong is in
// `error` (ngx_conf_parse). A main file that cannot be opened gives an error without a place.
ConfigTree parse_config_file(const std::string& path, const IncludeOptions& options);
ConfigTree parse_config_file(const std::string& path, const IncludeOptions& options, ConfigSource& source);

// Reads the directives of the -g option: no blocks, and errors are "... in command line" (ngx_conf_param).
ConfigTree parse_config_text(std::string_view text, const IncludeOptions& options);
ConfigTree parse_config_text(std::string_view text, const IncludeOptions& options, ConfigSource& source);

}  // namespace uringx

// What `-t --lint` prints. Called on the main thread after the test of the configuration.
#pragma once

#include "config/load_config.h"

namespace uringx {

enum class Verdict : bool { accepted, refused };
enum class LintDetail : bool { findings_only, with_summary };

// Reads the files of the configuration again and prints each finding on stderr as
// "uringx: [lint] RULE: MESSAGE in FILE:LINE". The findings change no exit status.
void print_lint(const LoadOptions& options, Verdict verdict, LintDetail detail);

}  // namespace uringx

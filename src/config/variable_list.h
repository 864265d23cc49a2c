// The list of variables for the documentation, printed from the rows that templates are compiled against, so that it cannot go
// stale. Pure; called for --print-variables.
#pragma once

#include <string>

namespace uringx {

// Every variable with a row, with the module that brings it, as a table in Markdown.
std::string variables_markdown();

}  // namespace uringx

#include "modules/handler.h"

#include "http/uri.h"

namespace uringx {

InternalRedirect redirect_to(std::string_view target) {
  const ParsedUri parsed = split_args(target);
  return {parsed.uri, parsed.args};
}

}  // namespace uringx

#include <algorithm>

#include "modules/access.h"
#include "modules/addition.h"
#include "modules/auth_basic.h"
#include "modules/autoindex.h"
#include "modules/brotli_filter.h"
#include "modules/browser.h"
#include "modules/charset.h"
#include "modules/core_main.h"
#include "modules/disable_symlinks.h"
#include "modules/empty_gif.h"
#include "modules/error_page.h"
#include "modules/geo.h"
#include "modules/gunzip.h"
#include "modules/gzip.h"
#include "modules/headers.h"
#include "modules/http_core.h"
#include "modules/http_v2.h"
#include "modules/index.h"
#include "modules/limit_conn.h"
#include "modules/limit_req.h"
#include "modules/log.h"
#include "modules/map.h"
#include "modules/precompressed.h"
#include "modules/random_index.h"
#include "modules/realip.h"
#include "modules/realpath_root.h"
#include "modules/referer.h"
#include "modules/rewrite.h"
#include "modules/secure_link.h"
#include "modules/slice.h"
#include "modules/ssi.h"
#include "modules/ssl.h"
#include "modules/stub_status.h"
#include "modules/split_clients.h"
#include "modules/static_files.h"
#include "modules/sub_filter.h"
#include "modules/try_files.h"
#include "modules/types.h"
#include "modules/userid.h"
#include "modules/zstd_filter.h"

namespace uringx {
namespace {

// nginx's order (its auto/modules): settings are inherited module by module, so the first error is nginx's
// first error. Handlers and header filters are called in the opposite order.
constexpr const Module* kModules[] = {
    &kCoreMainModule, &kOpensslModule, &kEventsModule, &kHttpCoreModule, &kDisableSymlinksModule, &kTypesModule, &kErrorPageModule,
    &kLogModule, &kHttp2Module, &kStaticFilesModule, &kPrecompressedModule, &kAutoindexModule, &kIndexModule, &kRandomIndexModule, &kTryFilesModule,
    &kAuthBasicModule, &kAccessModule, &kLimitConnModule, &kLimitReqModule, &kRealipModule, &kGeoModule, &kMapModule,
    &kSplitClientsModule, &kRefererModule, &kRewriteModule, &kSslModule, &kSecureLinkModule, &kBrowserModule,
    &kStubStatusModule, &kEmptyGifModule, &kGzipModule, &kZstdModule, &kBrotliModule, &kSsiModule, &kCharsetModule, &kSubFilterModule,
    &kAdditionModule, &kGunzipModule, &kUserIdModule, &kHeadersModule, &kSliceModule, &kRealpathRootModule,
};

}  // namespace

std::span<const Module* const> all_modules() { return kModules; }

bool Settings::note_first(std::string_view name) {
  if (std::find(noted_.begin(), noted_.end(), name) != noted_.end()) return false;
  noted_.emplace_back(name);
  return true;
}

}  // namespace uringx

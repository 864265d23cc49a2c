#include "http/error_page.h"

#include "base/version.h"

namespace uringx {

namespace {

#define URINGX_PAGE(title, heading, more) \
  "<html>\r\n"                            \
  "<head><title>" title                   \
  "</title></head>\r\n"                   \
  "<body>\r\n"                            \
  "<center><h1>" heading "</h1></center>\r\n" more

#define URINGX_PLAIN_PAGE(text) URINGX_PAGE(text, text, "")

#define URINGX_400_PAGE(text) URINGX_PAGE("400 " text, "400 Bad Request", "<center>" text "</center>\r\n")

#define URINGX_TAIL(name) \
  "<hr><center>" name     \
  "</center>\r\n"         \
  "</body>\r\n"           \
  "</html>\r\n"

constexpr std::string_view kFullTail = URINGX_TAIL("uringx/0.1.0");
constexpr std::string_view kTail = URINGX_TAIL("uringx");
static_assert(kFullTail.find(kProductAndVersion) != std::string_view::npos &&
              kTail.find(kProductName) != std::string_view::npos);

#define URINGX_PADDING_LINE "<!-- a padding to disable MSIE and Chrome friendly error page -->\r\n"
constexpr std::string_view kPadding = URINGX_PADDING_LINE URINGX_PADDING_LINE URINGX_PADDING_LINE
    URINGX_PADDING_LINE URINGX_PADDING_LINE URINGX_PADDING_LINE;

// The words differ from the status lines in places (302, 401): these are nginx's.
std::string_view page_head(int status) {
  switch (status) {
    case 301: return URINGX_PLAIN_PAGE("301 Moved Permanently");
    case 302: return URINGX_PLAIN_PAGE("302 Found");
    case 303: return URINGX_PLAIN_PAGE("303 See Other");
    case 307: return URINGX_PLAIN_PAGE("307 Temporary Redirect");
    case 308: return URINGX_PLAIN_PAGE("308 Permanent Redirect");
    case 400: return URINGX_PLAIN_PAGE("400 Bad Request");
    case 401: return URINGX_PLAIN_PAGE("401 Authorization Required");
    case 402: return URINGX_PLAIN_PAGE("402 Payment Required");
    case 403: return URINGX_PLAIN_PAGE("403 Forbidden");
    case 498:  // canceled
    case 404: return URINGX_PLAIN_PAGE("404 Not Found");
    case 405: return URINGX_PLAIN_PAGE("405 Not Allowed");
    case 406: return URINGX_PLAIN_PAGE("406 Not Acceptable");
    case 408: return URINGX_PLAIN_PAGE("408 Request Time-out");
    case 409: return URINGX_PLAIN_PAGE("409 Conflict");
    case 410: return URINGX_PLAIN_PAGE("410 Gone");
    case 411: return URINGX_PLAIN_PAGE("411 Length Required");
    case 412: return URINGX_PLAIN_PAGE("412 Precondition Failed");
    case 413: return URINGX_PLAIN_PAGE("413 Request Entity Too Large");
    case 414: return URINGX_PLAIN_PAGE("414 Request-URI Too Large");
    case 415: return URINGX_PLAIN_PAGE("415 Unsupported Media Type");
    case 416: return URINGX_PLAIN_PAGE("416 Requested Range Not Satisfiable");
    case 421: return URINGX_PLAIN_PAGE("421 Misdirected Request");
    case 429: return URINGX_PLAIN_PAGE("429 Too Many Requests");
    case 494: return URINGX_400_PAGE("Request Header Or Cookie Too Large");
    case 495: return URINGX_400_PAGE("The SSL certificate error");
    case 496: return URINGX_400_PAGE("No required SSL certificate was sent");
    case 497: return URINGX_400_PAGE("The plain HTTP request was sent to HTTPS port");
    case 500: return URINGX_PLAIN_PAGE("500 Internal Server Error");
    case 501: return URINGX_PLAIN_PAGE("501 Not Implemented");
    case 502: return URINGX_PLAIN_PAGE("502 Bad Gateway");
    case 503: return URINGX_PLAIN_PAGE("503 Service Temporarily Unavailable");
    case 504: return URINGX_PLAIN_PAGE("504 Gateway Time-out");
    case 505: return URINGX_PLAIN_PAGE("505 HTTP Version Not Supported");
    case 507: return URINGX_PLAIN_PAGE("507 Insufficient Storage");
    default: return {};
  }
}

}  // namespace

std::string_view server_text(ServerTokens tokens) {
  // `build` differs only for binaries that were given a build name, which this one is not.
  return tokens == ServerTokens::off ? kProductName : kProductAndVersion;
}

ErrorPage error_page(int status, ServerTokens tokens, bool pad) {
  ErrorPage page;
  page.head = page_head(status);
  if (page.head.empty()) return page;
  page.tail = tokens == ServerTokens::off ? kTail : kFullTail;
  if (pad && status >= 400) page.padding = kPadding;
  return page;
}

}  // namespace uringx

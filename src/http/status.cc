#include "http/status.h"

namespace uringx {

std::string_view status_line(int status) {
  switch (status) {
    case 200: return "200 OK";
    case 201: return "201 Created";
    case 202: return "202 Accepted";
    case 204: return "204 No Content";
    case 206: return "206 Partial Content";
    case 301: return "301 Moved Permanently";
    case 302: return "302 Moved Temporarily";
    case 303: return "303 See Other";
    case 304: return "304 Not Modified";
    case 307: return "307 Temporary Redirect";
    case 308: return "308 Permanent Redirect";
    case 400: return "400 Bad Request";
    case 401: return "401 Unauthorized";
    case 402: return "402 Payment Required";
    case 403: return "403 Forbidden";
    case 404: return "404 Not Found";
    case 405: return "405 Not Allowed";
    case 406: return "406 Not Acceptable";
    case 408: return "408 Request Time-out";
    case 409: return "409 Conflict";
    case 410: return "410 Gone";
    case 411: return "411 Length Required";
    case 412: return "412 Precondition Failed";
    case 413: return "413 Request Entity Too Large";
    case 414: return "414 Request-URI Too Large";
    case 415: return "415 Unsupported Media Type";
    case 416: return "416 Requested Range Not Satisfiable";
    case 421: return "421 Misdirected Request";
    case 429: return "429 Too Many Requests";
    case 500: return "500 Internal Server Error";
    case 501: return "501 Not Implemented";
    case 502: return "502 Bad Gateway";
    case 503: return "503 Service Temporarily Unavailable";
    case 504: return "504 Gateway Time-out";
    case 505: return "505 HTTP Version Not Supported";
    case 507: return "507 Insufficient Storage";
    default: return {};
  }
}

int wire_status(int status) { return status >= 494 && status <= 497 ? 400 : status; }

bool closes_connection(int status) {
  switch (status) {
    case 400:
    case 413:
    case 414:
    case 495:
    case 496:
    case 497:
    case 500:
    case 501: return true;
    default: return false;
  }
}

}  // namespace uringx

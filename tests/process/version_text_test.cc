#include "process/version_text.h"

#include <doctest/doctest.h>

#include <string>

namespace uringx {

TEST_CASE("-v names the compatible nginx where tools look for it") {
  CHECK(version_line() == "nginx version: nginx/1.26.0 (uringx 0.1.0)\n");
}

TEST_CASE("-V reads like nginx's") {
  const std::string text = configure_text();
  CHECK(text.starts_with("built with OpenSSL "));
  CHECK(text.contains("\nTLS SNI support enabled\n"));
  CHECK(text.contains("\nconfigure arguments: --prefix=/usr/share/nginx "));
  CHECK(text.contains(" --conf-path=/etc/nginx/nginx.conf "));
  CHECK(text.ends_with("_module\n"));
}

TEST_CASE("-V lists default modules that are missing, and no others") {
  const std::string text = configure_text();
  CHECK(text.contains(" --without-http_proxy_module"));
  CHECK(text.contains(" --without-http_fastcgi_module"));
  CHECK(!text.contains("--without-http_access_module"));
  CHECK(!text.contains("--without-http_autoindex_module"));
  CHECK(text.contains(" --without-http_mirror_module"));
  CHECK(!text.contains("--without-http_gzip_module"));
  CHECK(!text.contains("--without-http_limit_req_module"));
  CHECK(!text.contains("--without-http_rewrite_module"));
}

TEST_CASE("-V lists the optional modules that are there, and no others") {
  const std::string text = configure_text();
  for (const char* name : {"ssl", "v2", "realip", "stub_status", "secure_link", "random_index", "gzip_static", "gunzip", "sub", "addition", "slice"}) {
    CHECK(text.contains(" --with-http_" + std::string(name) + "_module"));
  }
  for (const char* name : {"dav", "mp4", "flv"}) CHECK(!text.contains("--with-http_" + std::string(name) + "_module"));
}

TEST_CASE("the help names every option") {
  const std::string text = usage_text();
  for (const char* option : {"-?,-h", "-v ", "-V ", "-t ", "-T ", "-q ", "-s signal", "-p prefix",
                             "-e filename", "-c filename", "-g directives", "--lint", "--print-variables"}) {
    CHECK(text.contains(option));
  }
}

}  // namespace uringx

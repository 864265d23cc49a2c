#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/lint/lint_fixture.h"

namespace uringx {
namespace {

// The lines of a server block: with the trap, and as they should be. The first holds one finding of the rule on line 2,
// the second holds nothing.
struct Pair {
  const char* rule;
  const char* trap;
  const char* sound;
};

std::string server_of(const char* lines) { return fmt::format("events {{}} http {{ server {{ listen 80;\n{}\n}} }}", lines); }

constexpr Pair kServerPairs[] = {
    {"alias-slash", "location /img { alias /data/; }", "location /img/ { alias /data/; }"},
    {"alias-slash", "location /img/ { alias /data; }", "location /img { alias /data; }"},
    {"alias-slash", "location ^~ /img/ { alias /data$x/y; }", "location /img/ { alias /data/$x; }"},
    {"alias-slash", "location /a { location /a/b { alias /c/; } }", "location = /a { alias /b/; }"},
    {"alias-regex", "location ~ ^/img/ { alias /data/; }", "location ~ ^/img/(.*)$ { alias /data/$1; }"},
    {"alias-regex", "location ~ ^/img/ { alias /data/; }", "location ~ ^/favicon { alias /data/favicon.ico; }"},
    {"try-files-alias", "location ~ ^/i/(.*)$ { alias /d/$1; try_files $uri =404; }",
     "location /i/ { alias /d/; try_files $uri =404; }"},
    {"try-files-fallback", "location / { try_files $uri index.html; }", "location / { try_files $uri /index.html; }"},
    {"try-files-fallback", "try_files $uri index.html;", "try_files $uri $uri/ =404;"},
    {"try-files-fallback", "try_files $uri app;", "try_files $uri @app;"},
    {"location-never-matches", "location img/ { }", "location /img/ { }"},
    {"location-never-matches", "location /a?b=c { }", "location /a { }"},
    {"location-never-matches", "location = /a%20b { }", "location = '/a b' { }"},
    {"location-never-matches", "location /a/* { }", "location /100% { }"},
    {"location-never-matches", "location ^/admin { }", "location ~ ^/admin { }"},
    {"location-never-matches", "location \\.php$ { }", "location ~ \\.php$ { }"},
    {"location-never-matches", "location //a { }", "merge_slashes off; location //a { }"},
    {"location-never-matches", "location =http://a/ { }", "location @http { }"},
    {"root-repeated", "location /a/ { root /v; } location / { root /v; }", "root /v; location /a/ { } location / { }"},
    {"root-repeated", "location /a/ { root /v; } location / { root /v; }",
     "location / { root /v; } location = /50x.html { root /v; }"},
    {"root-repeated", "location /a/ { root /v; } location / { root /v; }",
     "location /a/ { root /srv/html; } location / { root html; }"},
    {"root-missing", "location / { root /v; } location /a/ { autoindex on; }",
     "location / { root /v; } location /a/ { return 403; }"},
    {"root-missing", "location / { root /v; } location /a/ { autoindex on; }",
     "location / { root /v; } location /a/ { alias /w/; autoindex on; }"},
    {"root-missing", "location / { root /v; } location /a/ { autoindex on; }",
     "location / { root /v; } location /a/ { deny all; }"},
    {"root-exposes", "root /;", "root /srv/www;"},
    {"root-exposes", "location / { root /etc; }", "location /nginx/ { root /etc; }"},
    {"regex-never-matches", "location ~ ^admin { }", "location ~ ^/?admin { }"},
    {"regex-never-matches", "location ~ ^[^/]+\\.php { }", "location ~ ^.*\\.php { }"},
    {"regex-never-matches", "location ~ /a\\?b=1 { }", "location ~ /ab? { }"},
    {"regex-never-matches", "location ~ \\.php$/x { }", "location ~ \\.php(/|$) { }"},
    {"regex-never-matches", "location ~ ^/a//b { }", "location ~ ^/a/+b { }"},
    {"regex-never-matches", "location /a/ { location ~ ^/b { } }", "location /a/ { location ~ ^/a/b { } location ~ \\.b$ { } }"},
    {"regex-shadowed", "location ~ \\.php$ { } location ~ ^/admin/.*\\.php$ { }",
     "location ~ ^/admin/.*\\.php$ { } location ~ \\.php$ { }"},
    {"regex-shadowed", "location ~* \\.(js|css|png)$ { } location ~ \\.(css|js)$ { }",
     "location ~* \\.(js|css)$ { } location ~ \\.(css|png)$ { }"},
    {"regex-shadowed", "location ~* \\.php$ { } location ~ \\.php$ { }", "location ~ \\.php$ { } location ~* \\.php$ { }"},
    {"regex-shadowed", "location ~ \\.a$ { } location ~ \\.b$ { } location ~ \\.(a|b)$ { }",
     "location ~ \\.a$ { } location ~ \\.b$ { } location ~ \\.(a|b|c)$ { }"},
    {"regex-shadowed", "location ^~ /static/ { } location ~ ^/static/.*\\.css$ { }",
     "location /static/ { } location ~ ^/static/.*\\.css$ { }"},
    {"regex-shadowed", "location ~ /\\. { } location ~ /\\.ht { }", "location ~ /\\.(?!well-known) { } location ~ /\\.w { }"},
    {"prefix-behind-regex", "location /admin.php { } location ~ \\.php$ { }",
     "location = /admin.php { } location ~ \\.php$ { }"},
    {"prefix-behind-regex", "location /a/ { } location ~ ^/ { }", "location ^~ /a/ { } location ~ ^/ { }"},
    {"prefix-behind-regex", "location /admin.php { } location ~ \\.php$ { }", "location /admin/ { } location ~ \\.php$ { }"},
    {"regex-bare-dot", "location ~ .php$ { }", "location ~ \\.php$ { }"},
    {"regex-bare-dot", "location ~* .(?:css|js)$ { }", "location ~ /.+ { }"},
    {"add-header-lost", "add_header A 1; location / { add_header B 2; }",
     "add_header A 1; location / { add_header a 2; add_header B 2; }"},
    {"add-header-lost", "add_header A 1; location / { if ($x) { add_header B 2; } }", "add_header A 1; location / { expires 1h; }"},
    {"add-header-lost", "add_header A 1; location / { add_header B 2; }",
     "add_header A 1; location / { add_header_inherit merge; add_header B 2; }"},
    {"add-trailer-lost", "add_trailer A 1; location / { add_trailer B 2; }", "add_trailer A 1; location / { add_header B 2; }"},
    {"cache-control-twice", "expires 1h; add_header Cache-Control 'public, max-age=60';",
     "expires 1h; add_header Cache-Control 'public, max-age=3600';"},
    {"cache-control-twice", "expires 30d; add_header cache-control no-store;", "expires -1; add_header Cache-Control no-store;"},
    {"cache-control-twice", "expires max; add_header Cache-Control no-cache;", "expires max; add_header Cache-Control public;"},
    {"add-header-lost", "add_header A 1; location / { add_header B 2; return 200 x; }",
     "add_header A 1; location / { add_header B 2 always; return 404 x; }"},
    {"add-header-lost", "add_header A 1 always; location / { add_header B 2 always; return 404 x; }",
     "add_header A 1; location / { add_header B 2 always; return 500 x; }"},
    {"add-header-lost", "add_header A 1; location / { add_header Content-Type x/y; return 204; }",
     "location = /ok { return 200 ok; default_type x/y; }"},
    {"content-type-twice", "add_header A 1; location = /ok { return 200 ok; add_header Content-Type text/plain; }",
     "location = /ok { return 204; add_header Content-Type text/plain; }"},
    {"content-type-twice", "location = /ok { return 200 ok; add_header Content-Type text/plain; }",
     "location = /ok { return 200 ok; default_type text/plain; }"},
    {"allow-without-deny", "location / { allow 10.0.0.1; }", "location / { allow 10.0.0.1; deny all; }"},
    {"allow-without-deny", "deny all; location / { allow 10.0.0.1; }", "deny all; location / { allow all; }"},
    {"allow-without-deny", "location / { allow 10.0.0.1; }", "satisfy any; location / { allow 10.0.0.1; auth_basic x; }"},
    {"access-after-all", "deny all; allow 10.0.0.1;", "allow 10.0.0.1; deny all;"},
    {"access-after-all", "location / { allow all; deny 10.0.0.1; }", "location / { deny 10.0.0.1; deny all; deny all; }"},
    {"return-before-access", "location / { allow 10.0.0.1; deny all; return 200 x; }", "location / { deny all; return 404; }"},
    {"return-before-access", "location / { auth_basic x; return 200 x; }", "location / { auth_basic off; return 200 x; }"},
    {"uri-in-header", "return 301 https://a$uri;", "return 301 https://a$request_uri;"},
    {"uri-in-header", "location / { return 302 https://a${document_uri}x; }", "location / { return 200 $uri; }"},
    {"uri-in-header", "rewrite ^ https://a$uri permanent;", "rewrite ^ /x$uri last;"},
    {"uri-in-header", "location / { add_header X-Path $uri; }", "location / { add_header X-Path $uri_x; }"},
    {"capture-in-header", "location ~ ^/a/([^/]*)$ { return 301 /b/$1; }", "location ~ ^/a/(.*)$ { return 301 /b/$1; }"},
    {"capture-in-header", "location ~ ^/a/(?<n>[^/]*)$ { return 301 /b/$n; }", "location ~ ^/a/([^/\\s]*)$ { return 301 /b/$1; }"},
    {"capture-in-header", "location ~ ^/(x)/([^/]*)$ { return 301 /b/$2; }", "location ~ ^/(x)/([^/]*)$ { return 301 /b/$1; }"},
    {"capture-in-header", "if ($uri ~ ^/a/([^/]*)$) { return 301 /b/$1; }", "if ($request_uri ~ ^/a/([^?]*)) { return 301 /b/$1; }"},
    {"capture-in-header", "location ~ ^/a/([^/]*)$ { return 301 /b/$1; }", "rewrite ^/a/([^/]*)$ /b/$1 permanent;"},
    {"if-drops-try-files", "location / { if ($arg_x) { set $y 1; } try_files $uri =404; }",
     "location / { if ($arg_x) { return 403; } try_files $uri =404; }"},
    {"if-several", "location / { if ($arg_x) { expires 1h; } if ($arg_y) { limit_rate 1k; } }",
     "location / { if ($arg_x) { expires 1h; } if ($arg_x = 1) { expires 2h; } }"},
    {"if-several", "location / { if ($arg_x) { expires 1h; } if ($arg_y) { limit_rate 1k; } }",
     "location / { if ($arg_x) { set $a 1; } if ($arg_y) { limit_rate 1k; } }"},
    {"if-compares-pattern", "if ($request_method = GET|POST) { return 403; }", "if ($request_method ~ GET|POST) { return 403; }"},
    {"if-compares-pattern", "location / { if ($host != ^www) { return 403; } }", "location / { if ($host = www.a) { return 403; } }"},
    {"error-page-relative", "error_page 404 404.html;", "error_page 404 /404.html; error_page 403 =200 @x; error_page 500 https://a/;"},
    {"server-name-form", "server_name http://a.b;", "server_name a.b *.a.b ~^x:/,$;"},
    {"server-name-form", "server_name a.b:8080;", "server_name a.b;"},
    {"server-name-form", "server_name a.b,c.d;", "server_name a.b c.d;"},
    {"missing-semicolon", "index index.html server_name x;", "index index.html index.php;"},
    {"log-switch", "error_log off;", "error_log /dev/null; access_log off;"},
    {"log-switch", "access_log on;", "access_log logs/on;"},
};

}  // namespace

TEST_CASE("each rule tells of its trap, on its line, and of nothing where it is avoided") {
  for (const Pair& pair : kServerPairs) {
    CAPTURE(pair.trap);
    CAPTURE(pair.sound);
    CHECK(told(LintedConfig(server_of(pair.trap))) == fmt::format("{}:2", pair.rule));
    CHECK(told(LintedConfig(server_of(pair.sound))) == "");
  }
}

TEST_CASE("servers that share an address want a default_server") {
  const auto servers = [](const char* first, const char* second) {
    return told(LintedConfig(fmt::format("events {{}} http {{ server {{ {} }}\nserver {{ {} }} }}", first, second)));
  };
  CHECK(servers("listen 80; server_name a;", "listen *:80; server_name b;") == "no-default-server:1");
  CHECK(servers("server_name a;", "listen 0.0.0.0; server_name b;") == "no-default-server:1");
  CHECK(servers("listen 80; listen [::]:80; server_name a;", "listen 80; listen [::]:80; server_name b;") == "no-default-server:1");
  CHECK(servers("listen 80; server_name a;", "listen 80;") == "no-default-server:2");
  CHECK(servers("listen 80; server_name a;", "listen 80; server_name _;") == "no-default-server:2");
  CHECK(servers("listen 80; server_name a;", "listen 80 default_server; server_name b;") == "");
  CHECK(servers("listen 80; server_name a;", "listen 8080; server_name b;") == "");
  CHECK(servers("listen 80; server_name _;", "listen 80; server_name b;") == "");
  CHECK(servers("listen 80; server_name a; return 444;", "listen 80; server_name b;") == "");
  CHECK(servers("listen 80; server_name a; listen 127.0.0.1:80;", "listen 8080;") == "");
}

TEST_CASE("port 443 wants TLS, wherever the address is said to have it") {
  const auto server = [](const char* lines) {
    return told(LintedConfig(fmt::format("events {{}} http {{ server {{ {} }} }}", lines)));
  };
  CHECK(server("listen 443; server_name a; ssl_certificate c;") == "plain-443:1");
  CHECK(server("listen [::]:443;") == "plain-443:1");
  CHECK(server("listen 443 ssl;") == "");
  CHECK(server("listen 443; ssl on;") == "");
  CHECK(server("listen 8443;") == "");
  CHECK(told(LintedConfig("events {} http { server { listen 443; server_name a; }\n"
                          "server { listen 443 ssl default_server; server_name b; } }")) == "");
}

TEST_CASE("a types block of a server's own is told of when it is smaller than the one it replaces") {
  const auto types = [](const char* own) {
    return told(LintedConfig(fmt::format(
        "events {{}} http {{ types {{ text/html html; text/css css; image/png png; }}\nserver {{ listen 80; {} }} }}", own)));
  };
  CHECK(types("types { application/wasm wasm; }") == "types-replaced:2");
  CHECK(types("types { }") == "");
  CHECK(types("location / { types { text/plain log; } }") == "");
  CHECK(types("types { a/a a; a/b b; a/c c; a/d d; }") == "");
}

TEST_CASE("a root that ends like its location is told of when the file system shows the mistake") {
  LintedConfig config(server_of("location /static/ { root /var/www/static; }"));
  CHECK(told(config) == "");
  config.facts.directories = {"/var/www/static"};
  CHECK(told(config) == "root-doubled:2");
  config.facts.directories.insert("/var/www/static/static");
  CHECK(told(config) == "");
}

TEST_CASE("a key is told of when everybody can read it") {
  LintedConfig config(server_of("ssl_certificate_key key.pem;"));
  CHECK(told(config) == "");
  config.facts.open_to_all = {"/etc/nginx/key.pem"};
  CHECK(told(config) == "readable-key:2");
  LintedConfig without_file(server_of("ssl_certificate_key data:$x;"));
  without_file.facts.open_to_all = {"/etc/nginx/data:$x"};
  CHECK(told(without_file) == "");
}

TEST_CASE("outdated-copy") {
  const auto told_of = [](const char* text) {
    LintedConfig config(server_of(text));
    config.facts.outdated = {"/srv/html/a.css.gz", "/data/b.js.br"};
    return told(std::move(config));
  };
  CHECK(told_of("gzip_static on;") == "outdated-copy:2");
  CHECK(told_of("gzip_static off;") == "");
  CHECK(told_of("brotli_static on;") == "");
  CHECK(told_of("root /data; gzip_static on; brotli_static always;") == "outdated-copy:2");
  CHECK(told_of("root /srv/$host; gzip_static on;") == "");
}

}  // namespace uringx

"""`-t` on good configurations and on mutants of them (a dropped `;`, a swapped context, a wrong arity ...),
from a fixed seed.

URINGX_MUTANTS=N takes N mutants of each kind of each base text instead of the usual few: a longer search for
differences.
"""
import os

from harness.config_texts import config_cases
from harness.mutate import mutants

SEED = 20260401
PER_MUTATOR = int(os.environ.get("URINGX_MUTANTS", "5"))

DEBIAN = """\
user www-data;
worker_processes auto;
pid nginx.pid;
error_log logs/error.log;
include modules-enabled/*.conf;

events {
	worker_connections 768;
	# multi_accept on;
}

http {
	sendfile on;
	tcp_nopush on;
	types_hash_max_size 2048;
	# server_tokens off;
	include mime.types;
	default_type application/octet-stream;
	ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; # Dropping SSLv3, ref: POODLE
	ssl_prefer_server_ciphers on;
	access_log logs/access.log;
	gzip on;
	server {
		listen @P0@ default_server;
		listen [::]:@P0@ default_server;
		root html;
		index index.html index.htm index.nginx-debian.html;
		server_name _;
		location / {
			# First attempt to serve request as file, then
			try_files $uri $uri/ =404;
		}
	}
}
"""

CONTAINER = """\
user  nobody nogroup;
worker_processes  auto;

error_log  logs/error.log notice;
pid        nginx.pid;

events {
    worker_connections  1024;
}

http {
    include       mime.types;
    default_type  application/octet-stream;

    log_format  main  '$remote_addr - $remote_user [$time_local] "$request" '
                      '$status $body_bytes_sent "$http_referer" '
                      '"$http_user_agent" "$http_x_forwarded_for"';

    access_log  logs/access.log  main;
    sendfile        on;
    #tcp_nopush     on;
    keepalive_timeout  65;
    server {
        listen       127.0.0.1:@P0@;
        server_name  localhost;
        #access_log  logs/host.access.log  main;
        location / {
            root   html;
            index  index.html index.htm;
        }
        error_page   500 502 503 504  /50x.html;
        location = /50x.html {
            root   html;
        }
    }
}
"""

SITE = """\
worker_processes 2;
worker_rlimit_nofile 4096;
events { worker_connections 512; multi_accept on; }
http {
  log_format timing escape=json '{"t":"$time_iso8601","s":$status,"u":"$uri"}';
  access_log logs/timing.log timing buffer=32k flush=5s if=$arg_log;
  client_header_buffer_size 2k;
  large_client_header_buffers 8 16k;
  client_max_body_size 10m;
  client_body_timeout 10s;
  keepalive_timeout 75s 60s;
  keepalive_requests 200;
  open_file_cache max=1000 inactive=20s;
  open_file_cache_valid 30s;
  open_file_cache_errors on;
  types { text/html html htm; text/css css; image/png png; }
  server {
    listen 127.0.0.1:@P0@ default_server backlog=64 reuseport;
    listen [::1]:@P1@ ipv6only=on;
    server_name example.com *.example.com ~^(?<sub>[a-z]+)\\.example\\.net$;
    root html/$sub;
    error_page 404 =200 /missing.html;
    error_page 403 @denied;
    location = / { return 301 https://$host$request_uri; }
    location ^~ /static/ {
      alias html/;
      expires 30d;
      add_header Cache-Control "public" always;
      autoindex on;
      autoindex_exact_size off;
    }
    location ~* \\.(png|jpe?g)$ { max_ranges 2; etag off; }
    location /private { internal; deny all; }
    location /upload {
      limit_except GET POST { allow 127.0.0.1; deny all; }
      location ~ \\.tmp$ { return 444; }
    }
    location @denied { return 403 "no $remote_addr\\n"; }
  }
  server {
    listen 127.0.0.1:@P0@;
    server_name "";
    server_tokens off;
    return 444;
  }
}
"""

BASES = {"debian": DEBIAN, "container": CONTAINER, "site": SITE}
CASES = [(f"mutant {base}: {name}", text) for number, (base, good) in enumerate(BASES.items())
         for name, text in [("unbroken", good)] + mutants(good, SEED + number, PER_MUTATOR)]


@config_cases(CASES)
def test_mutant(case_id, text, check_config):
    check_config(case_id, text)

"""-t on the directives of HTTP/2 and on `listen ... http2`: verdict and words, compared with nginx."""
from harness.config_texts import config_cases, each, http, location, main, server

OBSOLETE = ("http2_recv_timeout 1m;", "http2_idle_timeout 1m;", "http2_max_requests 10;", "http2_max_field_size 4k;",
            "http2_max_header_size 4k;", "http2_max_requests x;", "http2_max_requests 1 2;", "http2_max_requests 1; http2_max_requests 1;")
ROWS = [
    *each(http, "http2_recv_buffer_size 4k;", "http2_recv_buffer_size 16;", "http2_recv_buffer_size 32;", "http2_recv_buffer_size 33;", "http2_recv_buffer_size 4z;",
          "http2_recv_buffer_size 4k; http2_recv_buffer_size 4k;", "http2_recv_buffer_size;"),
    *each(server, "http2_recv_buffer_size 4k;"),
    *each(http, *OBSOLETE),
    *each(server, *OBSOLETE),
    *each(location, "http2_max_requests 10;", "http2_max_concurrent_streams 1;", "http2_body_preread_size 1;"),
    *each(server, "http2_pool_size 4k;", "http2_pool_size 3;", "http2_pool_size 113;", "http2_pool_size 112;", "http2_pool_size x;",
          "http2_streams_index_size 3;", "http2_streams_index_size 0;", "http2_streams_index_size 64;", "http2_streams_index_size x;",
          "http2_body_preread_size 0;", "http2_body_preread_size 64k;", "http2_body_preread_size 2047m;",
          "http2_body_preread_size 2048m;", "http2_body_preread_size 3g;",
          "http2_max_concurrent_streams 0;", "http2_max_concurrent_streams -1;", "http2_max_concurrent_streams 99999;",
          "http2_max_concurrent_streams 1; http2_max_concurrent_streams 1;", "http2_max_concurrent_streams;"),
    *each(http, "http2_chunk_size 8k;", "http2_chunk_size 0;"),
    *each(location, "http2_chunk_size 0;", "http2_chunk_size 1;", "http2_chunk_size 100m;", "http2_chunk_size x;",
          "http2_chunk_size 1; http2_chunk_size 2;"),
    *each(main, "http2_chunk_size 1;"),
    *each(server, "listen 127.0.0.1:@P1@ http2;", "listen 127.0.0.1:@P1@ http2 http2;", "listen 127.0.0.1:@P1@ http2 proxy_protocol;",
          "listen unix:@PREFIX@/s http2;", "listen 127.0.0.1:@P1@ http2=on;"),
    *each(http, "server { listen 127.0.0.1:@P1@ http2; } server { listen 127.0.0.1:@P1@; server_name a; }",
          "server { listen 127.0.0.1:@P1@; } server { listen 127.0.0.1:@P1@ http2; server_name a; }"),
]


@config_cases(ROWS)
def test_config(case_id, text, check_config):
    check_config(case_id, text)

"""Where uringx over HTTP/2 differs from nginx 1.22 over HTTP/2 on purpose, beside what known_differences.py lists for every
transport. By reason, then by the aspects that differ; the cases are those of the other files, played over h2 and h2c.
"""

REASONS = {
    "SIZES": "large_client_header_buffers limits fields as they are over HTTP/1.1, with the same answers (414, 400) on their own streams; "
             "over HTTP/2 nginx measures what Huffman coding left of a field and ends the connection",
    "SEEN_AS_400": "return 494 to 497 shows the client 400 over HTTP/2 too, as over HTTP/1.1; nginx sends the number",
    "BROKEN": "over HTTP/2 no field goes out that a client has to take for an error: blanks round a value, a blank in a name, Connection",
    "METHOD": "the log of a method that cannot be one names host and request as over HTTP/1.1",
    "ENCODED": "$bytes_sent and $request_length over HTTP/2 count what nghttp2's compression makes of the fields",
}

CASES = {
    "SIZES": {
        ("status", "header:Server", "header:Date", "header:Content-Type", "header:Content-Length", "header:Last-Modified", "header:ETag", "header:Accept-Ranges", "body", "complete", "answers", "end", "access_log:access.log", "error_log"): [
            "error_page at server level: 414",
        ],
        ("status", "header:Server", "header:Date", "header:Content-Type", "header:Content-Length", "header:ETag", "body", "complete", "answers", "end", "access_log:access.log", "error_log"): [
            "error_page at server level: 494",
        ],
        ("access_log:access.log", "error_log"): [
            "header sizes: URI of 2000 bytes",
            "header sizes: a field of 2000 bytes",
            "default header sizes: URI of 40000 bytes",
        ],
        ("status", "header:Content-Length", "body", "access_log:access.log", "error_log"): [
            "server_tokens off: 414",
            "combined: 414",
            "error_log info: long URI",
            "error_log notice: long URI",
            "error_log warn: long URI",
            "error_log error: long URI",
            "error_log crit: long URI",
            "error_log alert: long URI",
            "error_log emerg: long URI",
            "header sizes: URI of 600 bytes",
            "header sizes: long URI in two packets",
            "default header sizes: URI of 8200 bytes",
            "default header sizes: URI of 9000 bytes",
        ],
        ("status", "header:Content-Length", "header:ETag", "body", "access_log:access.log", "error_log"): [
            "error_page: URI too long",
        ],
        ("status", "header:Content-Length", "header:Last-Modified", "header:ETag", "header:Accept-Ranges", "body", "access_log:access.log", "error_log"): [
            "combined: 494",
            "error_log info: long header",
            "error_log notice: long header",
            "error_log warn: long header",
            "error_log error: long header",
            "error_log crit: long header",
            "error_log alert: long header",
            "error_log emerg: long header",
        ],
        ("status", "header:Content-Type", "header:Content-Length", "header:Last-Modified", "header:ETag", "header:Accept-Ranges", "body", "access_log:access.log", "error_log"): [
            "header sizes: a field of 600 bytes",
            "default header sizes: a field of 9000 bytes",
        ],
        ("status", "header:Server", "header:Date", "header:Content-Type", "header:Content-Length", "body", "complete", "answers", "end", "access_log:access.log", "error_log"): [
            "header sizes: a field name of 600 bytes",
        ],
        ("status", "header:Content-Type", "header:Content-Length", "body", "access_log:access.log", "error_log"): [
            "header sizes across servers: long to small",
            "header sizes across servers: small then large then small",
        ],
        ("access_log:access.log",): [
            "header sizes: 4 fields of 400 bytes",
            "header sizes: 8 fields of 400 bytes",
            "header sizes: 20 fields of 100 bytes",
            "default header sizes: fields of 40 KiB in all",
        ],
    },
    "SEEN_AS_400": {
        ("status",): [
            "return: /t494",
            "return: /t495",
            "return: /t496",
            "return: /t497",
        ],
    },
    "BROKEN": {
        ("status", "header:Server", "header:Date", "header:Content-Type", "header:Content-Length", "header:WWW-Authenticate", "body", "complete", "answers", "end", "access_log:access.log", "error_log"): [
            "auth_basic: bytes b'plain\\n:x'",
        ],
        ("status", "header:Server", "header:Date", "header:Content-Type", "header:Content-Length", "header:Last-Modified", "header:ETag", "header:X-Var", "header:Accept-Ranges", "body", "complete", "answers", "end", "access_log:access.log"): [
            "add_header: /var/ten.txt",
        ],
        ("status", "header:Server", "header:Date", "header:Content-Type", "header:Content-Length", "header:Last-Modified", "header:ETag", "header:Accept-Ranges", "body", "complete", "answers", "end", "access_log:access.log"): [
            "add_header: /conn/ten.txt",
        ],
        ("status", "header:Server", "header:Date", "header:Content-Type", "header:Content-Length", "body", "complete", "answers", "end", "access_log:access.log"): [
            "return: /t301",
            "return: /t302",
            "return: /t303",
            "return: /t307",
            "return: /t308",
        ],
        ("header:X y",): [
            "add_header: /name/ten.txt",
        ],
    },
    "METHOD": {
        ("error_log",): [
            "combined: lower-case method",
            "methods: get",
            "methods: Get",
            "limit_except: get /webdav/ten.txt",
        ],
    },
    "ENCODED": {
        ("access_log:all.log",): [
            "all log variables: /ten.txt",
            "all log variables: /ten.txt?a=1",
            "all log variables: /missing",
            "all log variables: /dir",
            "all log variables: /dir/",
            "all log variables: /cc/ten.txt",
            "all log variables: /ka",
            "all log variables: /ret",
            "all log variables: /auto/sub/",
            "all log variables: /noindex/",
            "all log variables: /big.bin",
            "all log variables: /empty.txt",
            "all log variables: /a%20b?a=%20",
            "all log variables: long head",
            "all log variables: body",
            "all log variables: body to a file",
            "all log variables: chunked body",
            "all log variables: chunked body to a file",
            "all log variables: body in two packets",
            "all log variables: head in three packets",
            "all log variables: bad host",
            "all log variables: no host",
            "all log variables: pipelined",
            "all log variables: HEAD",
            "all log variables: range",
            "all log variables: multi range",
            "all log variables: 416",
            "all log variables: 304",
            "all log variables: all headers",
            "all log variables: Expect",
        ],
        ("access_log:all.log", "access_log:req.log"): [
            "all log variables: /%zz",
        ],
    },
}

"""`-t`: the verdict and the words on good and broken configurations, over every directive of the first
wave."""
import pytest

from harness.pair import NotServedYet


def main(text: str) -> str:
    return text + "\nevents { }\n"


def events(text: str) -> str:
    return f"pid t.pid; events {{\n{text}\n}}\n"


def http(text: str) -> str:
    return f"pid t.pid; events {{ }}\nhttp {{\n{text}\n}}\n"


def server(text: str) -> str:
    return http(f"server {{ listen 127.0.0.1:@P0@;\n{text}\n}}")


def location(text: str) -> str:
    return server(f"location / {{\n{text}\n}}")


def each(context, *texts: str) -> list:
    """One case for each text, named after context and text."""
    return [(f"{context.__name__}: {t}", context(t)) for t in texts]


SYNTAX = [
    ("empty file", ""), ("only a comment", "# x"), ("only blanks", " \n\t\r\n"), ("no events", "http { }"),
    ("no http", "events { }"), ("events twice", "events { } events { }"),
    ("http twice", "events { } http { } http { }"), ("server outside", main("server { }")),
    ("location outside", main("location / { }")),
    ("location in http", http("location / { }")), ("server in server", server("server { }")),
    ("http in server", server("http { }")), ("unknown directive", main("nonsense on;")),
    ("unknown block", http("nonsense { }")),
    ("unknown directive, last line without newline", "events { }\nnonsense"),
    ("unknown in location", location("nonsense;")),
    ("wrong case", http("Server { }")), ("missing semicolon", http("server_tokens off\netag on;")),
    ("missing semicolon before }", http("server_tokens off")),
    ("missing semicolon at the end of file", "events { }\nworker_processes 1"),
    ("missing brace at the end of file", "events { }\nhttp {\nserver {\n"),
    ("missing brace of events", "events {"), ("brace too many", "events { }\n}"),
    ("brace too many inside", http("server { } }")), ("brace without directive", main("{ }")),
    ("semicolon alone", main(";")), ("two semicolons", main("worker_processes 1;;")),
    ("block directive with semicolon", "events;"), ("http with semicolon", "events { } http;"),
    ("server with semicolon", http("server;")), ("location with semicolon", server("location /;")),
    ("simple directive with block", http("server_tokens { }")),
    ("simple directive with block and value", http("server_tokens off { }")),
    ("block with an argument", "events x { }"), ("server with an argument", http("server x { }")),
    ("http with an argument", "events { } http x { }"),
    ("location without argument", server("location { }")),
    ("location with three", server("location = /a /b { }")),
    ("unterminated double quote", main('worker_processes "1;')),
    ("unterminated single quote", main("worker_processes '1;")),
    ("quote then text", main('worker_processes "1"x;')),
    ("quote then quote", main('worker_processes "1""2";')),
    ("quote inside a word", http('log_format a b"c"d;')), ("empty quotes", main('worker_processes "";')),
    ("quoted directive name", main('"worker_processes" 1;')),
    ("quoted semicolon", http('log_format x "a;b";')),
    ("quoted newline", http('log_format x "a\nb";')), ("quoted brace", http('log_format x "a{b}";')),
    ("escape in quotes", http('log_format x "a\\"b\\\\c\\n";')),
    ("escape outside", http("log_format x a\\ b\\;c\\{d;")),
    ("backslash at the end of file", "events { }\nuser a\\"),
    ("escaped newline", http("log_format x a\\\nb;")), ("hash in a word", http("log_format x a#b;")),
    ("hash after a blank", http("log_format x a #b;\n;")),
    ("comment at the end without newline", "events { } # x"),
    ("comment with braces", "events { # { } ; \" '\n}"),
    ("comment before ;", main("worker_processes 1 # x\n;")),
    ("brace in a variable", http("log_format x ${status};")),
    ("brace variable then text", http("log_format x a${status}b;")),
    ("unclosed brace variable", http("log_format x ${status;")),
    ("dollar at the end", http("log_format x a$;")), ("empty variable", http("log_format x $ ;")),
    ("empty brace variable", http("log_format x ${};")),
    ("unknown variable", http("log_format x $nonsense;")), ("brace glued to a word", "events{}"),
    ("http{ glued", "events{} http{server{listen 127.0.0.1:@P0@;}}"),
    ("value glued to brace", server("location /{ }")),
    ("all on one line", "events{}http{server{listen 127.0.0.1:@P0@;location /{root html;}}}"),
    ("CRLF", http("server_tokens off;\r\netag on;\r\n").replace("\n", "\r\n")),
    ("CR only", "events { }\rhttp { }\r"), ("BOM", b"\xef\xbb\xbfevents { }\n"),
    ("BOM in the middle", b"events { }\n\xef\xbb\xbfhttp { }\n"), ("UTF-16", "events { }".encode("utf-16")),
    ("NUL", b"events { }\n\0"), ("NUL in a word", b"events { }\nuser a\0b;\n"),
    ("NUL in a flag", b"events { }\nhttp { etag o\0n; }\n"),
    ("NUL in a choice", b"events { }\nhttp { satisfy o\0n; keepalive_disable x; }\n"),
    ("unknown thread pool of a location",
        location("aio threads=p;") + "thread_pool q threads=1;"),
    ("thread pool defined later", location("aio threads=p;") + "thread_pool p threads=1;"),
    ("thread pool that comes before connections", main("thread_pool a threads=1; http { aio threads=p; }")),
    ("affinity and no events", "worker_processes 3; worker_cpu_affinity 01 10;"),
    ("form feed", b"events { }\f\nhttp { }"), ("vertical tab", b"events {\v}"),
    ("no-break space", "events {\u00a0}\n".encode()), ("high bytes", b"events { }\nuser \xff\xfe;\n"),
    ("tabs", "events\t{\t}\thttp\t{\t}\t"),
    ("UTF-8 name", "events { }\nhttp { server { listen 127.0.0.1:@P0@; server_name münchen.de; } }"),
    *[(f"word of {n} bytes", http(f'log_format x "{"a" * n}";')) for n in (4000, 4090, 4094, 4095, 4096, 4097,
        5000, 9000)], ("word of 5000 bytes unquoted", http("log_format x " + "a" * 5000 + ";")),
    ("5000 bytes in an unterminated quote", http('log_format x "' + "a" * 5000)),
    ("5000 bytes of blanks", http("log_format x" + " " * 5000 + "y;")),
    ("comment of 9000 bytes", http("#" + "x" * 9000)),
    ("100 arguments", http("index " + " ".join(f"a{i}" for i in range(100)) + ";")),
    ("2000 words in a line",
        http("server { listen 127.0.0.1:@P0@; server_name " + " ".join(f"n{i}.x" for i in range(2000)) + "; "
            ""
            ""
            ""
            "}")),
    ("nested 20 deep", server("location / { " * 20 + "} " * 20)),
    ("lua block", http("server { content_by_lua_block { ngx.say('x') } }")),
    ("lua block with braces", server('location / { content_by_lua_block { if x then y = {} end } }')),
    ("init lua", http("init_by_lua_block { local x = 1; }")), ("directive name with digits", main("x1 2;")),
    ("directive name of 200 bytes", main("x" * 200 + ";")), ("a number as a directive", main("1;")),
    ("dollar as a directive", main("$x 1;")), ("name with underscore end", main("worker_processes_ 1;")),
    ("newline between name and value", main("worker_processes\n\n1\n;")),
    ("error on line 7", "\n\n\n\n\n\nnonsense;\n"),
    ("error in the middle of a line", "events { } worker_processes 1; nonsense 2; user x;"),
    ("multi-line directive, error at its end", "events { }\nhttp {\nlog_format\nx\n$nonsense\n;\n}"),
    ("unexpected end in a word", "events { }\nuser roo"), ("only a quote", '"'), ("only {", "{"),
    ("only }", "}"), ("only ;", ";"), ("perl style", "sub x { }"),
    ("apache style", "<VirtualHost *:80>\n</VirtualHost>"), ("yaml style", "events:\n  worker: 1\n"),
    ("json style", '{"events": {}}'),
]

INCLUDE = [
    *each(http, "include conf.d/*.conf;", "include conf.d/one.conf;", "include conf.d/none*.conf;",
        "include conf.d/none.conf;", "include nosuch/one.conf;", "include;", "include a b;",
        "include conf.d;", "include inc/empty.conf;", "include inc/comment.conf;", "include inc/nonl.conf;",
        "include inc/half.conf;", "include inc/half.conf; include inc/close.conf;", "include "
        "inc/close.conf;", "include inc/unknown.conf;", "include inc/nosemicolon.conf;",
          "include inc/crlf.conf;", 'include "inc/a space.conf";', "include inc/a\\ space.conf;",
        "include inc/unclosedquote.conf;", "include inc/binary.conf;", "include @PREFIX@/conf.d/*.conf;",
        "include conf.d/[ot]*.conf;", "include conf.d/???.conf;", "include ./conf.d/../conf.d/one.conf;",
        "include inc/block.conf;", "types { include inc/types.conf; }", "include mime.types;",
        "include mime.types; include mime.types;", "include conf.d/*; server_tokens off;",
        "include notafolder/x;", "include $x.conf;", "include inc/*.nothing;", "include {a,b};",
        'include "";'),
    *each(server, "include inc/block.conf;", "include conf.d/one.conf;",
        "include inc/block.conf; include inc/block.conf;"),
    *each(main, "include inc/empty.conf;", "include inc/unknown.conf;", "include mime.types;",
        "include t2.conf;"), *each(events, "include inc/empty.conf;", "include inc/nonl.conf;"),
    *each(location, "include inc/nonl.conf;", "include inc/block.conf;", "types { include mime.types; }"),
]

MAIN = [
    *each(main, "user;", "user nobody;", "user nobody nogroup;", "user nobody nogroup x;", "user "
        "nosuchuser;", "user nobody nosuchgroup;", "user root;", "user www-data;",
        "user nobody nogroup; user root;", "worker_processes 4;", "worker_processes auto;",
        "worker_processes 0;", "worker_processes -1;", "worker_processes x;", "worker_processes 1 2;",
        "worker_processes;", "worker_processes 1; worker_processes 2;", "worker_processes 1k;",
        "worker_processes 99999999999;", "worker_processes 1.5;", "worker_processes AUTO;",
          "worker_rlimit_nofile 1024;", "worker_rlimit_nofile x;", "worker_rlimit_nofile;",
        "worker_rlimit_nofile 1; worker_rlimit_nofile 2;", "worker_rlimit_nofile -1;",
        "worker_rlimit_nofile 64k;", "worker_rlimit_core 1m;", "worker_rlimit_core 1t;",
        "worker_cpu_affinity auto;", "worker_cpu_affinity 01 10;", "worker_cpu_affinity auto 01;",
        "worker_cpu_affinity 02;", "worker_cpu_affinity;", "worker_cpu_affinity x;",
        "worker_processes 2; worker_cpu_affinity 01;", "worker_processes 2; worker_cpu_affinity 01 10 11;",
        "worker_cpu_affinity " + "1" * 1025 + ";", "worker_cpu_affinity auto auto;",
        "worker_cpu_affinity 1; worker_cpu_affinity 1;",
          "worker_priority 5;", "worker_priority -5;", "worker_priority x;", "worker_shutdown_timeout 5s;",
        "worker_shutdown_timeout x;", "working_directory /tmp;", "pid t.pid;", "pid;", "pid a; pid b;",
        "pid nosuch/t.pid;", "pid a b;", 'pid "";', "daemon on;", "daemon off;", "daemon yes;", "daemon;",
        "daemon ON;", "daemon on; daemon off;", "daemon on off;", "master_process off;",
        "master_process maybe;", "master_process on; master_process on;", "timer_resolution 100ms;",
        "timer_resolution x;", "lock_file x.lock;", "env A;", "env A=b;", "env;", "pcre_jit on;",
        "pcre_jit x;", "ssl_engine nosuch;", "debug_points stop;", "debug_points x;",
        "thread_pool a threads=2;", "thread_pool a;", "thread_pool default threads=2 max_queue=10;",
        "thread_pool a threads=0;",
          "thread_pool a max_queue=3;", "thread_pool a x;", "thread_pool a threads=2 x;",
          "load_module modules/ngx_stream_module.so;", "load_module modules/nosuch.so;", "load_module;",
        "load_module a b;", "error_log logs/x.log;",
        "error_log logs/x.log debug;", "error_log logs/x.log debug_http;", "error_log logs/x.log loud;",
        "error_log logs/x.log error warn;", "error_log;", "error_log stderr;", "error_log stderr info;",
        "error_log nosuch/x.log;", "error_log logs/x.log; error_log logs/y.log;",
        "error_log logs/x.log ERROR;", 'error_log "";', "error_log syslog:server=127.0.0.1:10514;",
        "error_log syslog:;", "error_log syslog:x=y;", "error_log memory:32k;", "error_log /dev/null crit;",
        "error_log logs;", "events { }", "use epoll;", "worker_connections 5;", "server_name x;", "root x;",
        "listen 80;", "google_perftools_profiles x;", "stream { }", "mail { }", "worker_aio_requests 5;",
        "quic_bpf on;"),
    ("load_module after events", "events { }\nload_module modules/x.so;"),
    *each(events, "worker_connections 768;", "worker_connections 0;", "worker_connections x;",
        "worker_connections -1;", "worker_connections;", "worker_connections 1 2;",
        "worker_connections 5; worker_connections 6;", "worker_connections 1;", "worker_connections 10k;",
        "use epoll;", "use poll;", "use select;", "use kqueue;", "use nonsense;", "use;",
        "use epoll; use epoll;", "use epoll; use poll;", "use /dev/poll;", "use io_uring;",
        "multi_accept on;", "multi_accept x;", "multi_accept on; multi_accept off;", "accept_mutex on;",
        "accept_mutex maybe;", "accept_mutex_delay 500ms;", "accept_mutex_delay x;", "accept_mutex_delay "
        "-5;", "worker_aio_requests 32;", "debug_connection 127.0.0.1;", "debug_connection x;",
        "debug_connection 10.1.2.3/8;", "debug_connection ::1/33;", "debug_connection unix:;",
        'debug_connection "";', "debug_connection 1.2.3.4/33;", "debug_connection all;",
        "nonsense on;", "listen 80;", "server_tokens off;", "http { }", "worker_processes 1;", "events { }"),
]

LISTEN = [
    *each(lambda t: http(f"server {{ listen {t}; }}"), "127.0.0.1:@P0@", "@P0@", "*:@P0@", "localhost:@P0@",
        "[::1]:@P0@", "[::]:@P0@", "0.0.0.0:@P0@", "127.0.0.1", "::1", "[::1", "[::1]", "[::1]:",
        "127.0.0.1:", ":@P0@", "127.0.0.1:0", "127.0.0.1:65535", "127.0.0.1:65536", "127.0.0.1:99999",
        "127.0.0.1:-1", "127.0.0.1:abc", "127.0.0.1:80a", "0", "65536", "70000", "-1", "80a", "a80",
        "nosuch.invalid:@P0@", "nosuch.invalid", "256.0.0.1:@P0@", "127.0.0.1.5:@P0@", "127.1:@P0@",
        "192.0.2.1:@P0@", "unix:@PREFIX@/t.sock", "unix:", "unix:relative.sock", "unix:" + "/x" * 60,
        "unix:/nosuch/t.sock", "http://x", "*", "*:", "*:x", "$x:80", "",
          "127.0.0.1:18093-18095 reuseport", "127.0.0.1:18090-18092", "127.0.0.1:18092-18090", "18090-18091",
        "127.0.0.1:1-", "127.0.0.1:@P0@ default_server", "127.0.0.1:@P0@ default",
        "127.0.0.1:@P0@ default_server default_server", "127.0.0.1:@P0@ defaultserver", "127.0.0.1:@P0@ ssl",
        "127.0.0.1:@P0@ http2", "127.0.0.1:@P0@ ssl http2", "127.0.0.1:@P0@ spdy", "127.0.0.1:@P0@ quic",
        "127.0.0.1:@P0@ proxy_protocol", "127.0.0.1:@P0@ bind", "127.0.0.1:@P0@ backlog=5",
        "127.0.0.1:@P0@ backlog=0", "127.0.0.1:@P0@ backlog=x", "127.0.0.1:@P0@ backlog=",
        "127.0.0.1:@P0@ backlog=-1", "127.0.0.1:@P0@ backlog", "127.0.0.1:@P0@ rcvbuf=8k",
        "127.0.0.1:@P0@ rcvbuf=x", "127.0.0.1:@P0@ sndbuf=8k", "127.0.0.1:@P0@ sndbuf=x",
          "127.0.0.1:@P0@ deferred", "127.0.0.1:@P0@ accept_filter=httpready", "127.0.0.1:@P0@ setfib=1",
        "127.0.0.1:@P0@ fastopen=5", "127.0.0.1:@P0@ fastopen=x", "127.0.0.1:@P0@ reuseport",
        "127.0.0.1:@P0@ so_keepalive=on", "127.0.0.1:@P0@ so_keepalive=off",
        "127.0.0.1:@P0@ so_keepalive=30m::10", "127.0.0.1:@P0@ so_keepalive=30m:5s:10",
        "127.0.0.1:@P0@ so_keepalive=::", "127.0.0.1:@P0@ so_keepalive=x",
        "127.0.0.1:@P0@ so_keepalive=1:2:3:4", "127.0.0.1:@P0@ so_keepalive=", "[::1]:@P0@ ipv6only=on",
        "[::1]:@P0@ ipv6only=off", "[::1]:@P0@ ipv6only=x", "127.0.0.1:@P0@ ipv6only=on",
        "127.0.0.1:@P0@ nonsense", "127.0.0.1:@P0@ nonsense=1",
        "127.0.0.1:@P0@ deferred backlog=10 reuseport so_keepalive=on rcvbuf=1m",
        "unix:@PREFIX@/t.sock reuseport", "unix:@PREFIX@/t.sock deferred"),
    *each(http, "server { listen; }", "server { listen 127.0.0.1:@P0@; listen 127.0.0.1:@P0@; }",
        "server { listen 127.0.0.1:@P0@; listen 127.0.0.1:@P1@; }",
        "server { listen 127.0.0.1:@P0@ default_server; } server { listen 127.0.0.1:@P0@ default_server; }",
        "server { listen 127.0.0.1:@P0@ backlog=5; } server { listen 127.0.0.1:@P0@ backlog=6; }",
        "server { listen 127.0.0.1:@P0@ backlog=5; } server { listen 127.0.0.1:@P0@; }",
        "server { listen 127.0.0.1:@P0@ reuseport; } server { listen 127.0.0.1:@P0@; }",
        "server { listen 127.0.0.1:@P0@ reuseport; } server { listen 127.0.0.1:@P0@ reuseport; }",
        "server { listen 127.0.0.1:@P0@ ssl; } server { listen 127.0.0.1:@P0@; }",
          "server { listen @P0@; } server { listen 127.0.0.1:@P0@; }",
        "server { listen @P0@; listen [::]:@P0@; }", "server { listen @P0@; listen [::]:@P0@ "
        "ipv6only=off; }", "server { listen localhost:@P0@; listen 127.0.0.1:@P0@; }",
        "server { listen 127.0.0.1:@P0@; listen [::1]:@P0@; server_name a; } server { listen "
        "127.0.0.1:@P0@; server_name a; }", "listen 80;",
        "server { listen 127.0.0.1:@P0@ so_keepalive=on; } server { listen 127.0.0.1:@P0@ "
        "so_keepalive=on; }", "server { }" if False else "server { listen 127.0.0.1:@P0@; }"),
    *each(location, "listen 127.0.0.1:@P1@;"),
]
LISTEN = [(name.replace("<lambda>", "listen"), text) for name, text in LISTEN]

SERVER_NAME = [
    *each(server, "server_name;", "server_name a b c;", "server_name a a;", "server_name _;",
        'server_name "";', "server_name *.a;", "server_name .a;", "server_name a.*;", "server_name *;",
        "server_name *.;", "server_name a.*.b;", "server_name *a.b;", "server_name a*;", "server_name a*.b;",
        "server_name *.*;", "server_name *.a.*;", "server_name .;", "server_name ..;", "server_name -;",
        "server_name a..b;", "server_name a.;", "server_name ~;", "server_name ~^a$;", "server_name ~(;",
        "server_name ~[;", "server_name ~a{2};", 'server_name "~a{2}";', "server_name ~^(?<x>a)$;",
        "server_name ~^(?P<x>a)$;", "server_name ~^(?<x>a)(?<x>b)$;", "server_name ~^(?<1>a)$;",
        "server_name ~*^a;", "server_name ~\\;", "server_name $hostname;", "server_name $x;",
        "server_name a:80;", "server_name http://a;", "server_name a/b;", "server_name a,b;",
        "server_name a, b;", "server_name a;b;", "server_name A.B;", "server_name [::1];",
        "server_name münchen.de;", "server_name ~(?:a|b)\\.c$ d;", "server_name a; server_name b;",
        "server_name " + "a" * 300 + ";"),
    *each(http, "server_name a;",
        "server { listen 127.0.0.1:@P0@; server_name a; } server { listen 127.0.0.1:@P0@; server_name a; }",
        "server { listen 127.0.0.1:@P0@; server_name *.a; } server { listen 127.0.0.1:@P0@; server_name "
        "*.a; }",
        "server { listen 127.0.0.1:@P0@; server_name .a; } server { listen 127.0.0.1:@P0@; server_name "
        "*.a a; }",
        "server { listen 127.0.0.1:@P0@; server_name a.*; } server { listen 127.0.0.1:@P0@; server_name "
        "a.*; }", "server { listen 127.0.0.1:@P0@; } server { listen 127.0.0.1:@P0@; }",
        "server { listen 127.0.0.1:@P0@; server_name ~a; } server { listen 127.0.0.1:@P0@; server_name "
        "~a; }",
        "server { listen 127.0.0.1:@P0@; server_name A; } server { listen 127.0.0.1:@P0@; server_name a; }",
          "server_names_hash_bucket_size 64;",
        "server_names_hash_bucket_size 32; server { listen 127.0.0.1:@P0@; server_name " + "a" * 60 + ".example.com; "
        ""
        ""
        ""
        "}",
        "server_names_hash_max_size 1; server { listen 127.0.0.1:@P0@; server_name a b c d e f g h i j k "
        "l m n o p q r s t u v w x y z; }", "server_names_hash_max_size x;",
        "server_names_hash_max_size 512; server_names_hash_max_size 512;"),
]

LOCATION = [
    *each(server, "location / { }", "location = / { }", "location =/ { }", "location ~ x { }",
        "location ~x { }", "location ~* x { }", "location ~*x { }", "location ^~ / { }", "location ^~/ { }",
        "location @a { }", "location @ { }", "location ! / { }", "location !~ / { }", "location ~ ( { }",
        "location ~ [ { }", "location ~ * { }", "location ~ \\ { }", "location ~ a{2} { }",
        'location ~ "a{2}" { }', "location ~ (?<a>x)(?<b>y) { }", "location ~ (?<a-b>x) { }",
        "location ~ (?<a>x)(?<a>y) { }", "location ~ (?P<a>x) { }",
        "location ~ (?<abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz>x) { }", "location = @a { }",
        "location = { }", "location ~ { }", "location ~ '' { }", "location '' { }", "location a { }",
        "location *.txt { }", "location . { }", "location $x { }", "location == / { }", "location ^ / { }",
        "location ~~ / { }", "location ^~ ~ { }",
          "location / { } location / { }", "location = / { } location = / { }",
        "location = / { } location / { }", "location ^~ /a { } location /a { }",
        "location ~ a { } location ~ a { }", "location @a { } location @a { }",
        "location /a { location / { } }", "location /a { location /b { } }",
        "location /a { location /a { } }", "location /a { location /a/b { } }",
        "location /a { location = /a { } }", "location /a { location ~ x { } }",
        "location /a { location @x { } }", "location = /a { location /a/b { } }",
        "location @x { location /a { } }", "location ~ a { location /b { } }",
        "location ~ a { location ~ b { } }", "location /a { location /ab { } }",
        "location /a/ { location /a { } }", "location ^~ /a { location ^~ /a/b { } }",
        "location /A { } location /a { }", "location / { server { } }", "location / { http { } }",
        "location / { events { } }", "location / { location / { } location / { } }",
        "location \"/a b\" { } location /a\\ b { }",
        "location / { root html; } location ~ \\.php$ { root html; }"),
]

FILES = [
    *each(server, "root;", "root a b;", "root html; root html;", "root html;", "root /;",
        "root $document_root;", "root $realpath_root/x;", "root $nonsense;", "root /a/$host;", 'root "";',
        "alias html;", "index;", "index a b;", "index a/;", 'index "";', "index a; index b;", "index /a /b;",
        "index $nonsense;", "index $host.html;", "try_files a;", "try_files a b;", "try_files;",
        "try_files a =404;", "try_files a = ;", "try_files a =;", "try_files a =x;", "try_files a =1000;",
        "try_files a =99999;", "try_files a =-1;", "try_files a @b;", "try_files =404 a;",
        "try_files a =404; try_files b =404;", "try_files $nonsense =404;", "try_files $uri $uri/ =404;",
        "autoindex on;", "autoindex x;", "autoindex;", "autoindex on; autoindex on;",
        "autoindex_exact_size maybe;", "autoindex_exact_size off;", "autoindex_localtime on;",
        "autoindex_localtime x;", "autoindex_format html;", "autoindex_format x;",
        "autoindex_format json xml;",
          "types { }", "types { text/html html; }", "types { text/html; }", "types { text/html html html; }",
        "types { text/html html; text/plain html; }", "types { text/html { } }", "types { ; }", "types x "
        "{ }", "types { include mime.types; }", "types { a/b c d e; }", "types { default x; }",
        "types { a/b .c; }", "types { text/html html }", "types { \"a b\" c; }", "types { a/b C; }",
        "default_type a/b;", "default_type;", "default_type a b;", "default_type a; default_type b;",
        'default_type "";', "types_hash_max_size 2048;", "types_hash_max_size x;",
        "types_hash_bucket_size 64;", "types_hash_bucket_size 0;", "types_hash_max_size 0;",
        "types_hash_bucket_size 65473;", "types_hash_bucket_size 9223372036854775807;",
        "types_hash_bucket_size 0; types { }", "types_hash_bucket_size 0; location / { types { a b; } }",
        "sendfile on;", "sendfile x;",
        "sendfile on; sendfile on;", "sendfile_max_chunk 1m;", "sendfile_max_chunk x;",
        "sendfile_max_chunk 0;", "sendfile_max_chunk -1;", "sendfile_max_chunk 1g;", "tcp_nopush on;",
        "tcp_nopush;", "tcp_nodelay off;", "tcp_nodelay 1;", "directio off;", "directio 4m;", "directio on;",
        "directio x;", "directio_alignment 512;", "directio_alignment x;", "aio on;", "aio off;",
        "aio threads;", "aio threads=default;", "aio threads=nosuch;", "aio threads=;",
        "aio threads=a$uri;", "aio x;", "aio threads=$x;",
        "output_buffers 1 32k;", "output_buffers 1;", "read_ahead 1k;", "postpone_output 1460;",
          "open_file_cache off;", "open_file_cache max=100;", "open_file_cache max=100 inactive=20s;",
        "open_file_cache inactive=20s;", "open_file_cache max=0;", "open_file_cache max=x;",
        "open_file_cache inactive=x;", "open_file_cache x;", "open_file_cache;",
        "open_file_cache max=1 max=2;", "open_file_cache off; open_file_cache off;",
        "open_file_cache_valid 30s;", "open_file_cache_valid x;", "open_file_cache_min_uses 2;",
        "open_file_cache_min_uses x;", "open_file_cache_errors on;", "open_file_cache_errors x;", "etag on;",
        "etag x;", "if_modified_since exact;", "if_modified_since on;", "if_modified_since before;",
        "if_modified_since;", "max_ranges 5;", "max_ranges x;", "max_ranges -1;", "disable_symlinks on;",
        "disable_symlinks x;", "disable_symlinks on from=$document_root;"),
    *each(location, "alias html;", "alias;", "alias a b;", "alias html; alias html;",
        "root html; alias html;", "alias html; root html;", 'alias "";', "alias $document_root;",
        "alias $realpath_root;", "alias $nonsense;", "alias $1;", "alias /a/$host/;", "internal;",
        "internal on;", "internal; internal;", "return 200; root html;"),
    *each(server, "internal;", "location @a { alias html; }", "location @a { internal; }",
        "location ~ x { alias html; }", "location = /x { alias html/x; try_files $uri =404; }",
        "location / { alias html; location /b { root html; } }"),
    *each(http, "internal;", "alias x;", "root html;", "index a;", "try_files a =404;", "autoindex on;",
        "types { a/b c; } types { d/e f; }"),
]

ANSWERS = [
    *each(server, "return;", "return 200;", "return 200 text;", "return 200 a b;", "return text;",
        "return 1000;", "return 999;", "return 99999999;", "return -1;", "return 0;", "return x;",
        "return http://x;", "return https://$host/;", "return $scheme://x;", "return /x;", "return 301;",
        "return 301 /x;", "return 301 $nonsense;", "return 200 \"\";", "return 444;", "return 200 ${host};",
        "return 200 ${nonsense};", "return 404; return 200;", "return 20x;", "return 200x y;",
        "return 200 $;", "return 200 $1;", "return 200 $9;", "return 200 $10;", "return '';", "return 204 "
        "x;", "return http;", "return ftp://x;", "return 50 x;", "return 99;", "return 600;",
          "error_page;", "error_page 404;", "error_page 404 /x;", "error_page 404 403 /x;",
        "error_page 404 =200 /x;", "error_page 404 = /x;", "error_page 404 =x /x;", "error_page 404 =;",
        "error_page 404 =200;", "error_page 200 /x;", "error_page 299 /x;", "error_page 300 /x;",
        "error_page 599 /x;", "error_page 600 /x;", "error_page x /x;", "error_page 404x /x;",
        "error_page 499 /x;", "error_page 444 /x;", "error_page 404 @a;", "error_page 404 http://x;",
        "error_page 404 $nonsense;", "error_page 404 /$status;", "error_page 404 /a /b;",
        "error_page 404 /a; error_page 404 /b;", "error_page 404 =1000 /x;", "error_page 404 =99 /x;",
        "error_page 404 == /x;", "error_page 404 =20x /x;", "error_page =200 /x;",
        "error_page 494 495 496 497 /x;", "error_page 404 =200 =201 /x;", "error_page 404 '';",
          "add_header;", "add_header A;", "add_header A b;", "add_header A b always;",
        "add_header A b never;", "add_header A b always x;", "add_header A b c d;", "add_header A "
        "$nonsense;", 'add_header "" b;', 'add_header A "";', "add_header A b; add_header A c;",
        "add_header Cache-Control x;", "add_header A ${host};", "add_trailer A b;", "add_trailer A b "
        "always;", "expires;", "expires 1h;", "expires -1;", "expires max;", "expires epoch;", "expires "
        "off;", "expires on;", "expires x;", "expires modified;", "expires modified 1h;",
        "expires modified x;", "expires 1h 2h;", "expires @15h;", "expires @25h;", "expires @24h;",
        "expires @x;", "expires modified @15h;", "expires modified max;", "expires 1x;", "expires +1h;",
        "expires +-1;", "expires -;", "expires $nonsense;", "expires $arg_e;", "expires 1h; expires 1h;",
        "expires 1M;", "expires 1y;", "expires 100000y;", "expires 99999999999999s;", "expires 1d12h;",
        "expires 1h1d;", "expires ''; ",
          "allow;", "allow all;", "allow 127.0.0.1;", "allow 127.0.0.0/8;", "allow 127.0.0.1/8;",
        "allow 127.0.0.1/33;", "allow 127.0.0.1/0;", "allow ::1;", "allow ::/0;", "allow ::1/129;",
        "allow ::1/64;", "allow unix:;", "allow unix:x;", "allow x;", "allow localhost;", "allow 127.0.0;",
        "allow 127.0.0.1 127.0.0.2;", "allow 127.0.0.1/x;", "allow 127.0.0.1/;", "allow /8;",
        "allow 256.1.1.1;", "allow ::g;", "deny all;", "deny;", "deny x;", "deny ALL;", "deny 10.0.0.1/8;",
        "deny all; allow all; deny all;", "satisfy any;", "satisfy some;", "satisfy any; satisfy all;",
          "server_tokens on;", "server_tokens off;", "server_tokens build;", "server_tokens x;",
        "server_tokens;", "server_tokens on; server_tokens on;", "absolute_redirect off;",
        "absolute_redirect x;", "port_in_redirect off;", "port_in_redirect x;", "server_name_in_redirect "
        "on;", "server_name_in_redirect x;", "merge_slashes off;", "merge_slashes x;",
        "underscores_in_headers on;", "underscores_in_headers x;", "ignore_invalid_headers off;",
        "ignore_invalid_headers x;", "charset utf-8;", "charset off;", "charset;", "charset a b;",
        "charset utf-8; charset utf-8;", "charset $nonsense;", "charset $host;", "source_charset koi8-r;",
        "charset koi8-r; source_charset windows-1251;", "override_charset on;", "charset_types text/css;",
        "recursive_error_pages on;", "msie_padding off;", "msie_refresh on;",
        "chunked_transfer_encoding off;"),
    *each(location, "limit_except GET { deny all; }", "limit_except { deny all; }",
        "limit_except GET POST { deny all; }", "limit_except get { deny all; }",
        "limit_except BREW { deny all; }", "limit_except GET;", "limit_except GET { }",
        "limit_except GET { root html; }", "limit_except GET { return 405; }",
        "limit_except GET { allow 127.0.0.1; deny all; } limit_except POST { deny all; }",
        "limit_except HEAD PUT DELETE MKCOL COPY MOVE OPTIONS PROPFIND PROPPATCH LOCK UNLOCK PATCH { deny "
        "all; }", "limit_except TRACE { deny all; }", "limit_except GET { location / { } }",
        "limit_except GET { limit_except POST { } }", "merge_slashes on;", "underscores_in_headers on;",
        "server_name x;", "server_tokens off;"),
    *each(server, "limit_except GET { deny all; }"),
    *each(http, "return 200;", "limit_except GET { }", "allow all; deny all;", "add_header A b;",
        "expires 1h;", "error_page 404 /x;"),
]

CONNECTIONS = [
    *each(server,
        *[f"{name} {value};" for name in ("client_header_timeout", "client_body_timeout", "send_timeout",
            "lingering_time", "lingering_timeout", "keepalive_time") for value in ("10", "10s", "1m30s", "x",
                "-1", "1h 2h", "", "10ms", "1y", "9999999999")],
          "keepalive_timeout 65;", "keepalive_timeout 65 60;", "keepalive_timeout 65s 60s;",
        "keepalive_timeout 65 60 x;", "keepalive_timeout x;", "keepalive_timeout 65 x;", "keepalive_timeout;",
        "keepalive_timeout 0;", "keepalive_timeout 1; keepalive_timeout 2;", "keepalive_timeout -1;",
        "keepalive_requests 100;", "keepalive_requests x;", "keepalive_requests 0;", "keepalive_requests "
        "-5;", "keepalive_requests 1k;", "keepalive_disable none;", "keepalive_disable msie6 safari;",
        "keepalive_disable opera;", "keepalive_disable none; keepalive_disable none;",
        "keepalive_disable msie6 msie6;", "lingering_close on;", "lingering_close always;",
        "lingering_close off;", "lingering_close x;", "reset_timedout_connection on;",
        "reset_timedout_connection x;",
          "client_header_buffer_size 1k;", "client_header_buffer_size x;", "client_header_buffer_size 0;",
        "client_header_buffer_size -1;", "client_header_buffer_size 1g;", "client_header_buffer_size 1k 2k;",
        "client_header_buffer_size 1k; client_header_buffer_size 1k;", "large_client_header_buffers 4 8k;",
        "large_client_header_buffers 4;", "large_client_header_buffers 4 x;",
        "large_client_header_buffers x 8k;", "large_client_header_buffers 0 8k;",
        "large_client_header_buffers 4 100;", "large_client_header_buffers 4 512;",
        "large_client_header_buffers 1 1k;", "large_client_header_buffers -1 8k;",
        "large_client_header_buffers 4 8k 9;", "client_max_body_size 1m;", "client_max_body_size 0;",
        "client_max_body_size x;", "client_max_body_size -1;", "client_max_body_size 1g;",
        "client_max_body_size 1t;", "client_max_body_size 1.5m;", "client_max_body_size 1 m;",
        "client_max_body_size 99999999999999999999;", "client_max_body_size 1m; client_max_body_size 2m;",
        "client_max_body_size 1M;", "client_max_body_size 1mb;", "client_max_body_size $x;",
        "client_body_buffer_size 16k;", "client_body_buffer_size x;", "client_body_temp_path tmp;",
        "client_body_temp_path tmp 1 2;", "client_body_temp_path tmp 1 2 3 4;",
        "client_body_temp_path tmp 4;", "client_body_temp_path tmp 4 6;", "client_body_temp_path tmp 4 4 3;",
        "client_body_in_file_only on;", "connection_pool_size 512;",
        "connection_pool_size 1;", "connection_pool_size 100;", "request_pool_size 4k;",
        "request_pool_size 1;", "limit_rate 1k;", "limit_rate x;", "limit_rate_after 1m;",
        "resolver 127.0.0.1;", "resolver_timeout 5s;", "send_lowat 1k;", "client_body_in_single_buffer on;"),
    *each(location, "client_header_timeout 1;", "client_header_buffer_size 1k;",
        "large_client_header_buffers 4 8k;", "keepalive_timeout 5;", "client_max_body_size 5;",
        "connection_pool_size 512;", "lingering_close off;"),
    *each(main, "keepalive_timeout 5;", "client_max_body_size 5;"),
]

LOGS = [
    *each(http, "log_format;", "log_format a;", "log_format a b;", "log_format a '$status' '$uri';",
        "log_format a $nonsense;", "log_format a b; log_format a c;", "log_format combined b;",
        "log_format a escape=json b;", "log_format a escape=x b;", "log_format a escape=none b;",
        "log_format a escape=default;", "log_format a '';", "log_format a escape=json;",
        "log_format a '$upstream_addr $upstream_response_time';",
        "log_format a '$ssl_protocol $gzip_ratio $geoip_country_code';",
        "log_format a '$http_x $cookie_y $arg_z $sent_http_a $upstream_http_b';", "log_format a '$1';",
        "log_format a '$statusx';", "log_format a '${status}x';",
        "log_format a '$bytes_sent$connection$pipe';",
          "access_log;", "access_log off;", "access_log off combined;", "access_log logs/a.log;",
        "access_log logs/a.log combined;", "access_log logs/a.log nosuch;",
        "access_log logs/a.log combined buffer=1k;", "access_log logs/a.log buffer=1k;",
        "access_log logs/a.log combined buffer=x;", "access_log logs/a.log combined buffer=0;",
        "access_log logs/a.log combined flush=1s;", "access_log logs/a.log combined buffer=1k flush=1s;",
        "access_log logs/a.log combined buffer=1k flush=x;", "access_log logs/a.log combined gzip;",
        "access_log logs/a.log combined gzip=5;", "access_log logs/a.log combined gzip=10;",
        "access_log logs/a.log combined gzip=x;", "access_log logs/a.log combined if=$arg_a;",
        "access_log logs/a.log combined if=;", "access_log logs/a.log combined if=$nonsense;",
        "access_log logs/a.log combined if=1;", "access_log logs/a.log combined x=y;",
        "access_log logs/a.log combined x;", "access_log nosuch/a.log;",
        "access_log logs/a.log combined buffer=1k; access_log logs/a.log combined buffer=2k;",
        "access_log logs/a.log combined buffer=1k; access_log logs/a.log combined;",
        "access_log logs/a.log combined; access_log logs/a.log combined;",
        "access_log off; access_log logs/a.log;", "access_log logs/a.log; access_log off;",
        "access_log logs/$host.log;", "access_log logs/$host.log combined buffer=1k;",
        "access_log logs/$nonsense.log;", "access_log syslog:server=127.0.0.1;",
        "access_log syslog:server=127.0.0.1:514,facility=local7,tag=nginx,severity=info combined;",
        "access_log syslog:server=127.0.0.1 combined buffer=1k;", "access_log syslog:facility=x;",
        "access_log syslog:server=127.0.0.1,facility=x;", "access_log syslog:server=127.0.0.1,tag=a-b;",
        'access_log "";', "access_log /dev/null;", "access_log logs;", "access_log stderr;",
        "access_log logs/a.log escape=json;",
          "open_log_file_cache off;", "open_log_file_cache max=10;",
        "open_log_file_cache max=10 inactive=1s valid=1s min_uses=2;", "open_log_file_cache max=x;",
        "open_log_file_cache x;", "open_log_file_cache inactive=1s;", "open_log_file_cache max=0;",
        "open_log_file_cache;", "log_not_found off;", "log_not_found x;", "log_subrequest on;",
        "log_subrequest x;", "error_log logs/e.log;", "error_log logs/e.log nonsense;", "error_log off;",
        "rewrite_log on;"),
    *each(server, "log_format a b;", "access_log logs/a.log;", "error_log logs/e.log warn;",
        "error_log nosuch/e.log;"),
    *each(location, "access_log off;", "error_log logs/e.log;", "log_format a b;",
        "log_not_found off; log_not_found off;", "open_log_file_cache off;"),
    *each(main, "access_log off;", "log_format a b;"),
]

STOCK = [
    *each(http, "gzip on;", "gzip off;", "gzip x;", "gzip on; gzip on;",
        "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;", "ssl_protocols TLSv1.4;", "ssl_protocols;",
        "ssl_protocols SSLv3;", "ssl_protocols TLSv1.2; ssl_protocols TLSv1.2;",
        "ssl_prefer_server_ciphers on;", "ssl_prefer_server_ciphers x;",
        "ssl_prefer_server_ciphers on; ssl_prefer_server_ciphers on;", "gzip_vary on;", "gzip_comp_level 6;",
        "gzip_comp_level 10;", "gzip_types text/plain;", "gzip_static on;", "variables_hash_max_size 1024;",
        "variables_hash_bucket_size 64;", "variables_hash_max_size x;", "variables_hash_max_size 0;",
        "variables_hash_bucket_size 0;", "variables_hash_bucket_size 70000;",
        "client_body_temp_path tmp1; proxy_temp_path tmp2; fastcgi_temp_path tmp3; uwsgi_temp_path tmp4; "
        "scgi_temp_path tmp5;", "proxy_temp_path;", "proxy_temp_path tmp2 1 2 3 4;",
        "fastcgi_temp_path x; fastcgi_temp_path y;", "map $host $x { default 1; }",
        "map $host $x { default 1; } log_format a $x;", "geo $x { default 1; }",
        "limit_req_zone $binary_remote_addr zone=a:1m rate=1r/s;", "upstream a { server 127.0.0.1:1; }",
        "split_clients $host $x { * 1; }",
        "server_tokens off; types_hash_max_size 2048; sendfile on; tcp_nopush on; include mime.types; "
        "default_type application/octet-stream;", "proxy_pass http://x;", "if ($host) { }"),
    *each(server, "ssl_certificate x;", "ssl_certificate x; ssl_certificate y; ssl_certificate_key z;",
        "ssl_certificate_key x;", "ssl on;", "rewrite ^ /x;", "if ($host) { return 200; }", "set $a "
        "b;", "auth_basic x;", "auth_basic off;", "gzip on;"),
    *each(location, "proxy_pass http://127.0.0.1:1;", "fastcgi_pass 127.0.0.1:1;", "stub_status;",
        "deny all; satisfy any;", "if (-f x) { return 200; }", "rewrite ^ /x last;", "break;",
        "limit_req zone=a;", "empty_gif;", "mp4;", "flv;", "dav_methods PUT;", "random_index on;"),
]

GROUPS = {"syntax": SYNTAX, "include": INCLUDE, "main": MAIN, "listen": LISTEN, "server_name": SERVER_NAME,
    "location": LOCATION, "files": FILES, "answers": ANSWERS, "connections": CONNECTIONS, "logs": LOGS,
    "stock": STOCK}
CASES = [(f"config {group}: {name}", text) for group, rows in GROUPS.items() for name, text in rows]
assert len({name for name, _ in CASES}) == len(CASES), "two cases of one name"


def short(name: str) -> str:
    shown = ascii(name if len(name) < 100 else name[:97] + "...")[1:-1]
    return shown.replace("::", ":.:").replace("[", "(").replace("]",
        ")")


@pytest.mark.parametrize("case_id,text", CASES, ids=[short(name) for name, _ in CASES])
def test_config(case_id, text, config_tester, judge, not_served_yet):
    try:
        differences = config_tester.compare(text)
    except NotServedYet as refused:
        not_served_yet(refused.args[0])
    judge(case_id, differences)

"""Server side includes: every command and what is wrong with it, subrequests to every kind of location, logs, methods, conditions,
ranges and compression; `-t` on the directives."""
from harness.config_texts import config_cases, each, http, location, server
from harness.run import run_case
from harness.site import Site, every_way, get, gets, head


# Without the bytes of the body: they count its chunks, which are cut elsewhere.
SHORT = """log_format short '$status "$request"'; """


def pages(**texts: str) -> dict:
    return {f"s/{name}.html": text.encode("latin-1") for name, text in texts.items()}


def numbered(*texts: str, prefix: str = "p") -> tuple[dict, list]:
    """A page of each text, and the requests for them."""
    names = [f"{prefix}{n:03}" for n in range(len(texts))]
    return pages(**dict(zip(names, texts))), [(f"{name}: {text[:70]!r}", get(f"/{name}.html?x=1&y=%3Cb%3E")) for name, text in zip(names, texts)]


SYNTAX = numbered(
    "", "plain", "<", "<!", "<!-", "<!--", "<!--#", "a<", "a<b", "a<!b", "a<!-b", "a<!--b", "a<!-- #echo -->b", "<<<!--#echo var=\"uri\" -->",
    "<!<!-<!--<!--#echo var=\"uri\" -->", "<!--#echo", "<!--#echo var=", "<!--#echo var=\"uri", "<!--#echo var=\"uri\" --", "x<!--#echo var=\"uri\" -->y",
    "<!--# echo var=\"uri\" -->", "<!--#\r\n\techo\tvar\n=\n'uri'\r-->", "<!--#echo var=\"uri\"-->", "<!--#echo var=\"uri\" default=\"\"-->",
    "<!--#echo var=\"uri\"default=\"\"-->", "<!--#-->x-->", "<!--#echo-->", "<!--#echo -->", "<!--#nothing -->", "<!--#ECHO var=\"uri\" -->",
    "<!--#echo VAR=\"uri\" -->", "<!--#echo var -->", "<!--#echo var-->x-->", "<!--#echo var uri -->", "<!--#echo var=uri -->", "<!--#echo var=-->x-->",
    "<!--#echo var=\"a\" var=\"b\" -->", "<!--#echo x=\"y\" -->", "<!--#echo var=\"uri\" -x->y-->", "<!--#echo var=\"uri\" --x>y-->",
    "<!--#echo-var -->y", "<!--#" + "c" * 32 + " -->", "<!--#" + "c" * 33 + " -->", "<!--#echo " + "p" * 32 + "=\"\" -->",
    "<!--#echo " + "p" * 33 + "=\"\" -->y", "<!--#echo var=\"uri\" default=\"" + "d" * 255 + "\" -->", "<!--#echo var=\"uri\" default=\"" + "d" * 256 + "\" -->y",
    "<!--#echo" + "".join(f' p{i}="{i}"' for i in range(16)) + " -->", "<!--#echo" + "".join(f' p{i}="{i}"' for i in range(17)) + " -->",
    "<!--#echo var=\"none\" default='say \"x\"' -->", "<!--#echo var=\"none\" default=\"say \\\"x\\\" \\a\" encoding=\"none\" -->",
    "<!--#nothing -->a<!--#config errmsg=\"oops\" -->b<!--#nothing -->c",
    "<!--#config -->", "<!--#config errmsg=\"a\" timefmt=\"b\" --><!--#nothing --><!--#echo var=\"date_gmt\" -->",
    "<!--#endblock -->x", "<!--#endif -->x", "<!--#else -->x", "<!--#elif expr=\"a\" -->x",
)

ECHOES = numbered(
    *[f'[<!--#echo var="{v}" -->]' for v in ("uri", "URI", "args", "arg_x", "arg_y", "arg_none", "nothing", "http_host", "HTTP_Host", "1", "request_uri",
        "document_uri", "request_method", "server_protocol", "status", "set_by_server", "mapped", "is_args", "cookie_c", "scheme", "host", "sent_http_x")],
    *[f'[<!--#echo var="v" encoding="{e}" --><!--#echo var="arg_y" --><!--#set var="v" value="<a href=\'x y\'>&#%?:/" --><!--#echo var="v" encoding="{e}" -->'
      f'<!--#echo var="v" -->]' for e in ("none", "url", "entity", "URL", "")],
    "[<!--#echo var=\"nothing\" default=\"\" -->][<!--#echo var=\"nothing\" default=\"<d>\" encoding=\"entity\" -->]",
    "<!--#set var=\"a\" value=\"1\" --><!--#set var=\"A\" value=\"2\" --><!--#echo var=\"a\" -->",
    "<!--#set var=\"a\" value=\"$uri-${uri}x$args$nothing.\" --><!--#echo var=\"a\" encoding=\"none\" -->",
    "<!--#set var=\"a\" value=\"\\$uri \\\\ \\' \\x \\\" \\\" --><!--#echo var=\"a\" encoding=\"none\" -->",
    "<!--#set var=\"a\" value=\"\\$uri \\\\ \\x $uri\" --><!--#echo var=\"a\" encoding=\"none\" -->",
    "<!--#set var=\"a\" value=\"${uri\" -->", "<!--#set var=\"a\" value=\"${u-ri}\" -->", "<!--#set var=\"a\" value=\"$\" -->", "<!--#set var=\"a\" value=\"x$-y\" -->",
    "<!--#set var=\"a\" value=\"${}\" -->", "<!--#set var=\"a\" value=\"${\" -->", "<!--#set var=\"uri\" value=\"mine\" --><!--#echo var=\"uri\" -->",
    "<!--#set var=\"a\" -->", "<!--#set value=\"a\" -->", "<!--#set var=\"a\" value=\"\" -->[<!--#echo var=\"a\" -->]",
)

IFS = numbered(
    *[f'<!--#if expr="{e}" -->yes<!--#else -->no<!--#endif -->.' for e in (
        "$arg_x", "$arg_none", "text", "", "$arg_x = 1", "$arg_x=1", "$arg_x  =  1", "$arg_x = 1 ", "$arg_x = 2", "$arg_x != 1", "$arg_x != 2", "$ARG_X = 1",
        "$arg_x == 1", "$arg_x ! 1", "$arg_x =", "$arg_x !=", "$arg_none =", "ABC = abc", "abc = ABC", "$uri = /html$/", "$uri = /HTML$/", "$uri != /html$/",
        "$uri = /(", "$uri = /(/", "$uri = /", "$uri = //", "$uri = \\/x/", "$uri = $uri", "x$arg_x = x1", "${arg_x}y = 1y", "${arg_x = 1", "$ = 1",
        "$arg_x = $", "$arg_x > 1", "a b", "a b = c", "'a' = 'a'", "$uri = /p(\\d)(?<two>\\d)/")],
    "<!--#if expr=\"$uri = /p(.)(?<two>.)(x)?/\" --><!--#echo var=\"0\" -->|<!--#echo var=\"1\" -->|<!--#echo var=\"two\" -->|<!--#echo var=\"3\" -->|<!--#echo var=\"4\" --><!--#endif -->",
    "<!--#if expr=\"$uri = /(p)/\" --><!--#endif --><!--#if expr=\"$uri = /(nothing)/\" --><!--#endif --><!--#echo var=\"1\" --><!--#set var=\"1\" value=\"x\" --><!--#echo var=\"1\" -->",
    "<!--#if expr=\"$no\" -->a<!--#elif expr=\"$arg_x = 1\" -->b<!--#elif expr=\"1\" -->c<!--#else -->d<!--#endif -->e",
    "<!--#if expr=\"1\" -->a<!--#else -->b<!--#else -->c<!--#endif -->d", "<!--#if expr=\"1\" -->a<!--#else -->b<!--#elif expr=\"1\" -->c<!--#endif -->d",
    "<!--#if expr=\"1\" -->a<!--#if expr=\"1\" -->b<!--#endif -->c<!--#endif -->d", "<!--#if expr=\"$no\" -->a<!--#if expr=\"1\" -->b<!--#endif -->c<!--#endif -->d",
    "<!--#if expr=\"$no\" --><!--#nothing --><!--#set var=\"a\" value=\"b\" --><!--#echo x --><!--#echo var=\"a\"x --><!--#endif --><!--#echo var=\"a\" -->",
    "<!--#if -->a<!--#endif -->b", "<!--#if expr=\"1\" x=\"y\" -->a<!--#endif -->", "<!--#if expr=\"1\" -->a", "<!--#if expr=\"$no\" -->a",
    "<!--#if expr=\"1\" -->a<!--#endif x=\"y\" -->b<!--#endif -->c",
)

INCLUDED = {
    **pages(inner="[<!--#echo var=\"uri\" -->?<!--#echo var=\"args\" encoding=\"none\" --> <!--#echo var=\"a\" -->]", empty="", plain="plain",
        sets="<!--#set var=\"a\" value=\"by sets\" --><!--#config errmsg=\"SETS\" --><!--#nothing -->", cycle="c<!--#include file=\"cycle.html\" -->",
        twice="<!--#include file=\"inner.html\" --><!--#include file=\"inner.html\" -->",
        nested="n<!--#include file=\"twice.html\" -->n<!--#include file=\"d/deep.html\" -->n",
        big="".join(f"{n:07d}\n" for n in range(9000)), last="x<"),
    "s/d/deep.html": b"deep <!--#include file=\"up.html\" --><!--#include virtual=\"/inner.html\" -->",
    "s/d/up.html": b"beside <!--#echo var='uri' -->",
    "s/d/index.html": b"index of d",
    "s/inner.txt": b"text <!--#echo var=\"uri\" -->",
    "s/esc?.html": b"question",
}

INCLUDES = numbered(
    *[f'a<!--#include {p} -->b' for p in (
        'file="inner.html"', 'virtual="/inner.html"', 'virtual="inner.html"', 'file="/inner.html"', 'virtual="/inner.html?q=<>&amp;"', 'file="inner.html?q"',
        'virtual="/%69nner.html"', 'virtual="/esc%3f.html"', 'virtual="/inner.html%3fx"', 'file="missing.html"', 'virtual="/missing.html"', 'virtual="/inner.txt"',
        'file="empty.html"', 'virtual="/d"', 'virtual="/d/"', 'virtual="/d/deep.html"', 'file="twice.html"', 'file="nested.html"', 'file="big.html"',
        'file="last.html"', 'file="cycle.html"', 'file="../x"', 'virtual="/../x"', 'virtual="/d/.."', 'virtual="/d/../inner.html"', 'virtual="/%2e%2e/x"',
        'virtual="?x"', 'virtual="$nothing"', 'virtual="/$arg_none"', 'virtual="${arg_none}inner.html"',
        'virtual="/i${arg_none}nner.html?$args"', '', 'virtual="/a" file="b"', 'wait="yes"', 'virtual="/inner.html" wait="yes"', 'virtual="/inner.html" wait="NO"',
        'virtual="/inner.html" wait="x"', 'file="inner.html" wait="yes"', 'virtual="/inner.html" set="v" stub="s"', 'virtual="/inner.html" stub="none"',
        'virtual="/t/return"', 'virtual="/t/403"', 'virtual="/t/301"', 'virtual="/t/204"', 'virtual="/t/page"', 'virtual="/t/rewrite"', 'virtual="/t/try"',
        'virtual="/t/deny"', 'virtual="/t/internal"', 'virtual="/t/list/"', 'virtual="/t/off.html"', 'virtual="/t/gif"', 'virtual="/t/loop"', 'virtual="/t/forbidden/"',
        'virtual="/t/unreadable"', 'virtual="/t/auth"', 'virtual="/t/ssi"', 'virtual="/t/if?ssi"', 'virtual="/t/type"', 'virtual="/t/status"')],
    "<!--#set var=\"a\" value=\"outer\" --><!--#include file=\"inner.html\" --><!--#include file=\"sets.html\" --><!--#echo var=\"a\" --><!--#nothing -->",
    *[f'<!--#include virtual="{u}" set="V" -->[<!--#echo var="v" encoding="none" -->]' for u in
        ("/inner.html", "/t/off.html", "/missing.html", "/empty.html", "/t/return", "/t/403", "/t/list/", "/plain.html", "/t/status")],
    "<!--#set var=\"v\" value=\"old\" --><!--#include virtual=\"/missing.html\" set=\"v\" -->[<!--#echo var=\"v\" -->]",
    *[f'<!--#block name="s" -->stub <!--#echo var="uri" --> <!--#if expr="$arg_x" -->if<!--#else -->else<!--#endif --><!--#endblock -->a<!--#include virtual="{u}" stub="s" -->b'
      for u in ("/inner.html", "/empty.html", "/missing.html", "/t/403", "/t/301", "/t/204", "/t/return", "/t/page", "/missing.html?x=1")],
    "<!--#block name=\"s\" --><!--#block name=\"t\" -->x<!--#endblock -->y<!--#include virtual=\"/missing.html\" stub=\"s\" -->",
    "<!--#block name=\"s\" --><!--#endblock -->a<!--#include virtual=\"/missing.html\" stub=\"s\" -->b<!--#include virtual=\"/missing.html\" stub=\"s\" -->",
    "<!--#block name=\"s\" -->1<!--#endblock --><!--#block name=\"s\" -->2<!--#endblock --><!--#include virtual=\"/missing.html\" stub=\"s\" -->",
    "<!--#block -->x<!--#endblock -->", "<!--#block name=\"s\" -->x", "<!--#block name=\"s\" --><!--#nothing a='b\"c' --><!--#endblock --><!--#include virtual=\"/missing.html\" stub=\"s\" -->",
    "<!--#if expr=\"$no\" --><!--#block name=\"s\" -->x<!--#endblock -->y<!--#endif -->z<!--#include virtual=\"/missing.html\" stub=\"s\" -->",
)

INCLUDE_SERVER = """
    access_log logs/short.log short;
    root s; ssi on;
    location / { }
    location = /t/return { return 200 "returned $uri $args $request_uri"; }
    location = /t/403 { return 403; }
    location = /t/301 { return 301 /x; }
    location = /t/204 { return 204; }
    location = /t/page { error_page 404 /plain.html; return 404; }
    location = /t/rewrite { rewrite ^ /inner.html?re last; }
    location = /t/try { try_files /nothing @named; }
    location @named { return 200 "named <!--#echo var='uri' -->"; }
    location = /t/deny { deny all; alias s/plain.html; }
    location = /t/internal { internal; alias s/plain.html; }
    location /t/list/ { alias html/images/; autoindex on; }
    location = /t/off.html { ssi off; alias s/inner.html; }
    location = /t/gif { empty_gif; }
    location = /t/loop { rewrite ^ /t/loop last; }
    location = /t/auth { auth_basic a; auth_basic_user_file nothing; alias s/plain.html; }
    location /t/forbidden/ { alias html/noindex/; }
    location = /t/unreadable { alias html/unreadable.txt; }
    location = /t/ssi { default_type text/html; return 200 "ssi <!--#echo var='uri' -->"; }
    location = /t/if { ssi off; if ($args) { ssi on; } default_type text/html; alias s/plain.html; }
    location = /t/type { default_type text/plain; return 200 "<!--#echo var='uri' -->"; }
    location = /t/status { return 201 "created"; }
"""

MIXED = pages(main="x<!--#include file=\"inner.html\" -->y<!--#include virtual=\"/missing\" -->z", inner="[<!--#echo var=\"uri\" -->]",
    big="".join(f"{n:07d}<b>\n" for n in range(40000)) + "<!--#include file=\"inner.html\" -->" + "".join(f"{n:07d}\n" for n in range(40000)),
    bigs="<!--#include file=\"big.html\" -->-<!--#include file=\"big.html\" -->", empty="", none="nothing in it",
    many="".join("<!--#include file=\"none.html\" -->" for _ in range(300)), before="<before>")


SITES = [
    Site("ssi: syntax", http=SHORT, server="root s; ssi on; access_log logs/short.log short;", files=SYNTAX[0], cases=SYNTAX[1]),
    Site("ssi: silent", http=SHORT, server="access_log logs/short.log short; root s; ssi on; ssi_silent_errors on; ssi_value_length 8;", files=SYNTAX[0], cases=SYNTAX[1]),
    Site("ssi: echo and set", http=SHORT + "map $uri $mapped { default $args; }", server="""
        access_log logs/short.log short; root s; ssi on; add_header X x; set $set_by_server "<s>";
    """, files=ECHOES[0], cases=ECHOES[1]),
    Site("ssi: if", http=SHORT, server="root s; ssi on; access_log logs/short.log short;", files=IFS[0], cases=IFS[1]),
    Site("ssi: include", http=SHORT, server=INCLUDE_SERVER, files={**INCLUDES[0], **INCLUDED}, cases=INCLUDES[1]),
    Site("ssi: with everything else", http=SHORT, server="""
        access_log logs/short.log short;
        root s; gzip_types text/plain;
        location / { ssi on; }
        location /gz/ { ssi on; alias s/; gzip on; gzip_min_length 0; }
        location /lm/ { ssi on; ssi_last_modified on; alias html/; }
        location /fields/ { ssi on; alias html/; add_header ETag '"e"'; add_header Last-Modified "Tue, 14 Nov 2023 22:13:20 GMT"; expires 1d; }
        location /types/ { ssi on; ssi_types text/plain; alias html/; }
        location /add/ { ssi on; alias s/; add_before_body /before.html; add_after_body /inner.html; }
        location /error/ { ssi on; root nothing; error_page 404 /main.html; }
        location /pages/ { ssi on; root nothing; }
        location /charset/ { ssi on; alias s/; charset utf-8; }
        location /list/ { ssi on; alias html/images/; autoindex on; }
        location = /ret { ssi on; default_type text/html; return 200 "<!--#include virtual='/inner.html' -->"; }
        location = /ret404 { ssi on; default_type text/html; return 404 "<!--#include virtual='/inner.html' -->"; }
        location /chunkless/ { ssi on; alias s/; chunked_transfer_encoding off; }
        location /444/ { ssi on; alias s/; error_page 404 /x; }
        location /nossi/ { alias s/; }
        location /fmt { ssi on; default_type text/html; return 200 '<!--#config timefmt="%Y %Z" --><!--#echo var="date_gmt" --> <!--#echo var="date_local" -->'; }
    """, files=MIXED, cases=[every_way("/main.html", "/gz/main.html", "/lm/a.html"),
        gets("/lm/ten.txt", "/fields/a.html", "/types/ten.txt", "/types/a.html", "/add/main.html", "/add/none.html", "/add/empty.html", "/error/x", "/pages/x", "/charset/main.html",
            "/ret", "/ret404", "/chunkless/main.html", "/nossi/main.html", "/empty.html", "/none.html", "/big.html", "/bigs.html", "/many.html", "/d", "/missing", "/fmt"),
        gets("/list/"),
        ("gzip of big", get("/gz/big.html", "Accept-Encoding: gzip")), ("gzip of bigs", get("/gz/bigs.html", "Accept-Encoding: gzip")),
        ("two pipelined", get("/main.html") + get("/none.html"))]),
    Site("ssi: logs", http="log_format sub '$status \"$request\" $uri $args $request_length $request_completion $pipe';", server="""
        root s; access_log logs/sub.log sub;
        location / { ssi on; log_subrequest on; }
        location /quiet/ { ssi on; alias s/; }
        location /one/ { ssi on; log_subrequest on; alias s/; access_log logs/one.log sub; }
    """, files={**MIXED, **INCLUDED}, cases=[gets("/main.html", "/quiet/main.html", "/one/main.html", "/nested.html", "/cycle.html", "/sets.html", "/d/deep.html"),
        ("HEAD", head("/main.html")), ("referer", get("/main.html", "Referer: http://x/"))]),
    Site("ssi: what is included closes the connection", server="""
        root s; ssi on; default_type text/html;
        location = /close { return 444; }
        location = /error { return 500; }
        location = /page { return 200 "a<!--#include virtual='/close' -->b"; }
        location = /kept { return 200 "a<!--#include virtual='/close' set='v' -->[<!--#echo var='v' -->]"; }
        location = /after { add_after_body /close; return 200 "text"; }
        location = /broken { return 200 "a<!--#include virtual='/error' -->b"; }
        location = /stub { return 200 "<!--#block name='s' -->stub<!--#endblock -->a<!--#include virtual='/close' stub='s' -->b"; }
    """, cases=[gets("/page", "/kept", "/after", "/broken", "/stub"), ("HEAD", head("/page"))]),
    Site("ssi: kept bodies have a limit", http=SHORT, server="""
        access_log logs/short.log short;
        root s; ssi on; subrequest_output_buffer_size 8; default_type text/html;
        location = /short { return 200 "12345678"; }
        location = /page { return 200 "a<!--#include virtual='/short' set='v' -->[<!--#echo var='v' -->]"; }
    """, cases=[gets("/page")]),
]


def test_ssi(site, case, pairs, judge, not_served_yet):
    run_case(site, case, pairs, judge, not_served_yet)


TEXTS = ("ssi on;", "ssi off;", "ssi x;", "ssi;", "ssi on; ssi off;", "ssi_silent_errors on;", "ssi_silent_errors 1;", "ssi_ignore_recycled_buffers on;",
    "ssi_ignore_recycled_buffers x;", "ssi_min_file_chunk 1k;", "ssi_min_file_chunk x;", "ssi_min_file_chunk 1; ssi_min_file_chunk 1;", "ssi_value_length 100;",
    "ssi_value_length -1;", "ssi_value_length;", "ssi_types text/plain;", "ssi_types *;", "ssi_types text/html;", "ssi_types a/b a/b;", "ssi_types;",
    "ssi_last_modified on;", "ssi_last_modified x;", "log_subrequest on;", "subrequest_output_buffer_size 8k;", "subrequest_output_buffer_size x;",
    "subrequest_output_buffer_size 1; subrequest_output_buffer_size 1;")
CASES = [(f"config ssi: {name}", text) for name, text in [
    *each(http, *TEXTS), *each(server, *TEXTS[:3], "if ($uri) { ssi on; }"),
    *each(location, *TEXTS, "if ($uri) { ssi on; }", "if ($uri) { ssi_silent_errors on; }", "limit_except GET { ssi on; }",
        "add_header X $date_gmt$date_local;", "set $date_gmt x;")]]


@config_cases(CASES)
def test_ssi_config(case_id, text, check_config):
    check_config(case_id, text)

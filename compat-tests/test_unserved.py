"""What nginx knows and uringx does not serve: refused with a sentence that names the directive, nginx's module and the
place, behind nginx's own checks. early_hints, which files have no use for, is accepted."""
import pytest

from harness.config_texts import http, location, main, server, short

MODULES = {
    "ngx_http_core_module": [(location, "post_action @after;"), (server, "post_action /x;")],
    "ngx_http_mp4_module": [(location, "mp4;"), (http, "mp4_buffer_size 1m;"), (server, "mp4_max_buffer_size 10m;"),
                            (location, "mp4_start_key_frame on;")],
    "ngx_http_flv_module": [(location, "flv;")],
    "ngx_http_dav_module": [(location, "dav_methods PUT DELETE;"), (http, "dav_access user:rw group:rw all:r;"),
                            (server, "create_full_put_path on;"), (location, "min_delete_depth 2;")],
    "ngx_http_image_filter_module": [
        (location, "image_filter resize 10 10;"), (http, "image_filter_buffer 1m;"), (server, "image_filter_interlace on;"),
        (location, "image_filter_jpeg_quality 80;"), (location, "image_filter_webp_quality 80;"),
        (location, "image_filter_sharpen 10;"), (location, "image_filter_transparency off;")],
    "ngx_http_xslt_filter_module": [
        (location, "xslt_stylesheet a.xsl b=c;"), (http, "xslt_param a b;"), (server, "xslt_string_param a b;"),
        (location, "xslt_types text/xml;"), (location, "xslt_last_modified on;"), (http, "xml_entities a.dtd;")],
    "ngx_http_perl_module": [(location, "perl hello::handler;"), (http, "perl_modules lib;"), (http, "perl_require a.pm;"),
                             (http, "perl_set $a 'sub { 1 }';")],
    "ngx_http_geoip_module": [(http, "geoip_country a.dat;"), (http, "geoip_city a.dat utf8;"), (http, "geoip_org a.dat;"),
                              (http, "geoip_proxy 10.0.0.0/8;"), (http, "geoip_proxy_recursive on;")],
    "ngx_http_degradation_module": [(http, "degradation sbrk=500m;"), (location, "degrade 204;")],
    "ngx_google_perftools_module": [(main, "google_perftools_profiles /tmp/x;")],
    "ngx_stream_module": [(main, "stream { }")],
    "ngx_mail_module": [(main, "mail { }")],
}
CASES = [(module, context, text) for module, texts in MODULES.items() for context, text in texts]


@pytest.mark.parametrize("module,context,text", CASES, ids=[short(f"{c.__name__}: {t}") for _, c, t in CASES])
def test_is_refused_by_name(module, context, text, config_tester, binaries, is_self_check):
    if is_self_check:
        pytest.skip("nginx may have it")
    whole = context(f"\n{text}\n")
    line = whole[:whole.index(text)].count("\n") + 1
    name = text.split()[0].rstrip(";")
    said = config_tester.verdict(binaries[1], config_tester.server.fill(whole).encode())
    assert said.exit == 1
    sentence = f'the directive "{name}" of {module} is known to nginx but not served by uringx yet in '
    assert any(sentence in message and message.endswith(f"t.conf:{line}") for message in said.message), said.raw


# nginx's own checks come first, also where its module is only a file to be loaded.
WRONG = [
    ("mp4 with an argument", location("mp4 on;"), 'invalid number of arguments in "mp4" directive'),
    ("mp4 outside of a location", server("mp4;"), '"mp4" directive is not allowed here'),
    ("dav_methods alone", location("dav_methods;"), 'invalid number of arguments in "dav_methods" directive'),
    ("perl in http", http("perl a;"), '"perl" directive is not allowed here'),
    ("geoip_country in server", server("geoip_country a;"), '"geoip_country" directive is not allowed here'),
    ("post_action twice over", location("post_action a b;"), 'invalid number of arguments in "post_action" directive'),
    ("stream without a block", main("stream;"), 'directive "stream" has no opening "{"'),
]


@pytest.mark.parametrize("name,text,sentence", WRONG, ids=[w[0] for w in WRONG])
def test_wrong_use_is_refused_first(name, text, sentence, config_tester, binaries):
    said = config_tester.verdict(binaries[1], config_tester.server.fill(text).encode())
    assert said.exit == 1 and sentence in said.raw


def test_early_hints_have_no_effect_on_files(config_tester, binaries, is_self_check):
    """nginx has the directive since 1.29, for answers of proxied servers."""
    if is_self_check:
        pytest.skip("newer than this nginx")
    verdict = lambda text: config_tester.verdict(binaries[1], config_tester.server.fill(text).encode())
    assert verdict(http("early_hints $http_sec_fetch_mode 1; server { early_hints on; location / { early_hints 0; } }")).exit == 0
    assert 'unknown "nonsense" variable' in verdict(location("early_hints $nonsense;")).raw
    assert 'invalid number of arguments in "early_hints" directive' in verdict(location("early_hints;")).raw

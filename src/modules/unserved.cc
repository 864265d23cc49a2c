#include "modules/unserved.h"

namespace uringx {
namespace {

constexpr std::uint32_t kAll = kHttpServerLocation;
constexpr std::uint32_t kHttpServer = kHttp | kServer;

// Everything but the handlers that ask an upstream; those are in unserved_upstream.cc.

constexpr UnservedRow kCoreRows[] = {
    {"post_action", kAll | kLocationIf, kTake1},
};
constexpr UnservedRow kUpstreamRows[] = {
    {"upstream", kHttp, kTake1 | kBlock}, {"server", kUpstream, kOneOrMore},
    {"resolver", kUpstream, kOneOrMore}, {"resolver_timeout", kUpstream, kTake1},
};
constexpr UnservedRow kDavRows[] = {
    {"dav_methods", kAll, kOneOrMore}, {"create_full_put_path", kAll, kFlag},
    {"min_delete_depth", kAll, kTake1}, {"dav_access", kAll, kTake123},
};
constexpr UnservedRow kMirrorRows[] = {
    {"mirror", kAll, kTake1}, {"mirror_request_body", kAll, kFlag},
};
constexpr UnservedRow kAuthRequestRows[] = {
    {"auth_request", kAll, kTake1}, {"auth_request_set", kAll, kTake2},
};
constexpr UnservedRow kSslRows[] = {
    {"ssl_certificate_compression", kHttpServer, kFlag}, {"ssl_ech_file", kHttpServer, kTake1},
};
constexpr UnservedRow kFlvRows[] = {
    {"flv", kLocation, kNoArgs},
};
constexpr UnservedRow kMp4Rows[] = {
    {"mp4", kLocation, kNoArgs}, {"mp4_buffer_size", kAll, kTake1}, {"mp4_max_buffer_size", kAll, kTake1},
    {"mp4_start_key_frame", kAll, kFlag},
};
constexpr UnservedRow kUpstreamHashRows[] = {
    {"hash", kUpstream, kTake12},
};
constexpr UnservedRow kUpstreamIpHashRows[] = {
    {"ip_hash", kUpstream, kNoArgs},
};
constexpr UnservedRow kUpstreamLeastConnRows[] = {
    {"least_conn", kUpstream, kNoArgs},
};
constexpr UnservedRow kUpstreamRandomRows[] = {
    {"random", kUpstream, kNoArgs | kTake12},
};
constexpr UnservedRow kUpstreamKeepaliveRows[] = {
    {"keepalive", kUpstream, kTake1}, {"keepalive_time", kUpstream, kTake1},
    {"keepalive_timeout", kUpstream, kTake1}, {"keepalive_requests", kUpstream, kTake1},
};
constexpr UnservedRow kUpstreamZoneRows[] = {
    {"zone", kUpstream, kTake12},
};
constexpr UnservedRow kV3Rows[] = {
    {"http3", kHttpServer, kFlag}, {"http3_hq", kHttpServer, kFlag},
    {"http3_max_concurrent_streams", kHttpServer, kTake1},
    {"http3_stream_buffer_size", kHttpServer, kTake1}, {"quic_retry", kHttpServer, kFlag},
    {"quic_gso", kHttpServer, kFlag}, {"quic_host_key", kHttpServer, kTake1},
    {"quic_active_connection_id_limit", kHttpServer, kTake1}, {"quic_bpf", kMain, kFlag},
};
constexpr UnservedRow kGeoipRows[] = {
    {"geoip_country", kHttp, kTake12}, {"geoip_city", kHttp, kTake12}, {"geoip_org", kHttp, kTake12},
    {"geoip_proxy", kHttp, kTake1}, {"geoip_proxy_recursive", kHttp, kFlag},
};
constexpr UnservedRow kImageFilterRows[] = {
    {"image_filter", kLocation, kTake123}, {"image_filter_jpeg_quality", kAll, kTake1},
    {"image_filter_webp_quality", kAll, kTake1}, {"image_filter_sharpen", kAll, kTake1},
    {"image_filter_transparency", kAll, kFlag}, {"image_filter_interlace", kAll, kFlag},
    {"image_filter_buffer", kAll, kTake1},
};
constexpr UnservedRow kXsltFilterRows[] = {
    {"xml_entities", kAll, kTake1}, {"xslt_stylesheet", kLocation, kOneOrMore},
    {"xslt_param", kAll, kTake2}, {"xslt_string_param", kAll, kTake2}, {"xslt_types", kAll, kOneOrMore},
    {"xslt_last_modified", kAll, kFlag},
};
constexpr UnservedRow kPerlRows[] = {
    {"perl_modules", kHttp, kTake1}, {"perl_require", kHttp, kTake1}, {"perl_set", kHttp, kTake2},
    {"perl", kLocation | kLimitExcept, kTake1},
};
constexpr UnservedRow kStreamRows[] = {
    {"stream", kMain, kNoArgs | kBlock},
};
constexpr UnservedRow kMailRows[] = {
    {"mail", kMain, kNoArgs | kBlock},
};
constexpr UnservedRow kGooglePerftoolsRows[] = {
    {"google_perftools_profiles", kMain, kTake1},
};
constexpr UnservedRow kDegradationRows[] = {
    {"degradation", kHttp, kTake1}, {"degrade", kLocation, kTake1},
};

constexpr UnservedModule kModules[] = {
    {"ngx_http_core_module", kCoreRows},
    {"ngx_http_upstream_module", kUpstreamRows},
    {"ngx_http_dav_module", kDavRows},
    {"ngx_http_mirror_module", kMirrorRows},
    {"ngx_http_auth_request_module", kAuthRequestRows},
    {"ngx_http_ssl_module", kSslRows},
    {"ngx_http_flv_module", kFlvRows},
    {"ngx_http_mp4_module", kMp4Rows},
    {"ngx_http_upstream_hash_module", kUpstreamHashRows},
    {"ngx_http_upstream_ip_hash_module", kUpstreamIpHashRows},
    {"ngx_http_upstream_least_conn_module", kUpstreamLeastConnRows},
    {"ngx_http_upstream_random_module", kUpstreamRandomRows},
    {"ngx_http_upstream_keepalive_module", kUpstreamKeepaliveRows},
    {"ngx_http_upstream_zone_module", kUpstreamZoneRows},
    {"ngx_http_v3_module", kV3Rows},
    {"ngx_http_geoip_module", kGeoipRows},
    {"ngx_http_image_filter_module", kImageFilterRows},
    {"ngx_http_xslt_filter_module", kXsltFilterRows},
    {"ngx_http_perl_module", kPerlRows},
    {"ngx_stream_module", kStreamRows},
    {"ngx_mail_module", kMailRows},
    {"ngx_google_perftools_module", kGooglePerftoolsRows},
    {"ngx_http_degradation_module", kDegradationRows},
};

}  // namespace

std::span<const UnservedModule> unserved_modules() { return kModules; }

}  // namespace uringx

#include "modules/unserved.h"

namespace uringx {
namespace {

constexpr std::uint32_t kAll = kHttpServerLocation;
constexpr std::uint32_t kHttpServer = kHttp | kServer;

// Everything but the handlers that ask an upstream; those are in unserved_upstream.cc.
constexpr UnservedRow kRows[] = {
    {"ssl_engine", kMain, kTake1}, {"limit_rate", kAll | kLocationIf, kTake1},
    {"limit_rate_after", kAll | kLocationIf, kTake1}, {"post_action", kAll | kLocationIf, kTake1},
    {"upstream", kHttp, kTake1 | kBlock},
    {"server", kUpstream, kOneOrMore}, {"ssi", kAll | kLocationIf, kFlag}, {"ssi_silent_errors", kAll, kFlag},
    {"ssi_ignore_recycled_buffers", kAll, kFlag}, {"ssi_min_file_chunk", kAll, kTake1},
    {"ssi_value_length", kAll, kTake1}, {"ssi_types", kAll, kOneOrMore}, {"ssi_last_modified", kAll, kFlag},
    {"sub_filter", kAll, kTake2}, {"sub_filter_types", kAll, kOneOrMore}, {"sub_filter_once", kAll, kFlag},
    {"sub_filter_last_modified", kAll, kFlag}, {"add_before_body", kAll, kTake1},
    {"add_after_body", kAll, kTake1}, {"addition_types", kAll, kOneOrMore}, {"gunzip", kAll, kFlag},
    {"gunzip_buffers", kAll, kTake2},
    {"slice", kAll, kTake1}, {"http2_recv_buffer_size", kHttp, kTake1},
    {"http2_pool_size", kHttpServer, kTake1}, {"http2_max_concurrent_streams", kHttpServer, kTake1},
    {"http2_max_concurrent_pushes", kHttpServer, kTake1}, {"http2_max_requests", kHttpServer, kTake1},
    {"http2_max_field_size", kHttpServer, kTake1}, {"http2_max_header_size", kHttpServer, kTake1},
    {"http2_body_preread_size", kHttpServer, kTake1}, {"http2_streams_index_size", kHttpServer, kTake1},
    {"http2_recv_timeout", kHttpServer, kTake1}, {"http2_idle_timeout", kHttpServer, kTake1},
    {"http2_chunk_size", kAll, kTake1}, {"http2_push_preload", kAll, kFlag}, {"http2_push", kAll, kTake1},
    {"gzip_static", kAll, kTake1}, {"dav_methods", kAll, kOneOrMore}, {"create_full_put_path", kAll, kFlag},
    {"min_delete_depth", kAll, kTake1}, {"dav_access", kAll, kTake123},
    {"mirror", kAll, kTake1}, {"mirror_request_body", kAll, kFlag}, {"auth_request", kAll, kTake1},
    {"auth_request_set", kAll, kTake2}, {"limit_conn_zone", kHttp, kTake2},
    {"limit_conn", kAll, kTake2}, {"limit_conn_log_level", kAll, kTake1}, {"limit_conn_status", kAll, kTake1},
    {"limit_conn_dry_run", kAll, kFlag}, {"limit_req_zone", kHttp, kTake3}, {"limit_req", kAll, kTake123},
    {"limit_req_log_level", kAll, kTake1}, {"limit_req_status", kAll, kTake1},
    {"limit_req_dry_run", kAll, kFlag},
    {"ssl", kHttpServer, kFlag},
    {"flv", kLocation, kNoArgs}, {"mp4", kLocation, kNoArgs},
    {"mp4_buffer_size", kAll, kTake1}, {"mp4_max_buffer_size", kAll, kTake1},
    {"mp4_start_key_frame", kAll, kFlag}, {"hash", kUpstream, kTake12}, {"ip_hash", kUpstream, kNoArgs},
    {"least_conn", kUpstream, kNoArgs}, {"random", kUpstream, kNoArgs | kTake12},
    {"keepalive", kUpstream, kTake1}, {"keepalive_time", kUpstream, kTake1},
    {"keepalive_timeout", kUpstream, kTake1}, {"keepalive_requests", kUpstream, kTake1},
    {"zone", kUpstream, kTake12},
    {"http2", kHttpServer, kFlag}, {"http3", kHttpServer, kFlag}, {"http3_hq", kHttpServer, kFlag},
    {"http3_max_concurrent_streams", kHttpServer, kTake1}, {"http3_stream_buffer_size", kHttpServer, kTake1},
    {"quic_retry", kHttpServer, kFlag}, {"quic_gso", kHttpServer, kFlag},
    {"quic_host_key", kHttpServer, kTake1}, {"quic_active_connection_id_limit", kHttpServer, kTake1},
    {"quic_bpf", kMain, kFlag}, {"ssl_certificate_cache", kHttpServer, kTake123},
    {"ssl_certificate_compression", kHttpServer, kFlag}, {"ssl_ech_file", kHttpServer, kTake1},
    {"ssl_key_log", kHttpServer, kTake1}, {"ssl_object_cache_inheritable", kMain, kFlag},
    {"early_hints", kAll, kOneOrMore},
    {"geoip_country", kHttp, kTake12}, {"geoip_city", kHttp, kTake12}, {"geoip_org", kHttp, kTake12},
    {"geoip_proxy", kHttp, kTake1}, {"geoip_proxy_recursive", kHttp, kFlag},
    {"image_filter", kLocation, kTake123}, {"image_filter_jpeg_quality", kAll, kTake1},
    {"image_filter_webp_quality", kAll, kTake1}, {"image_filter_sharpen", kAll, kTake1},
    {"image_filter_transparency", kAll, kFlag}, {"image_filter_interlace", kAll, kFlag},
    {"image_filter_buffer", kAll, kTake1}, {"xml_entities", kAll, kTake1},
    {"xslt_stylesheet", kLocation, kOneOrMore}, {"xslt_param", kAll, kTake2},
    {"xslt_string_param", kAll, kTake2}, {"xslt_types", kAll, kOneOrMore},
    {"xslt_last_modified", kAll, kFlag}, {"perl_modules", kHttp, kTake1}, {"perl_require", kHttp, kTake1},
    {"perl_set", kHttp, kTake2}, {"perl", kLocation | kLimitExcept, kTake1},
    {"stream", kMain, kNoArgs | kBlock}, {"mail", kMain, kNoArgs | kBlock},
    {"google_perftools_profiles", kMain, kTake1}, {"degradation", kHttp, kTake1},
    {"degrade", kLocation, kTake1}, {"resolver", kUpstream, kOneOrMore},
    {"resolver_timeout", kUpstream, kTake1},
};

}  // namespace

std::span<const UnservedRow> unserved_rows() { return kRows; }

}  // namespace uringx

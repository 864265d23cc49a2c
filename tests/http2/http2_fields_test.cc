// The fields of an answer's head as HTTP/2 has them.
#include "server/http2_fields.h"

#include <map>
#include <string>
#include <vector>

#include "base/chunk_pool.h"

#include <doctest/doctest.h>

namespace uringx {
namespace {

struct Fixture {
  ChunkPool chunks{64};
  Arena arena{chunks};
  ResponseHead head{&arena};

  std::string fields() {
    std::string text;
    for (const HeaderField& field : answer_fields(head, {"uringx", "Sun, 22 Nov 2026 12:01:00 GMT"}, arena)) {
      text += std::string(field.name) + "=" + std::string(field.value) + "\n";
    }
    return text;
  }
};

}  // namespace

TEST_CASE("fields come in nginx's order") {
  Fixture f;
  f.head.status = 206;
  f.head.content_type = "text/plain";
  f.head.charset = "utf-8";
  f.head.content_length = 10;
  f.head.last_modified = 0;
  f.head.location = "http://a/b";
  f.head.vary_accept_encoding = true;
  f.head.fields.push_back({"X-Early", "1"});
  f.head.fields_before_etag = 1;
  f.head.etag = "\"e\"";
  f.head.fields.push_back({"X-Late", "2"});
  f.head.content_range = "bytes 0-9/100";
  CHECK(f.fields() ==
        ":status=206\nserver=uringx\ndate=Sun, 22 Nov 2026 12:01:00 GMT\ncontent-type=text/plain; charset=utf-8\n"
        "content-length=10\nlast-modified=Thu, 01 Jan 1970 00:00:00 GMT\nlocation=http://a/b\nvary=Accept-Encoding\n"
        "x-early=1\netag=\"e\"\nx-late=2\ncontent-range=bytes 0-9/100\n");
}

TEST_CASE("nginx's own codes are 400 on the wire, 204 has no representation") {
  Fixture f;
  for (const auto& [status, text] : std::map<int, std::string>{{494, "400"}, {497, "400"}, {404, "404"}, {999, "999"}, {204, "204"}}) {
    f.head.status = status;
    f.head.content_type = "text/html";
    f.head.content_length = 5;
    CHECK(f.fields().starts_with(":status=" + text + "\n"));
    CHECK((f.fields().find("content-") == std::string::npos) == (status == 204));
  }
}

TEST_CASE("whatever is added, names are tokens in lower case, values have no line breaks and no blanks round them") {
  Fixture f;
  f.head.status = 200;
  const char nul[] = {'a', '\0', 'b'};
  for (const auto& [name, value] : std::vector<HeaderField>{{"X-A", " a\r\nset-cookie: b\t"}, {"x-nul", {nul, 3}}, {"X Blank", "1"},
                                                            {"x:colon", "1"}, {"", "1"}, {"x-\n", "1"}, {"Connection", "close"},
                                                            {"keep-alive", "1"}, {"Transfer-Encoding", "chunked"}, {"UPGRADE", "h2c"},
                                                            {"proxy-connection", "1"}, {"x-empty", " \t "}}) {
    f.head.fields.push_back({name, value});
  }
  CHECK(f.fields() ==
        ":status=200\nserver=uringx\ndate=Sun, 22 Nov 2026 12:01:00 GMT\nx-a=a  set-cookie: b\nx-nul=a b\nx-empty=\n");
}

TEST_CASE("trailers are cleaned as fields are") {
  Fixture f;
  const std::vector<HeaderField> trailers = {{"X-Sum", " 1 "}, {"Connection", "close"}};
  const auto fields = trailer_fields(trailers, f.arena);
  REQUIRE(fields.size() == 1);
  CHECK(fields[0].name == "x-sum");
  CHECK(fields[0].value == "1");
}

}  // namespace uringx

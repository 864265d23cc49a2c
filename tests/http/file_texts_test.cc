#include "http/file_texts.h"

#include <doctest/doctest.h>

#include <string>

#include "http/response_writer.h"
#include "http_fixture.h"

namespace uringx {

TEST_SUITE("http") {
  TEST_CASE("a file's texts are nginx's, and are written anew for another time or size") {
    FileTexts texts(784111777, 1024);
    CHECK(texts.etag() == "\"2ebc98a1-400\"");  // "%xT-%xO" of ngx_http_set_etag
    CHECK(texts.last_modified() == "Sun, 06 Nov 1994 08:49:37 GMT");
    texts.set(784111777, 0);
    CHECK(texts.etag() == "\"2ebc98a1-0\"");
    texts.set(784111778, 0);
    CHECK(texts.etag() == "\"2ebc98a2-0\"");
    CHECK(texts.last_modified() == "Sun, 06 Nov 1994 08:49:38 GMT");
    texts.set(0, UINT64_MAX);
    CHECK(texts.etag() == "\"0-ffffffffffffffff\"");
    texts.set(-1, UINT64_MAX);  // before 1970
    CHECK(texts.etag() == "\"ffffffffffffffff-ffffffffffffffff\"");
    FileTexts unset;
    unset.set(0, 0);
    CHECK(unset.etag() == "\"0-0\"");
    CHECK(unset.last_modified() == "Thu, 01 Jan 1970 00:00:00 GMT");
  }

  TEST_CASE("Last-Modified is the head's time, whatever the file's is") {
    TestMemory memory;
    ResponseHead head(&memory.arena);
    const auto printed = [&] {
      char text[kHttpDateBytes];
      return std::string(text, write_last_modified(text, head));
    };
    const FileTexts texts(784111777, 1024);
    head.last_modified = 784111777;
    CHECK(printed() == "Sun, 06 Nov 1994 08:49:37 GMT");
    head.file_texts = &texts;
    CHECK(printed() == "Sun, 06 Nov 1994 08:49:37 GMT");
    head.last_modified = 0;  // of an add_header Last-Modified, say
    CHECK(printed() == "Thu, 01 Jan 1970 00:00:00 GMT");
  }
}

}  // namespace uringx

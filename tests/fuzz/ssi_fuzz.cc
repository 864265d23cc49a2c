// Fuzz target of server side includes. The input's first byte says how it is cut and what room there is; the rest is a page.
// Whatever it is, it becomes the same whole and in pieces, and nothing is included from above the root.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "modules/ssi_filter.h"
#include "tests/fuzz/fuzz_fixture.h"
#include "tests/modules/fixture.h"

namespace uringx {
namespace {

std::string run(FakeBuild& build, std::string_view page, std::size_t piece_bytes, std::size_t room_bytes) {
  TestRequest test(build);
  test.request.ssi = std::make_shared<SsiContext>();
  SsiFilter filter(test.request, 64, false);
  std::vector<char> room(room_bytes);
  std::string made;
  for (std::size_t at = 0, idle = 0;;) {
    const std::string_view piece = page.substr(at, piece_bytes);
    const BodyFilter::Step step = filter.run(piece, at + piece.size() == page.size(), room);
    expect(step.used_bytes <= piece.size() && step.made_bytes <= room.size(), "no more than there is");
    made.append(room.data(), step.made_bytes);
    at += step.used_bytes;
    if (step.include != nullptr) {
      const std::string uri(step.include->uri);
      expect(uri.find("/../") == std::string::npos && !uri.ends_with("/.."), "a path above the root");
      made += "{" + uri + "?" + std::string(step.include->args) + "}";
      *step.include->answer = {.status = 200, .without_body = true, .body = "body"};
    }
    if (step.state == BodyFilter::State::ended) return made;
    idle = step.used_bytes + step.made_bytes == 0 && step.include == nullptr ? idle + 1 : 0;
    expect(idle < 2, "it gets on");
  }
}

void check(std::string_view input) {
  if (input.empty() || input.size() > 4096) return;
  const auto choice = static_cast<unsigned char>(input.front());
  const std::string_view page = input.substr(1);
  FakeBuild build;
  expect(build.finish().empty(), "the build stands");
  expect(run(build, page, 1 + choice % 16, 1 + choice / 16) == run(build, page, page.size() + 1, 1 << 16), "cuts make no difference");
}

}  // namespace
}  // namespace uringx

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  uringx::check({reinterpret_cast<const char*>(data), size});
  return 0;
}

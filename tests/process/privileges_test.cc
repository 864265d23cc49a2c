#include "process/privileges.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "process_fixture.h"

namespace uringx {

TEST_CASE("the soft limit counts for each worker and is raised no further than the hard one") {
  const rlimit limit{1024, 4096};
  CHECK(descriptor_limit(limit, -1, 1, false).rlim_cur == 1024);
  CHECK(descriptor_limit(limit, -1, 2, false).rlim_cur == 2048);
  CHECK(descriptor_limit(limit, -1, 8, false).rlim_cur == 4096);
  CHECK(descriptor_limit(limit, -1, 8, true).rlim_cur == 4096);
  CHECK(descriptor_limit(limit, -1, 8, true).rlim_max == 4096);
}

TEST_CASE("worker_rlimit_nofile is a worker's share; root moves the hard limit with it") {
  const rlimit limit{1024, 4096};
  CHECK(descriptor_limit(limit, 500, 4, false).rlim_cur == 2000);
  CHECK(descriptor_limit(limit, 5000, 4, false).rlim_cur == 4096);
  CHECK(descriptor_limit(limit, 5000, 4, true).rlim_cur == 20'000);
  CHECK(descriptor_limit(limit, 5000, 4, true).rlim_max == 20'000);
}

TEST_CASE("a limit that is none stays none") {
  const rlimit limit{RLIM_INFINITY, RLIM_INFINITY};
  CHECK(descriptor_limit(limit, -1, 1, false).rlim_cur == RLIM_INFINITY);
  CHECK(descriptor_limit(limit, -1, 64, false).rlim_cur == RLIM_INFINITY);
}

TEST_CASE("more worker_connections than descriptors are warned about") {
  const ReadableLog log;
  CoreMainSettings settings;
  settings.worker_rlimit_nofile.set(Number{8});
  check_descriptor_limit(settings, 8, log.log());
  CHECK(log.text().empty());
  check_descriptor_limit(settings, 9, log.log());
  CHECK(log.has("[warn]"));
  CHECK(log.has("9 worker_connections exceed open file resource limit: 8"));
}

TEST_CASE("workers of root run as nobody unless told otherwise, others as they are") {
  CoreMainSettings settings;
  const auto identity = worker_identity(settings);
  REQUIRE(identity);
  CHECK(identity->has_value() == (geteuid() == 0));
  if (*identity) CHECK((*identity)->user == "nobody");
}

TEST_CASE("a user that does not exist is an error, for root") {
  if (geteuid() != 0) return;
  CoreMainSettings settings;
  settings.user.set({"no-such-user", ""});
  const auto identity = worker_identity(settings);
  REQUIRE(!identity);
  CHECK(identity.error().message == "getpwnam(\"no-such-user\") failed");
}

}  // namespace uringx

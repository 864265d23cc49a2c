#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <regex>

#include "fixture.h"
#include "http/ascii.h"
#include "modules/address_tables.h"
#include "modules/hostnames.h"
#include "modules/split_clients.h"

using namespace uringx;

namespace {

std::vector<Directive> lines(std::initializer_list<std::vector<std::string>> rows) {
  std::vector<Directive> block;
  for (const std::vector<std::string>& words : rows) {
    block.emplace_back();
    block.back().words = words;
  }
  return block;
}

struct Network {
  Ipv4 first;
  unsigned bits;
  std::uint32_t value;
};

Ipv4 mask(unsigned bits) { return bits == 0 ? 0 : ~Ipv4{0} << (32 - bits); }

// A number below `end`, the same in every run.
class Dice {
 public:
  explicit Dice(unsigned seed) : random_(seed) {}
  unsigned operator()(unsigned end) { return static_cast<unsigned>(random_() % end); }

 private:
  std::mt19937 random_;
};

// The longest network that holds the address, looked for one by one.
std::uint32_t search(const std::vector<Network>& networks, Ipv4 address) {
  const Network* longest = nullptr;
  for (const Network& network : networks) {
    if ((address & mask(network.bits)) != network.first) continue;
    if (longest == nullptr || network.bits >= longest->bits) longest = &network;
  }
  return longest == nullptr ? 0 : longest->value;
}

}  // namespace

TEST_CASE("networks are found as a search of all of them finds them") {
  Dice dice(20261122);
  for (int round = 0; round < 200; ++round) {
    NetworkTable<Ipv4> table;
    std::vector<Network> networks;
    const std::size_t count = dice(40);
    for (std::uint32_t value = 1; value <= count; ++value) {
      const unsigned bits = dice(33);
      // Few different addresses, so that networks lie in each other and repeat.
      const Ipv4 first = (dice(4) << 30 | dice(3) << 8 | dice(4)) & mask(bits);
      const auto same = std::find_if(networks.begin(), networks.end(),
                                     [&](const Network& network) { return network.first == first && network.bits == bits; });
      if (dice(8) == 0) {
        CHECK(table.remove(first, bits) == (same != networks.end()));
        if (same != networks.end()) networks.erase(same);
        continue;
      }
      const std::uint32_t before = search(networks, first);
      const std::optional<std::uint32_t> old = table.add(first, bits, value);
      REQUIRE(old.has_value() == (same != networks.end()));
      if (old) CHECK(*old == before);
      if (old) same->value = value;
      else networks.push_back({first, bits, value});
    }
    const Intervals<Ipv4> intervals = table.intervals();
    std::vector<Ipv4> asked{0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
    for (const Network& network : networks) {
      const Ipv4 last = network.first | ~mask(network.bits);
      asked.insert(asked.end(), {network.first, network.first - 1, last, last + 1});
    }
    for (const Ipv4 address : asked) CHECK(intervals.find(address) == search(networks, address));
  }
}

TEST_CASE("ranges are found as the last one written over an address") {
  Dice dice(7);
  for (int round = 0; round < 200; ++round) {
    constexpr Ipv4 kBase = 0x0a00fff0;  // around the end of a block of 65536
    constexpr unsigned kAddresses = 32;
    RangeTable table;
    std::vector<std::uint32_t> values(kAddresses);
    for (std::uint32_t value = 1; value <= 12; ++value) {
      const auto first = dice(kAddresses);
      const auto last = first + dice(kAddresses - first);
      // Only what lies within one range or outside all of them is not refused.
      const RangeTable::Added added = table.add(kBase + first, kBase + last, value);
      if (added.overlap) break;
      std::fill(values.begin() + first, values.begin() + last + 1, value);
      const Intervals<Ipv4> intervals = table.intervals();
      for (Ipv4 i = 0; i < kAddresses; ++i) CHECK(intervals.find(kBase + i) == values[i]);
    }
  }
}

TEST_CASE("a hundred thousand networks are read and searched") {
  NetworkTable<Ipv4> table;
  for (Ipv4 i = 0; i < 100'000; ++i) table.add(i << 12, 20, i + 1);
  const Intervals<Ipv4> intervals = table.intervals();
  CHECK(intervals.find(0) == 1);
  CHECK(intervals.find((99'999u << 12) + 5) == 100'000);
  CHECK(intervals.find(100'000u << 12) == 0);
}

TEST_CASE("the hash of split_clients is nginx's") {
  CHECK(murmur_hash2("") == 0);
  CHECK(murmur_hash2("hello") == 3848350155u);
}

TEST_CASE("variables that need each other end, however often they ask") {
  FakeBuild build;
  REQUIRE(build.apply("map", {"$a", "$b"}, lines({{"volatile"}, {"default", "$a$a"}})) == "");
  REQUIRE(build.apply("map", {"$b", "$a"}, lines({{"volatile"}, {"default", "$b$b"}})) == "");
  REQUIRE(build.finish() == "");
  TestRequest test(build);
  CHECK(test.variable("a").size() < 1000);
  CHECK(test.collected.lines["error.log"].find("cycle while evaluating variable") != std::string::npos);
  CHECK(test.request.variable_depth_left == 100);
}

TEST_CASE("captures that a variable changes on the way are all of the same match") {
  FakeBuild build;
  REQUIRE(build.apply("map", {"$uri", "$long"}, lines({{"~^/(.)(.*)$", "$2"}})) == "");
  REQUIRE(build.finish() == "");
  TestRequest test(build);
  CHECK(test.text("[$1][$2] $long [$1][$2]") == "[a][.html] .html [a][.html]");
}

TEST_CASE("a map's keys, by kind") {
  FakeBuild build;
  const auto block = lines({{"default", "none"}, {"/A.HTML", "exact"}, {"~^/b(?<rest>.*)", "b:$rest"}, {"\\default", "word"}});
  REQUIRE(build.apply("map", {"$uri", "$m"}, block) == "");
  REQUIRE(build.finish() == "");
  TestRequest test(build);
  CHECK(test.variable("m") == "exact");
  CHECK(build.apply("map", {"$uri", "$n"}, lines({{"a", "1"}, {"A", "2"}})) == "conflicting parameter \"a\"");
  CHECK(build.apply("map", {"$uri", "$n"}, lines({{"a"}})) == "invalid number of the map parameters");
}

// nginx's order: the exact key whatever its case, then with `hostnames` the longest "*.name", then the longest "name.*", then the
// first regular expression that matches, then the default.
TEST_CASE("a map's value is that of a search of all its lines") {
  constexpr std::string_view kLetters = "ab.A";
  Dice dice(20261123);
  const auto text_of = [&](unsigned bytes) {
    std::string text;
    for (unsigned i = 0; i < bytes; ++i) text += kLetters[dice(static_cast<unsigned>(kLetters.size()))];
    return text;
  };
  const auto lower = [](std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), ascii_lower);
    return text;
  };
  for (int round = 0; round < 300; ++round) {
    const bool hostnames = dice(2) == 0;
    const bool has_default = dice(2) == 0;
    std::vector<std::pair<std::string, std::string>> exact, leading, trailing;
    std::vector<std::pair<std::regex, std::string>> patterns;
    std::vector<Directive> block = hostnames ? lines({{"hostnames"}}) : lines({});
    const auto add = [&block](const std::string& key, const std::string& value) {
      block.emplace_back();
      block.back().words = {key, value};
    };
    const auto has = [](const auto& keys, const std::string& key) {
      return std::any_of(keys.begin(), keys.end(), [&key](const auto& one) { return one.first == key; });
    };
    for (int i = 0; i < 10; ++i) {
      const std::string value = "v" + std::to_string(i);
      const std::string label = lower(std::string(1 + dice(2), "ab"[dice(2)]));
      switch (dice(hostnames ? 4 : 2)) {
        case 0: {
          const std::string key = "a" + text_of(dice(3)) + "b";
          if (key.find("..") != std::string::npos || has(exact, lower(key))) break;
          exact.emplace_back(lower(key), value);
          add(key, value);
          break;
        }
        case 1: {
          const bool caseless = dice(2) == 0;
          const std::string pattern = std::string(dice(2) == 0 ? "^" : "") + "ab"[dice(2)] + (dice(2) == 0 ? "." : "[ab]+");
          patterns.emplace_back(std::regex(pattern, caseless ? std::regex::ECMAScript | std::regex::icase : std::regex::ECMAScript), value);
          add((caseless ? "~*" : "~") + pattern, value);
          break;
        }
        case 2:
          if (has(leading, "." + label)) break;
          leading.emplace_back("." + label, value);
          add("*." + label, value);
          break;
        default:
          if (has(trailing, label + ".")) break;
          trailing.emplace_back(label + ".", value);
          add(label + ".*", value);
      }
    }
    if (has_default) add("default", "d");
    FakeBuild build;
    REQUIRE(build.apply("map", {"$arg_k", "$m"}, block) == "");
    REQUIRE(build.finish() == "");
    for (int asked = 0; asked < 40; ++asked) {
      const std::string key = text_of(dice(6));
      std::string name = lower(key);
      if (hostnames && name.ends_with('.')) name.pop_back();
      const std::string source = hostnames && key.ends_with('.') ? key.substr(0, key.size() - 1) : key;
      std::string wanted = has_default ? "d" : "";
      if (!source.empty()) {
        const auto found = std::find_if(patterns.begin(), patterns.end(), [&](const auto& one) { return std::regex_search(source, one.first); });
        if (found != patterns.end()) wanted = found->second;
      }
      std::size_t bytes = 0;
      for (const auto& [end, value] : trailing) {
        if (name.starts_with(end) && end.size() > bytes) bytes = end.size(), wanted = value;
      }
      bytes = 0;
      for (const auto& [end, value] : leading) {
        if (name.ends_with(end) && end.size() > bytes) bytes = end.size(), wanted = value;
      }
      for (const auto& [whole, value] : exact) {
        if (name == whole) wanted = value;
      }
      TestRequest test(build);
      const std::string args = "k=" + key;
      test.request.args = args;
      REQUIRE_MESSAGE(test.variable("m") == wanted, key);
    }
  }
}

// What ngx_hash_find_combined finds, looked for one by one: the exact name, else the longest "*.name", else the longest "name.*".
TEST_CASE("host names are found as a search of all of them finds them") {
  Dice dice(4711);
  const auto name = [&](unsigned labels) {
    std::string text;
    for (unsigned i = 0; i < labels; ++i) text.append(i == 0 ? "" : ".").append(1, static_cast<char>('a' + dice(3)));
    return text;
  };
  for (int round = 0; round < 300; ++round) {
    Hostnames<int> table;
    std::vector<std::pair<std::string, int>> exact, leading, trailing;
    for (int value = 1; value < 12; ++value) {
      const std::string text = name(1 + dice(3));
      using Added = Hostnames<int>::Added;
      switch (dice(3)) {
        case 0:
          if (table.add(text, value) == Added::yes) exact.emplace_back(text, value);
          break;
        case 1:
          if (table.add("*." + text, value) == Added::yes) leading.emplace_back("." + text, value);
          break;
        default:
          if (table.add(text + ".*", value) == Added::yes) trailing.emplace_back(text + ".", value);
      }
    }
    for (int asked = 0; asked < 50; ++asked) {
      const std::string host = name(1 + dice(5));
      int wanted = 0;
      std::size_t bytes = 0;
      for (const auto& [text, value] : trailing) {
        if (host.starts_with(text) && text.size() > bytes) bytes = text.size(), wanted = value;
      }
      bytes = 0;
      for (const auto& [text, value] : leading) {
        if (host.ends_with(text) && text.size() > bytes) bytes = text.size(), wanted = value;
      }
      for (const auto& [text, value] : exact) {
        if (host == text) wanted = value;
      }
      const int* const found = table.find(host);
      REQUIRE_MESSAGE((found == nullptr ? 0 : *found) == wanted, host);
    }
  }
}

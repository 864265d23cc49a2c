#include "modules/split_clients.h"

#include <optional>

#include "http/ascii.h"
#include "modules/build_context.h"

namespace uringx {
namespace {

constexpr std::uint32_t kWhole = 10000;  // 100.00 %

// "12.5" as 1250; at most two digits after the point (ngx_atofp).
std::optional<std::uint32_t> parse_hundredths(std::string_view text) {
  constexpr std::uint64_t kEnough = 100'000'000;  // far above 100 %, and refused as such
  std::uint64_t value = 0;
  unsigned decimals = 0;
  bool point = false;
  if (text.empty()) return std::nullopt;
  for (const char c : text) {
    if (decimals == 2) return std::nullopt;
    if (c == '.') {
      if (point) return std::nullopt;
      point = true;
      continue;
    }
    if (!is_digit(c) || value >= kEnough) return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
    if (point) ++decimals;
  }
  for (; decimals < 2; ++decimals) value *= 10;
  return value > UINT32_MAX ? std::nullopt : std::optional(static_cast<std::uint32_t>(value));
}

// ngx_conf_split_clients_block.
Applied apply_split_clients(BuildContext& context, const Directive& directive, Settings&) {
  std::expected<Template, Refusal> source = context.compile_template(directive.words[1]);
  if (!source) return std::unexpected(std::move(source.error()));
  const auto name = defined_variable(context, directive.words[2]);
  if (!name) return std::unexpected(name.error());

  auto owned = std::make_unique<SplitClients>(std::move(*source));
  SplitClients& split = *owned;
  context.variables().define(*name, std::move(owned));
  for (const Directive& line : directive.block) {
    context.at(line);
    if (line.has_block) return std::unexpected(Refusal{"unexpected \"{\""});
    if (Applied added = split.add(line.words); !added) return added;
  }
  if (!directive.closed) return {};  // nginx reads no further, and says so
  Directive end;
  end.file = directive.end_file;
  end.line = directive.end_line;
  context.at(end);
  return split.finish();
}

constexpr DirectiveRow kRows[] = {
    {"split_clients", kHttp, kTake2 | kBlock, Level::main, apply_split_clients},
};

}  // namespace

const Module kSplitClientsModule = {
    .id = ModuleId::split_clients, .name = "split_clients", .rows = kRows, .make_main = make_settings<SplitClientsSettings>};

std::uint32_t murmur_hash2(std::string_view text) {
  constexpr std::uint32_t kFactor = 0x5bd1e995;
  const auto byte = [&text](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  auto hash = static_cast<std::uint32_t>(text.size());
  for (; text.size() >= 4; text.remove_prefix(4)) {
    std::uint32_t word = byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24;
    word *= kFactor;
    word ^= word >> 24;
    word *= kFactor;
    hash = hash * kFactor ^ word;
  }
  if (!text.empty()) {
    for (std::size_t i = 0; i < text.size(); ++i) hash ^= byte(i) << (8 * i);
    hash *= kFactor;
  }
  hash ^= hash >> 13;
  hash *= kFactor;
  return hash ^ hash >> 15;
}

// ngx_http_split_clients.
Applied SplitClients::add(const std::vector<std::string>& words) {
  const std::string_view word = words[0];
  std::uint32_t hundredths = 0;
  if (word != "*") {
    const auto parsed = word.ends_with('%') ? parse_hundredths(word.substr(0, word.size() - 1)) : std::nullopt;
    if (!parsed || *parsed == 0) return std::unexpected(Refusal{"invalid percent value \"" + words[0] + "\""});
    hundredths = *parsed;
  }
  // nginx takes what an earlier directive left in memory for a value that is not there.
  if (words.size() < 2) return std::unexpected(Refusal{"no value for \"" + words[0] + "\""});
  parts_.push_back({hundredths, 0, words[1]});
  return {};
}

Applied SplitClients::finish() {
  std::uint32_t sum = 0;
  std::uint32_t hash_end = 0;
  for (Part& part : parts_) {
    sum = part.hundredths == 0 ? kWhole : sum + part.hundredths;
    if (sum > kWhole) return std::unexpected(Refusal{"percent total is greater than 100%"});
    hash_end += static_cast<std::uint32_t>(part.hundredths * std::uint64_t{UINT32_MAX} / kWhole);
    part.hash_end = hash_end;
  }
  return {};
}

// ngx_http_split_clients_variable.
std::optional<std::string_view> SplitClients::value(Request& request) const {
  const std::uint32_t hash = murmur_hash2(source_.evaluate(request));
  for (const Part& part : parts_) {
    if (part.hundredths == 0 || hash < part.hash_end) return part.value;
  }
  return "";
}

}  // namespace uringx

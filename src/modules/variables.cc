#include "modules/variables.h"

#include <algorithm>

#include "base/check.h"
#include "http/ascii.h"
#include "modules/build_context.h"
#include "modules/handler.h"

namespace uringx {
namespace {

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), ascii_lower);
  return lower;
}

// Those nginx marks NGX_HTTP_VAR_CHANGEABLE: a configuration may give them a value.
// Three of $sent_http_... are rows here only, where nginx has the prefix.
bool is_changeable(std::string_view name) {
  constexpr std::string_view kNames[] = {"args", "limit_rate", "msie", "modern_browser", "ancient_browser", "invalid_referer",
                                         "uid_reset", "proxy_host", "proxy_port", "sent_http_accept_ranges",
                                         "sent_http_content_range", "sent_http_etag"};
  return name.starts_with("ssl_") || name.starts_with("geoip_") ||
         std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

// All variables that need no definition.
const std::vector<const VariableRow*>& all_rows() {
  static const std::vector<const VariableRow*> rows = [] {
    std::vector<const VariableRow*> all;
    const auto add = [&](std::span<const VariableRow> some) {
      for (const VariableRow& row : some) all.push_back(&row);
    };
    for (const auto some : {core_variables(), header_variables(), absent_variables()}) add(some);
    for (const Module* module : all_modules()) {
      if (module->variables != nullptr) add(module->variables());
    }
    return all;
  }();
  return rows;
}

const VariableRow* find_exact(std::string_view name) {
  for (const VariableRow* row : all_rows()) {
    if (!row->prefix && row->name == name) return row;
  }
  return nullptr;
}

// The longest prefix wins: $sent_http_x is no $sent_... of something shorter.
const VariableRow* find_prefix(std::string_view name) {
  const VariableRow* longest = nullptr;
  for (const VariableRow* row : all_rows()) {
    if (!row->prefix || !name.starts_with(row->name)) continue;
    if (longest == nullptr || row->name.size() > longest->name.size()) longest = row;
  }
  return longest;
}

// Once a cycle was found nothing more is asked for until the outermost variable has its value: where each asks for two that
// are volatile, the texts of a cycle would otherwise double at every step of it.
constexpr int kDepthMax = 100;
constexpr int kInCycle = 1000;

}  // namespace

std::uint16_t VariableTable::index_of(std::string_view name) {
  std::string key = lower_case(name);
  if (const auto found = by_name_.find(key); found != by_name_.end()) return found->second;
  CHECK(entries_.size() < UINT16_MAX);
  const auto index = static_cast<std::uint16_t>(entries_.size());
  entries_.push_back({.name = key, .suffix = {}, .source = nullptr});
  by_name_.emplace(std::move(key), index);
  return index;
}

std::expected<void, std::string> VariableTable::check_definable(std::string_view name) const {
  if (name.empty()) return std::unexpected("invalid variable name \"$\"");
  const std::string key = lower_case(name);
  if ((find_exact(key) != nullptr || is_unserved_variable(key)) && !is_changeable(key)) {
    return std::unexpected("the duplicate \"" + std::string(name) + "\" variable");
  }
  return {};
}

// Of a name of nginx's own only the way to its value changes, not how long the value holds.
VariableTable::Entry& VariableTable::redefine(std::uint16_t index) {
  Entry& entry = entries_[index];
  if (const VariableRow* row = entry.defined ? nullptr : find_exact(entry.name)) entry.volatile_ = row->volatile_;
  entry.get = nullptr;
  entry.source.reset();
  entry.weak = false;
  entry.defined = true;
  return entry;
}

std::uint16_t VariableTable::define(std::string_view name, VariableGetter get) {
  const std::uint16_t index = index_of(name);
  redefine(index).get = get;
  return index;
}

std::uint16_t VariableTable::define(std::string_view name, std::unique_ptr<VariableSource> source) {
  const std::uint16_t index = index_of(name);
  redefine(index).source = std::move(source);
  return index;
}

std::uint16_t VariableTable::define_weakly(std::string_view name, VariableGetter get) {
  const std::uint16_t index = index_of(name);
  Entry& entry = entries_[index];
  if (entry.defined || find_exact(entry.name) != nullptr) return index;
  entry.get = get;
  entry.suffix = entry.name;
  entry.weak = true;
  entry.defined = true;
  return index;
}

std::expected<void, std::string> VariableTable::resolve() {
  for (Entry& entry : entries_) {
    if (entry.defined && !entry.weak) continue;
    const VariableRow* row = entry.weak ? nullptr : find_exact(entry.name);
    if (row == nullptr) row = find_prefix(entry.name);
    if (row == nullptr && entry.weak) continue;
    if (row == nullptr && is_unserved_variable(entry.name)) {
      return std::unexpected("the \"" + entry.name + "\" variable is known to nginx but not served by uringx yet");
    }
    if (row == nullptr) return std::unexpected("unknown \"" + entry.name + "\" variable");
    entry.get = row->get;
    if (row->name == "realpath_root") uses_realpath_root_ = true;
    entry.volatile_ = row->volatile_;
    if (row->prefix) entry.suffix = entry.name.substr(row->name.size());
    entry.defined = true;
  }
  return {};
}

std::span<VariableValue> VariableTable::values(Request& request) const {
  if (request.variable_values.size() < entries_.size()) {
    request.variable_values = request.arena.make_array<VariableValue>(entries_.size());
  }
  return request.variable_values;
}

std::optional<std::string_view> VariableTable::compute(Request& request, const Entry& entry) const {
  if (entry.source != nullptr) return entry.source->value(request);
  return entry.get == nullptr ? std::nullopt : entry.get(request, entry.suffix);
}

std::optional<std::string_view> VariableTable::value(Request& request, std::uint16_t index) const {
  VariableValue& kept = values(request)[index];
  if (kept.state == VariableValue::State::unknown) {
    const Entry& entry = entries_[index];
    if (request.variable_depth_left < 0) return std::nullopt;
    if (request.variable_depth_left == 0) {
      request.variable_depth_left -= kInCycle;
      log_request(request, LogLevel::error, request.arena.join({"cycle while evaluating variable \"", entry.name, "\""}));
      return std::nullopt;
    }
    --request.variable_depth_left;
    const std::optional<std::string_view> text = compute(request, entry);
    if (++request.variable_depth_left == kDepthMax - kInCycle) request.variable_depth_left = kDepthMax;
    kept = {.state = text ? VariableValue::State::found : VariableValue::State::not_found,
            .stored = false,
            .text = text.value_or(std::string_view())};
  }
  if (kept.state != VariableValue::State::found) return std::nullopt;
  return kept.text;
}

std::optional<std::string_view> VariableTable::value_of(Request& request, std::string_view name) const {
  const std::string key = lower_case(name);
  if (const auto found = by_name_.find(key); found != by_name_.end()) return current_value(request, found->second);
  const VariableRow* row = find_exact(key);
  if (row != nullptr) return row->get(request, {});
  row = find_prefix(key);
  return row == nullptr ? std::nullopt : row->get(request, request.arena.copy(std::string_view(key).substr(row->name.size())));
}

void VariableTable::lend(Request& subrequest, const Request& parent) const {
  if (parent.variable_values.empty()) return;
  const std::span<VariableValue> own = values(subrequest);
  std::ranges::copy(parent.variable_values, own.begin());
}

// The subrequest's memory goes with it: what is new is copied.
void VariableTable::take_back(const Request& subrequest, Request& parent) const {
  if (subrequest.variable_values.empty()) return;
  const std::span<VariableValue> kept = values(parent);
  for (std::size_t i = 0; i < subrequest.variable_values.size(); ++i) {
    const VariableValue& now = subrequest.variable_values[i];
    const bool same_text = now.text.data() == kept[i].text.data() && now.text.size() == kept[i].text.size();
    if (now.state == kept[i].state && now.stored == kept[i].stored && same_text) continue;
    kept[i] = {};
    if (entries_[i].volatile_ && !now.stored) continue;  // asked anew at each use
    kept[i] = {.state = now.state, .stored = now.stored, .text = now.text.empty() ? std::string_view("") : parent.arena.copy(now.text)};
  }
}

void VariableTable::store(Request& request, std::uint16_t index, std::string_view text) const {
  values(request)[index] = {.state = VariableValue::State::found, .stored = true, .text = text};
}

std::expected<std::string_view, Refusal> defined_variable(BuildContext& context, std::string_view word) {
  if (!word.starts_with('$')) return std::unexpected(Refusal{"invalid variable name \"" + std::string(word) + "\""});
  const std::string_view name = word.substr(1);
  if (auto definable = context.variables().check_definable(name); !definable) {
    return std::unexpected(Refusal{std::move(definable.error())});
  }
  return name;
}

}  // namespace uringx

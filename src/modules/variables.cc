#include "modules/variables.h"

#include <algorithm>

#include "base/check.h"
#include "http/ascii.h"

namespace uringx {
namespace {

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), ascii_lower);
  return lower;
}

// Those nginx marks NGX_HTTP_VAR_CHANGEABLE: a configuration may give them a value.
constexpr bool is_changeable(std::string_view name) { return name == "args" || name == "limit_rate"; }

const VariableRow* find_exact(std::string_view name) {
  for (const auto rows : {core_variables(), header_variables(), absent_variables()}) {
    for (const VariableRow& row : rows) {
      if (!row.prefix && row.name == name) return &row;
    }
  }
  return nullptr;
}

// The longest prefix wins: $sent_http_x is no $sent_... of something shorter.
const VariableRow* find_prefix(std::string_view name) {
  const VariableRow* longest = nullptr;
  for (const auto rows : {core_variables(), header_variables(), absent_variables()}) {
    for (const VariableRow& row : rows) {
      if (!row.prefix || !name.starts_with(row.name)) continue;
      if (longest == nullptr || row.name.size() > longest->name.size()) longest = &row;
    }
  }
  return longest;
}

}  // namespace

std::uint16_t VariableTable::index_of(std::string_view name) {
  std::string key = lower_case(name);
  if (const auto found = by_name_.find(key); found != by_name_.end()) return found->second;
  CHECK(entries_.size() < UINT16_MAX);
  const auto index = static_cast<std::uint16_t>(entries_.size());
  entries_.push_back({.name = key, .suffix = {}});
  by_name_.emplace(std::move(key), index);
  return index;
}

std::expected<void, std::string> VariableTable::check_definable(std::string_view name) const {
  const std::string key = lower_case(name);
  if (find_exact(key) != nullptr && !is_changeable(key)) {
    return std::unexpected("the duplicate \"" + std::string(name) + "\" variable");
  }
  return {};
}

std::uint16_t VariableTable::define(std::string_view name, VariableGetter get) {
  const std::uint16_t index = index_of(name);
  entries_[index].get = get;
  entries_[index].defined = true;
  return index;
}

std::expected<void, std::string> VariableTable::resolve() {
  for (Entry& entry : entries_) {
    if (entry.defined) continue;
    const VariableRow* row = find_exact(entry.name);
    if (row == nullptr) row = find_prefix(entry.name);
    if (row == nullptr && is_unserved_variable(entry.name)) {
      return std::unexpected("the \"" + entry.name + "\" variable is known to nginx but not served by uringx yet");
    }
    if (row == nullptr) return std::unexpected("unknown \"" + entry.name + "\" variable");
    entry.get = row->get;
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

std::optional<std::string_view> VariableTable::value(Request& request, std::uint16_t index) const {
  const Entry& entry = entries_[index];
  if (entry.volatile_) return entry.get(request, entry.suffix);
  VariableValue& cached = values(request)[index];
  if (cached.state == VariableValue::State::unknown && entry.get != nullptr) {
    const std::optional<std::string_view> text = entry.get(request, entry.suffix);
    cached.state = text ? VariableValue::State::found : VariableValue::State::not_found;
    cached.text = text.value_or(std::string_view());
  }
  if (cached.state != VariableValue::State::found) return std::nullopt;
  return cached.text;
}

void VariableTable::store(Request& request, std::uint16_t index, std::string_view text) const {
  values(request)[index] = {VariableValue::State::found, text};
}

}  // namespace uringx

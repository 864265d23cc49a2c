#include "modules/ssi_context.h"

#include <algorithm>

#include "http/ascii.h"

namespace uringx {
namespace {

const std::string* find(const std::vector<SsiContext::Text>& texts, std::string_view name) {
  const auto found = std::ranges::find(texts, name, &SsiContext::Text::name);
  return found == texts.end() ? nullptr : &found->value;
}

}  // namespace

const std::string* SsiContext::find_variable(std::string_view name) const {
  if (name.size() == 1 && is_digit(name.front())) {
    const auto number = static_cast<std::size_t>(name.front() - '0');
    if (number < captures.size()) return &captures[number];
  }
  return find(variables, name);
}

void SsiContext::set_variable(std::string_view name, std::string value) {
  const auto found = std::ranges::find(variables, name, &Text::name);
  if (found == variables.end()) {
    variables.push_back({std::string(name), std::move(value)});
  } else {
    found->value = std::move(value);
  }
}

const std::string* SsiContext::find_block(std::string_view name) const { return find(blocks, name); }

}  // namespace uringx

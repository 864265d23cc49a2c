#include "http/message.h"

#include <algorithm>
#include <limits>

#include "http/ascii.h"

namespace uringx {

namespace {

// What a browser sends fits without a move.
constexpr std::size_t kUsualFields = 16;
constexpr std::size_t kLastNumber = std::numeric_limits<std::uint16_t>::max() - 1;

}  // namespace

KnownField RequestHead::add_field(const HeaderField& field) {
  if (fields.empty()) fields.reserve(kUsualFields);
  fields.push_back(field);
  const KnownField known = known_field(field.name);
  auto& first = first_of_[static_cast<std::size_t>(known)];
  // Beyond the 65534th field the last number stands for it: header buffers of nginx's default sizes hold no
  // such count, and a duplicate there is still refused.
  const auto number = static_cast<std::uint16_t>(std::min<std::size_t>(fields.size(), kLastNumber));
  if (first == 0) {
    first = number;
  } else if (duplicate_ == 0 && is_single(known)) {
    duplicate_ = number;
  }
  return known;
}

const HeaderField* RequestHead::find(std::string_view name) const {
  for (const HeaderField& field : fields) {
    if (equal_ignore_case(field.name, name)) return &field;
  }
  return nullptr;
}

void RequestHead::rebase(std::string_view old_text, const char* new_text) {
  const auto old_begin = reinterpret_cast<std::uintptr_t>(old_text.data());
  const auto move = [&](std::string_view& text) {
    const auto offset = reinterpret_cast<std::uintptr_t>(text.data()) - old_begin;
    if (text.data() != nullptr && offset <= old_text.size()) text = {new_text + offset, text.size()};
  };
  for (std::string_view* text :
       {&method_text, &request_line, &target, &host_in_target, &scheme_in_target, &protocol_text}) {
    move(*text);
  }
  for (HeaderField& field : fields) {
    move(field.name);
    move(field.value);
  }
}

}  // namespace uringx

#include "http/message.h"

#include <limits>

#include "http/ascii.h"

namespace uringx {

KnownField RequestHead::add_field(const HeaderField& field) {
  fields.push_back(field);
  const KnownField known = known_field(field.name);
  auto& first = first_of_[static_cast<std::size_t>(known)];
  // A field beyond the 65534th is still in the list. Header buffers of nginx's default size hold no such number.
  if (first == 0 && fields.size() < std::numeric_limits<std::uint16_t>::max()) {
    first = static_cast<std::uint16_t>(fields.size());
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
  for (std::string_view* text : {&method_text, &request_line, &target, &host_in_target, &scheme_in_target,
                                 &protocol_text}) {
    move(*text);
  }
  for (HeaderField& field : fields) {
    move(field.name);
    move(field.value);
  }
}

}  // namespace uringx

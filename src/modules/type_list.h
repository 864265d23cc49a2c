// TypeList is the list of content types that a filter is for: charset_types, gzip_types, sub_filter_types and their kin
// (ngx_http_types_slot, ngx_http_test_content_type). Built with the configuration, const afterwards.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/text_map.h"
#include "modules/module.h"

namespace uringx {

struct TypeList {
  bool all = false;  // "*"
  std::unordered_set<std::string, TextHash, std::equal_to<>> names;  // lower case

  // text/html, which every list begins with.
  static TypeList text_html();

  // `content_type` is without parameters.
  bool contains(std::string_view content_type) const;
};

namespace detail {
Applied add_types(BuildContext& context, const Directive& directive, Setting<TypeList>& field);

template <auto Member>
Applied apply_types(BuildContext& context, const Directive& directive, Settings& settings) {
  return add_types(context, directive, static_cast<typename MemberOf<decltype(Member)>::Struct&>(settings).*Member);
}
}  // namespace detail

// A row whose words are added to the list; a type that is there already is a warning.
template <auto Member>
constexpr DirectiveRow types_row(std::string_view name, std::uint32_t contexts = kHttpServerLocation) {
  return {name, contexts, kOneOrMore, Level::location, detail::apply_types<Member>, detail::inherit_member<Member>};
}

}  // namespace uringx

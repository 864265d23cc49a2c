#include "modules/type_list.h"

#include <algorithm>

#include "http/ascii.h"
#include "modules/build_context.h"

namespace uringx {

TypeList TypeList::text_html() {
  TypeList list;
  list.names.insert("text/html");
  return list;
}

bool TypeList::contains(std::string_view content_type) const {
  char lower[128];  // a longer one is in no list
  if (content_type.empty()) return false;
  if (all || content_type.size() > sizeof(lower)) return all;
  std::transform(content_type.begin(), content_type.end(), lower, ascii_lower);
  return names.contains(std::string_view(lower, content_type.size()));
}

namespace detail {

Applied add_types(BuildContext& context, const Directive& directive, Setting<TypeList>& field) {
  if (!field.is_set()) field.set(TypeList::text_html());
  TypeList& types = field.amend();
  for (std::size_t i = 1; i < directive.words.size() && !types.all; ++i) {
    std::string type = directive.words[i];
    std::transform(type.begin(), type.end(), type.begin(), ascii_lower);
    if (type == "*") {
      types.all = true;
    } else if (!types.names.insert(type).second) {
      context.warn("duplicate MIME type \"" + type + "\"");
    }
  }
  return {};
}

}  // namespace detail
}  // namespace uringx

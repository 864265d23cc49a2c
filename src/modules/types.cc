#include "modules/types.h"

#include <algorithm>

#include "http/ascii.h"
#include "http/uri.h"
#include "modules/build_context.h"

namespace uringx {
namespace {

// One line of types{}: a content type and its extensions (ngx_http_core_type).
Applied apply_type(BuildContext& context, const Directive& line, TypesSettings::Table& table) {
  context.at(line);
  if (line.has_block) return std::unexpected(Refusal{"unexpected \"{\""});
  const std::string& content_type = line.words[0];
  for (std::size_t i = 1; i < line.words.size(); ++i) {
    std::string extension = line.words[i];
    std::transform(extension.begin(), extension.end(), extension.begin(), ascii_lower);
    if (const std::string* previous = table.find(extension)) {
      context.warn("duplicate extension \"" + extension + "\", content type: \"" + content_type +
                   "\", previous content type: \"" + *previous + "\"");
    }
    table.put(extension, content_type);
  }
  return {};
}

// Several blocks of one level make one table; any replaces the table of the level above.
Applied apply_types(BuildContext& context, const Directive& directive, Settings& settings) {
  auto& types = static_cast<TypesSettings&>(settings);
  auto& field = types.types;
  types.own_types = true;
  if (!field.is_set()) field.set({});
  for (const Directive& line : directive.block) {
    if (Applied applied = apply_type(context, line, field.amend()); !applied) return applied;
  }
  return {};
}

// nginx builds a hash for each server, and for each location that has types{} of its own.
Applied finish_location(BuildContext&, Settings& settings, const Settings* parent) {
  auto& types = static_cast<TypesSettings&>(settings);
  if (parent == nullptr) return {};
  const bool builds = types.own_types || !static_cast<const TypesSettings*>(parent)->hash_stands;
  types.hash_stands = true;
  if (!builds) return {};
  return check_hash_sizes("types_hash", *types.hash_max_size, *types.hash_bucket_size,
                          types.types->by_extension.empty() ? HashKeys::none : HashKeys::some);
}

template <auto Member>
constexpr DirectiveRow checked_size_row(std::string_view name) {
  DirectiveRow row = value_row<Member>(name, kHttpServerLocation);
  row.standing = Standing::no_meaning;
  return row;
}

constexpr DirectiveRow kRows[] = {
    custom_row<&TypesSettings::types>("types", kHttpServerLocation, kNoArgs | kBlock, apply_types),
    value_row<&TypesSettings::default_type>("default_type", kHttpServerLocation),
    checked_size_row<&TypesSettings::hash_max_size>("types_hash_max_size"),
    checked_size_row<&TypesSettings::hash_bucket_size>("types_hash_bucket_size"),
};

}  // namespace

const Module kTypesModule = {.id = ModuleId::types,
                             .name = "types",
                             .rows = kRows,
                             .make_location = make_settings<TypesSettings>,
                             .finish_location = finish_location};

TypesSettings::TypesSettings() {
  Table built_in;
  built_in.put("html", "text/html");
  built_in.put("gif", "image/gif");
  built_in.put("jpg", "image/jpeg");
  types = Setting<Table>(std::move(built_in));
}

void TypesSettings::Table::put(std::string_view extension, std::string_view content_type) {
  by_extension.insert_or_assign(std::string(extension), std::string(content_type));
  extension_bytes_max = std::max(extension_bytes_max, extension.size());
}

const std::string* TypesSettings::Table::find(std::string_view extension) const {
  constexpr std::size_t kExtensionBytes = 64;  // of a longer one a request pays for an allocation
  char lower[kExtensionBytes];
  if (extension.size() > extension_bytes_max) return nullptr;
  if (extension.size() > sizeof(lower)) {
    std::string longer(extension);
    std::transform(longer.begin(), longer.end(), longer.begin(), ascii_lower);
    const auto found = by_extension.find(longer);
    return found == by_extension.end() ? nullptr : &found->second;
  }
  std::transform(extension.begin(), extension.end(), lower, ascii_lower);
  const auto found = by_extension.find(std::string_view(lower, extension.size()));
  return found == by_extension.end() ? nullptr : &found->second;
}

void set_content_type(Request& request) {
  if (!request.response.content_type.empty()) return;
  const auto& settings = request.settings<TypesSettings>();
  const std::string_view extension = uri_extension(request.uri);
  const std::string* type = extension.empty() ? nullptr : settings.types->find(extension);
  request.response.content_type = type == nullptr ? *settings.default_type : *type;
}

}  // namespace uringx

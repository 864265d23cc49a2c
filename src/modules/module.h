// What a module of nginx is here: a table of directive rows over its own settings structs, and functions on a Request.
// Rows and modules are constants; settings are built once by config/ on the main thread and const afterwards.
#pragma once

#include <bitset>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/ascii.h"
#include "modules/setting.h"
#include "modules/value_parsers.h"
#include "parser/config_tree.h"

namespace uringx {

class BuildContext;

// Where a directive may stand (nginx: NGX_HTTP_MAIN_CONF and the like).
enum Context : std::uint32_t {
  kMain = 1u << 0,
  kEvents = 1u << 1,
  kHttp = 1u << 2,
  kServer = 1u << 3,
  kLocation = 1u << 4,
  kServerIf = 1u << 5,
  kLocationIf = 1u << 6,
  kLimitExcept = 1u << 7,
  kUpstream = 1u << 8,
  kHttpServerLocation = kHttp | kServer | kLocation,
};

// How many words follow the name (nginx: NGX_CONF_TAKE1 and the like): bit n allows n words.
enum Arity : std::uint32_t {
  kNoArgs = 1u << 0,
  kTake1 = 1u << 1,
  kTake2 = 1u << 2,
  kTake3 = 1u << 3,
  kTake4 = 1u << 4,
  kTake12 = kTake1 | kTake2,
  kTake123 = kTake12 | kTake3,
  kTake1234 = kTake123 | kTake4,
  kFlag = 1u << 16,      // exactly one: on or off
  kOneOrMore = 1u << 17,
  kTwoOrMore = 1u << 18,
  kAnyArgs = 1u << 19,
  kBlock = 1u << 20,     // ends with a block; combined with one of the above
};

// What uringx does with a directive it accepts.
enum class Standing : std::uint8_t {
  served,         // has nginx's meaning
  no_meaning,     // checked; there is nothing here it could change (hash sizes, accept_mutex): silent
  unserved,       // known to nginx, stops the start with a sentence that says so
};

// Which of the module's settings a row writes.
enum class Level : std::uint8_t { main, server, location };

// Why a directive is refused, in nginx's words.
struct Refusal {
  std::string message;
  bool about_directive = false;  // printed as: "NAME" directive MESSAGE
  bool without_place = false;    // nginx prints it without " in FILE:LINE"

  static Refusal directive(std::string message) { return {std::move(message), true}; }
};
using Applied = std::expected<void, Refusal>;

// Base of the settings structs. Each derived struct names its place: `static constexpr ModuleId kModule`.
struct Settings {
  virtual ~Settings() = default;

  // For directives that are checked and kept nowhere: false when this level has `name` already.
  bool note_first(std::string_view name);

 private:
  std::vector<std::string> noted_;
};

// One place a module; the order is of no meaning. A new module adds a name here and a line in registry.cc.
enum class ModuleId : std::uint8_t {
  core, events, http_core, types, index, try_files, static_files, autoindex, rewrite, error_page, log, headers, access, charset, sub_filter,
  ssi, addition, slice, gzip, brotli, zstd, gunzip, precompressed, ssl,
  map, geo, split_clients,
  realip, stub_status, browser,
  auth_basic, referer, secure_link, disable_symlinks,
  empty_gif, random_index, userid, realpath_root, http_v2,
  limit_conn, limit_req,
  openssl,
  count
};

// Modules of which a directive (or what stands for one) is written anywhere in a configuration.
using UsedModules = std::bitset<static_cast<std::size_t>(ModuleId::count)>;

inline bool contains(const UsedModules& used, ModuleId module) { return used[static_cast<std::size_t>(module)]; }

// The settings of all modules at one level: main, one server, or one location.
class SettingsSet {
 public:
  SettingsSet() : items_(static_cast<std::size_t>(ModuleId::count)) {}

  // S names its module; the module must have settings of that type at this level.
  template <typename S>
  const S& get() const { return static_cast<const S&>(*items_[index<S>()]); }
  template <typename S>
  S& get() { return static_cast<S&>(*items_[index<S>()]); }

  Settings* at(ModuleId module) const { return items_[static_cast<std::size_t>(module)].get(); }
  void put(ModuleId module, std::unique_ptr<Settings> settings) {
    items_[static_cast<std::size_t>(module)] = std::move(settings);
  }

 private:
  template <typename S>
  static constexpr std::size_t index() { return static_cast<std::size_t>(S::kModule); }

  std::vector<std::unique_ptr<Settings>> items_;
};

// One directive. `apply` checks the words and writes `settings` (the struct of the row's level of the row's module);
// `inherit` is called for every row after the whole http block is closed, parent before child.
struct DirectiveRow {
  std::string_view name;
  std::uint32_t contexts;
  std::uint32_t arity;
  Level level = Level::location;
  Applied (*apply)(BuildContext& context, const Directive& directive, Settings& settings) = nullptr;
  void (*inherit)(Settings& child, const Settings& parent) = nullptr;
  Standing standing = Standing::served;
};

struct VariableRow;  // modules/variables.h
struct HandlerRow;   // modules/handler.h
struct Request;      // modules/request.h

// Amends the head of an answer before it is written (nginx: header filters).
using HeaderFilter = void (*)(Request& request);

struct Module {
  ModuleId id;
  std::string_view name;  // as in --without-http_NAME_module where nginx has that
  std::span<const DirectiveRow> rows;
  std::unique_ptr<Settings> (*make_main)() = nullptr;
  std::unique_ptr<Settings> (*make_server)() = nullptr;
  std::unique_ptr<Settings> (*make_location)() = nullptr;
  // Called for each level of settings after its rows were inherited (nginx: merge_loc_conf's last lines). May refuse.
  Applied (*finish_location)(BuildContext& context, Settings& settings, const Settings* parent) = nullptr;
  // The same for server settings.
  Applied (*finish_server)(BuildContext& context, Settings& settings, const Settings* parent) = nullptr;
  // The variables it brings.
  std::span<const VariableRow> (*variables)() = nullptr;
  // The handlers it brings.
  std::span<const HandlerRow> (*handlers)() = nullptr;
  // Called, with the last module's first, where one of the module's directives is written.
  HeaderFilter header_filter = nullptr;
};

// All modules, in nginx's order (registry.cc).
std::span<const Module* const> all_modules();

template <typename S>
std::unique_ptr<Settings> make_settings() { return std::make_unique<S>(); }

// --- row makers -------------------------------------------------------------------------------------------------

// A word of a directive that takes one of a few, and what it stands for.
template <typename Value>
struct EnumWord {
  std::string_view word;
  Value value;
};

namespace detail {
template <typename M>
struct MemberOf;
template <typename S, typename F>
struct MemberOf<F S::*> {
  using Struct = S;
  using Field = F;
};

template <auto Member>
void inherit_member(Settings& child, const Settings& parent) {
  using S = typename MemberOf<decltype(Member)>::Struct;
  (static_cast<S&>(child).*Member).inherit(static_cast<const S&>(parent).*Member);
}

template <auto Member>
Applied apply_value(BuildContext&, const Directive& directive, Settings& settings) {
  using Of = MemberOf<decltype(Member)>;
  using Value = typename Of::Field::Value;
  auto& field = static_cast<typename Of::Struct&>(settings).*Member;
  if (field.is_set()) return std::unexpected(Refusal::directive("is duplicate"));
  std::expected<Value, Refusal> value = ValueParser<Value>::parse(directive);
  if (!value) return std::unexpected(std::move(value.error()));
  field.set(std::move(*value));
  return {};
}

template <typename Value>
Applied check_value(BuildContext&, const Directive& directive, Settings& settings) {
  if (!settings.note_first(directive.name())) return std::unexpected(Refusal::directive("is duplicate"));
  const std::expected<Value, Refusal> value = ValueParser<Value>::parse(directive);
  if (!value) return std::unexpected(value.error());
  return {};
}

// ngx_conf_set_enum_slot.
template <typename Value, std::size_t N>
std::expected<Value, Refusal> find_word(const EnumWord<Value> (&words)[N], std::string_view word) {
  for (const EnumWord<Value>& known : words) {
    if (equal_ignore_case(known.word, word)) return known.value;
  }
  return std::unexpected(Refusal{"invalid value \"" + std::string(until_nul(word)) + "\""});
}

template <auto Member, const auto& Words>
Applied apply_enum(BuildContext&, const Directive& directive, Settings& settings) {
  auto& field = static_cast<typename MemberOf<decltype(Member)>::Struct&>(settings).*Member;
  if (field.is_set()) return std::unexpected(Refusal::directive("is duplicate"));
  auto value = find_word(Words, directive.words[1]);
  if (!value) return std::unexpected(std::move(value.error()));
  field.set(*value);
  return {};
}

template <const auto& Words>
Applied check_enum(BuildContext&, const Directive& directive, Settings& settings) {
  if (!settings.note_first(directive.name())) return std::unexpected(Refusal::directive("is duplicate"));
  const auto value = find_word(Words, directive.words[1]);
  if (!value) return std::unexpected(value.error());
  return {};
}
}  // namespace detail

// A row whose field's type says how its one word is read (bool, Milliseconds, Seconds, Bytes, Number, std::string ...).
template <auto Member>
constexpr DirectiveRow value_row(std::string_view name, std::uint32_t contexts, Level level = Level::location) {
  using Value = typename detail::MemberOf<decltype(Member)>::Field::Value;
  return {name, contexts, ValueParser<Value>::kArity, level, detail::apply_value<Member>, detail::inherit_member<Member>};
}

// A row with a function of its own for the words, and the field it inherits.
template <auto Member>
constexpr DirectiveRow custom_row(std::string_view name, std::uint32_t contexts, std::uint32_t arity,
                                  decltype(DirectiveRow::apply) apply, Level level = Level::location) {
  return {name, contexts, arity, level, apply, detail::inherit_member<Member>};
}

// A row whose one word is one of `Words`, an array of EnumWord.
template <auto Member, const auto& Words>
constexpr DirectiveRow enum_row(std::string_view name, std::uint32_t contexts, Level level = Level::location) {
  return {name, contexts, kTake1, level, detail::apply_enum<Member, Words>, detail::inherit_member<Member>};
}

// Rows of directives whose words are checked and kept nowhere.
template <typename Value>
constexpr DirectiveRow checked_row(std::string_view name, std::uint32_t contexts, Level level = Level::location,
                                   Standing standing = Standing::no_meaning) {
  return {name, contexts, ValueParser<Value>::kArity, level, detail::check_value<Value>, nullptr, standing};
}

template <const auto& Words>
constexpr DirectiveRow checked_enum_row(std::string_view name, std::uint32_t contexts, Level level = Level::location,
                                        Standing standing = Standing::no_meaning) {
  return {name, contexts, kTake1, level, detail::check_enum<Words>, nullptr, standing};
}

}  // namespace uringx

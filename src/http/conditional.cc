#include "http/conditional.h"

#include <algorithm>

#include "http/date.h"

namespace uringx {

namespace {

std::string_view without_weak_mark(std::string_view text) {
  return text.size() > 2 && text.starts_with("W/") ? text.substr(2) : text;
}

// A date that cannot be read is -1, before every file: such an If-Unmodified-Since fails, as nginx has it.
std::time_t date_or_minus_one(std::string_view text) { return parse_http_date(text).value_or(-1); }

bool modified_since(std::string_view value, std::time_t last_modified, IfModifiedSince mode) {
  if (last_modified == -1 || mode == IfModifiedSince::off) return true;
  const std::time_t since = date_or_minus_one(value);
  if (since == last_modified) return false;
  return mode == IfModifiedSince::exact || since < last_modified;
}

}  // namespace

Precondition evaluate_preconditions(const RequestHead& request, const Validators& validators,
                                    IfModifiedSince mode) {
  const auto* if_unmodified_since = request.find(KnownField::if_unmodified_since);
  if (if_unmodified_since != nullptr &&
      (validators.last_modified == -1 ||
       date_or_minus_one(if_unmodified_since->value) < validators.last_modified)) {
    return Precondition::failed;
  }
  const auto* if_match = request.find(KnownField::if_match);
  if (if_match != nullptr && !etag_list_matches(if_match->value, validators.etag, false))
    return Precondition::failed;

  const auto* if_modified_since = request.find(KnownField::if_modified_since);
  const auto* if_none_match = request.find(KnownField::if_none_match);
  if (if_modified_since == nullptr && if_none_match == nullptr) return Precondition::proceed;
  if (if_modified_since != nullptr &&
      modified_since(if_modified_since->value, validators.last_modified, mode)) {
    return Precondition::proceed;
  }
  if (if_none_match != nullptr && !etag_list_matches(if_none_match->value, validators.etag, true)) {
    return Precondition::proceed;
  }
  return Precondition::not_modified;
}

bool etag_list_matches(std::string_view list, std::string_view etag, bool weak) {
  if (list == "*") return true;
  if (etag.empty()) return false;
  if (weak) etag = without_weak_mark(etag);

  while (!list.empty()) {
    if (weak) list = without_weak_mark(list);
    if (list.size() < etag.size()) return false;
    if (list.starts_with(etag)) {
      list.remove_prefix(etag.size());
      list.remove_prefix(std::min(list.find_first_not_of(" \t"), list.size()));
      if (list.empty() || list.front() == ',') return true;
    }
    list.remove_prefix(std::min(list.find(','), list.size()));
    list.remove_prefix(std::min(list.find_first_not_of(" \t,"), list.size()));
  }
  return false;
}

}  // namespace uringx

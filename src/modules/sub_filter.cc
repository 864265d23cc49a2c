#include "modules/sub_filter.h"

#include <algorithm>
#include <cstring>

#include "http/ascii.h"
#include "modules/build_context.h"
#include "modules/content_coding.h"
#include "modules/handler.h"

namespace uringx {
namespace {

constexpr std::size_t kPatternsMax = 255;

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), ascii_lower);
  return lower;
}

// ngx_http_sub_filter. The search is made lower case first: variables' names have no case.
Applied apply_sub_filter(BuildContext& context, const Directive& directive, Settings& settings) {
  auto& substitutions = static_cast<SubFilterSettings&>(settings).substitutions;
  if (directive.words[1].empty()) return std::unexpected(Refusal{"empty search pattern"});
  if (substitutions->size() == kPatternsMax) return std::unexpected(Refusal{"number of search patterns exceeds 255"});
  auto search = context.compile_template(lower_case(directive.words[1]));
  if (!search) return std::unexpected(std::move(search.error()));
  auto replacement = context.compile_template(directive.words[2]);
  if (!replacement) return std::unexpected(std::move(replacement.error()));
  substitutions.amend().push_back({std::move(*search), std::move(*replacement)});
  return {};
}

constexpr DirectiveRow kRows[] = {
    custom_row<&SubFilterSettings::substitutions>("sub_filter", kHttpServerLocation, kTake2, apply_sub_filter),
    types_row<&SubFilterSettings::types>("sub_filter_types"),
    value_row<&SubFilterSettings::once>("sub_filter_once", kHttpServerLocation),
    value_row<&SubFilterSettings::last_modified>("sub_filter_last_modified", kHttpServerLocation),
};

Applied finish_location(BuildContext&, Settings& settings, const Settings* parent) {
  auto& own = static_cast<SubFilterSettings&>(settings);
  if (!own.substitutions.is_set() && parent != nullptr) own.patterns = static_cast<const SubFilterSettings*>(parent)->patterns;
  if (own.patterns != nullptr || own.substitutions->empty()) return {};
  std::vector<std::string> searches;
  for (const Substitution& one : *own.substitutions) {
    if (!one.search.constant()) return {};
    searches.push_back(one.search.source());
  }
  own.patterns = std::make_shared<const SearchPatterns>(std::move(searches));
  return {};
}

// The replacements of one answer: of all substitutions, or of those whose search is no empty text in this request.
class RequestReplacements final : public SubstituteText::Replacements {
 public:
  RequestReplacements(Request& request, std::vector<const Template*> templates)
      : request_(request), templates_(std::move(templates)), texts_(templates_.size()) {}

  std::string_view replacement(std::uint16_t pattern) override {
    if (const Template* text = std::exchange(templates_[pattern], nullptr)) texts_[pattern] = text->evaluate(request_);
    return texts_[pattern];
  }

 private:
  Request& request_;
  std::vector<const Template*> templates_;  // null once evaluated
  std::vector<std::string_view> texts_;
};

std::unique_ptr<SubstituteText> make_filter(Request& request, const SubFilterSettings& settings) {
  std::vector<const Template*> replacements;
  std::vector<std::string> searches;
  for (const Substitution& one : *settings.substitutions) {
    if (settings.patterns == nullptr) {
      std::string search(one.search.evaluate(request));
      if (search.empty()) continue;
      searches.push_back(std::move(search));
    }
    replacements.push_back(&one.replacement);
  }
  if (replacements.empty()) return nullptr;
  return std::make_unique<SubstituteText>(
      settings.patterns != nullptr ? settings.patterns : std::make_shared<const SearchPatterns>(std::move(searches)),
      std::make_unique<RequestReplacements>(request, std::move(replacements)), *settings.once);
}

// ngx_http_sub_header_filter. What is compressed already is searched as well, as it is.
void filter_sub(Request& request) {
  const auto& settings = request.settings<SubFilterSettings>();
  ResponseHead& response = request.response;
  if (settings.substitutions->empty() || response.content_length == 0 || !settings.types->contains(response.content_type)) return;
  auto filter = make_filter(request, settings);
  if (filter == nullptr) return;
  request.filters.changes.push_back(std::move(filter));
  response.content_length = kUnknownLength;
  response.accept_ranges = false;
  if (*settings.last_modified) {
    weaken_etag(request);
  } else {
    response.last_modified = -1;
    response.etag = {};
  }
}

}  // namespace

const Module kSubFilterModule = {.id = ModuleId::sub_filter,
                                 .name = "sub",
                                 .rows = kRows,
                                 .make_location = make_settings<SubFilterSettings>,
                                 .finish_location = finish_location,
                                 .header_filter = filter_sub};

SubFilterSettings::SubFilterSettings() { types = Setting<TypeList>(TypeList::text_html()); }

SubstituteText::SubstituteText(std::shared_ptr<const SearchPatterns> patterns, std::unique_ptr<Replacements> replacements, bool once)
    : patterns_(std::move(patterns)),
      replacements_(std::move(replacements)),
      once_(once),
      done_(once ? patterns_->size() : 0),
      patterns_left_(patterns_->size()) {}

// One call on its way.
struct SubstituteText::Progress {
  std::span<const char> in;
  bool last;
  std::span<char> out;
  Step step{};
  std::size_t compared_bytes_left = kComparedBytesMax;

  // Searches that compare more, for patterns that are long and nearly found everywhere, wait for another turn of the loop.
  static constexpr std::size_t kComparedBytesMax = 256 * 1024;

  std::string_view rest() const { return {in.data() + step.used_bytes, in.size() - step.used_bytes}; }
  std::size_t room() const { return out.size() - step.made_bytes; }
  // As much of `text` as there is room for.
  std::size_t put(std::string_view text) {
    const std::size_t bytes = std::min(text.size(), room());
    if (bytes != 0) std::memcpy(out.data() + step.made_bytes, text.data(), bytes);
    step.made_bytes += bytes;
    return bytes;
  }
};

BodyFilter::Step SubstituteText::run(std::span<const char> in, bool last, std::span<char> out) {
  Progress progress{in, last, out};
  bool goes_on = true;
  while (goes_on) {
    replacement_.remove_prefix(progress.put(replacement_));
    if (!replacement_.empty() || progress.room() == 0 || progress.compared_bytes_left == 0) break;
    if (held_.empty() && progress.rest().empty()) break;
    goes_on = held_.empty() ? look_in_input(progress) : look_in_held(progress);
  }
  Step& step = progress.step;
  step.work_bytes = Progress::kComparedBytesMax - progress.compared_bytes_left;
  if (last && step.used_bytes == in.size() && held_.empty() && replacement_.empty()) step.state = State::ended;
  return step;
}

SearchPatterns::Found SubstituteText::find(Progress& progress, std::string_view text, bool last) {
  if (patterns_left_ == 0) return {.plain_bytes = text.size()};
  const auto found = patterns_->find(text, last, done_, progress.compared_bytes_left);
  progress.compared_bytes_left -= std::min(progress.compared_bytes_left, found.compared_bytes);
  if (last && found.pattern == SearchPatterns::kNone && !found.stopped) patterns_left_ = 0;  // all that is left is plain
  return found;
}

void SubstituteText::replace(std::uint16_t pattern) {
  replacement_ = replacements_->replacement(pattern);
  if (!once_) return;
  done_[pattern] = true;
  --patterns_left_;
}

// Nothing is held: the input is searched where it is. Returns whether there is more to do.
bool SubstituteText::look_in_input(Progress& progress) {
  const std::string_view rest = progress.rest();
  // What there is no room for is not searched now, to be searched again.
  const std::string_view text = rest.substr(0, progress.room() + patterns_->bytes_max());
  const auto found = find(progress, text, progress.last && text.size() == rest.size());
  const std::size_t plain_bytes = progress.put(text.substr(0, found.plain_bytes));
  progress.step.used_bytes += plain_bytes;
  if (plain_bytes < found.plain_bytes) return false;
  if (found.pattern != SearchPatterns::kNone) {
    progress.step.used_bytes += patterns_->pattern_bytes(found.pattern);
    replace(found.pattern);
    return true;
  }
  if (found.stopped) return true;
  held_ = progress.rest();
  progress.step.used_bytes = progress.in.size();
  return false;
}

// What is held is searched with as much of the input as a pattern that begins there can reach into.
bool SubstituteText::look_in_held(Progress& progress) {
  const std::size_t held_bytes = held_.size();
  const std::string_view rest = progress.rest();
  const std::string_view next = rest.substr(0, patterns_->bytes_max());
  held_ += next;
  const auto found = find(progress, held_, progress.last && next.size() == rest.size());
  const std::size_t plain_bytes = progress.put(std::string_view(held_).substr(0, std::min(found.plain_bytes, held_bytes)));
  if (plain_bytes < found.plain_bytes || found.plain_bytes >= held_bytes) {  // no room, or nothing held is left
    held_.resize(held_bytes);
    held_.erase(0, plain_bytes);
    return progress.room() != 0;
  }
  if (found.pattern != SearchPatterns::kNone) {
    const std::size_t end = found.plain_bytes + patterns_->pattern_bytes(found.pattern);
    progress.step.used_bytes += end > held_bytes ? end - held_bytes : 0;
    held_.resize(held_bytes);
    held_.erase(0, end);
    replace(found.pattern);
    return true;
  }
  if (found.stopped) {
    held_.resize(held_bytes);
  } else {
    progress.step.used_bytes = progress.in.size();
  }
  held_.erase(0, plain_bytes);
  return found.stopped;
}

}  // namespace uringx

#include "http/date.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "http/ascii.h"

namespace uringx {

namespace {

constexpr char kWeekdays[] = "SunMonTueWedThuFriSat";
constexpr char kMonths[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
constexpr std::time_t kLastSecond = 253402300799;  // 9999-12-31 23:59:59

char* put_2(char* out, int value) {
  out[0] = static_cast<char>('0' + value / 10);
  out[1] = static_cast<char>('0' + value % 10);
  return out + 2;
}

char* put_4(char* out, int value) { return put_2(put_2(out, value / 100), value % 100); }

char* put_3_letters(char* out, std::string_view name) {
  std::memcpy(out, name.data(), 3);
  return out + 3;
}

char* put_char(char* out, char c) {
  *out = c;
  return out + 1;
}

char* put_text(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

char* put_clock(char* out, const CivilTime& time) {
  out = put_char(put_2(out, time.hour), ':');
  out = put_char(put_2(out, time.minute), ':');
  return put_2(out, time.second);
}

CivilTime shifted(std::time_t time, int offset_minutes) {
  return civil_time(time + static_cast<std::time_t>(offset_minutes) * 60);
}

char* put_offset(char* out, int offset_minutes, std::string_view separator) {
  out = put_char(out, offset_minutes < 0 ? '-' : '+');
  const int minutes = std::abs(offset_minutes);
  return put_2(put_text(put_2(out, minutes / 60), separator), minutes % 60);
}

// Days since 1970-01-01 of a proleptic Gregorian date: the year is shifted to begin in March, so that the
// leap day is its last (Gauss' formula, as ngx_parse_http_time).
std::int64_t days_from_civil(std::int64_t year, int month, int day) {
  month -= 2;
  if (month <= 0) {
    month += 12;
    year -= 1;
  }
  return 365 * year + year / 4 - year / 100 + year / 400 + 367 * month / 12 - 30 + day - 1 - 719527 + 31 + 28;
}

// Reads a date's parts; beyond the end every byte is NUL, so no check of lengths is needed between them.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : text_(text) {}

  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  void advance(std::size_t count = 1) { at_ += count; }
  std::size_t left() const { return at_ < text_.size() ? text_.size() - at_ : 0; }

  bool take(char c) {
    if (peek() != c) return false;
    advance();
    return true;
  }

  // -1 unless `count` digits follow.
  int number(std::size_t count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_digit(peek(i))) return -1;
      value = value * 10 + (peek(i) - '0');
    }
    advance(count);
    return value;
  }

  // 1-12 or 0, by as few letters as nginx looks at.
  int month() {
    const int found = [this] {
      switch (peek()) {
        case 'J': return peek(1) == 'a' ? 1 : peek(2) == 'n' ? 6 : 7;
        case 'F': return 2;
        case 'M': return peek(2) == 'r' ? 3 : 5;
        case 'A': return peek(1) == 'p' ? 4 : 8;
        case 'S': return 9;
        case 'O': return 10;
        case 'N': return 11;
        case 'D': return 12;
        default: return 0;
      }
    }();
    advance(3);
    return found;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

bool is_leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

}  // namespace

std::string_view month_name(int month) { return {kMonths + 3 * (month - 1), 3}; }

std::string_view weekday_name(int weekday) { return {kWeekdays + 3 * weekday, 3}; }

CivilTime civil_time(std::time_t time) {
  if (time < 0) time = 0;
  if (time > kLastSecond) time = kLastSecond;
  const auto days = static_cast<std::int64_t>(time / 86400);
  const auto second_of_day = static_cast<int>(time % 86400);

  // Days since 0000-03-01 in eras of 400 years.
  const std::int64_t shifted_days = days + 719468;
  const std::int64_t era = shifted_days / 146097;
  const auto day_of_era = static_cast<int>(shifted_days - era * 146097);
  const int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int month_from_march = (5 * day_of_year + 2) / 153;

  CivilTime civil;
  civil.day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  civil.month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  civil.year = static_cast<int>(era) * 400 + year_of_era + (civil.month <= 2 ? 1 : 0);
  civil.hour = second_of_day / 3600;
  civil.minute = second_of_day / 60 % 60;
  civil.second = second_of_day % 60;
  civil.weekday = static_cast<int>((days + 4) % 7);
  return civil;
}

char* write_http_date(char* out, std::time_t time) {
  const CivilTime civil = civil_time(time);
  out = put_text(put_3_letters(out, weekday_name(civil.weekday)), ", ");
  out = put_char(put_2(out, civil.day), ' ');
  out = put_char(put_3_letters(out, month_name(civil.month)), ' ');
  out = put_char(put_4(out, civil.year), ' ');
  return put_text(put_clock(out, civil), " GMT");
}

char* write_log_date(char* out, std::time_t time, int offset_minutes) {
  const CivilTime civil = shifted(time, offset_minutes);
  out = put_char(put_2(out, civil.day), '/');
  out = put_char(put_3_letters(out, month_name(civil.month)), '/');
  out = put_char(put_4(out, civil.year), ':');
  return put_offset(put_char(put_clock(out, civil), ' '), offset_minutes, "");
}

char* write_iso_date(char* out, std::time_t time, int offset_minutes) {
  const CivilTime civil = shifted(time, offset_minutes);
  out = put_char(put_4(out, civil.year), '-');
  out = put_char(put_2(out, civil.month), '-');
  out = put_char(put_2(out, civil.day), 'T');
  return put_offset(put_clock(out, civil), offset_minutes, ":");
}

char* write_cookie_date(char* out, std::time_t time) {
  const CivilTime civil = civil_time(time);
  out = put_text(put_3_letters(out, weekday_name(civil.weekday)), ", ");
  out = put_char(put_2(out, civil.day), '-');
  out = put_char(put_3_letters(out, month_name(civil.month)), '-');
  out = civil.year > 2037 ? put_4(out, civil.year) : put_2(out, civil.year % 100);
  return put_text(put_clock(put_char(out, ' '), civil), " GMT");
}

int local_offset_minutes(std::time_t time) {
  std::tm local{};
  if (localtime_r(&time, &local) == nullptr) return 0;
  return static_cast<int>(local.tm_gmtoff / 60);
}

std::optional<std::time_t> parse_http_date(std::string_view text) {
  enum class Form { imf, rfc850, asctime };

  // The first comma or blank ends the name of the day.
  const auto name_end = text.find_first_of(", ");
  if (name_end == std::string_view::npos) return std::nullopt;
  const bool is_asctime = text[name_end] == ' ';
  const auto rest = text.find_first_not_of(' ', name_end + 1);
  if (rest == std::string_view::npos || text.size() - rest < 18) return std::nullopt;

  DateReader in(text.substr(rest));
  Form form = Form::asctime;
  int day = 0;
  int year = 0;
  if (!is_asctime) {
    day = in.number(2);
    if (day < 0) return std::nullopt;
    if (in.peek() == ' ') {
      if (in.left() < 18) return std::nullopt;
      form = Form::imf;
    } else if (in.peek() == '-') {
      form = Form::rfc850;
    } else {
      return std::nullopt;
    }
    in.advance();
  }

  const int month = in.month();
  if (month == 0) return std::nullopt;
  switch (form) {
    case Form::imf:
      if (!in.take(' ') || (year = in.number(4)) < 0) return std::nullopt;
      break;
    case Form::rfc850:
      if (!in.take('-') || (year = in.number(2)) < 0) return std::nullopt;
      year += year < 70 ? 2000 : 1900;
      break;
    case Form::asctime:
      in.advance();
      in.take(' ');
      if ((day = in.number(1)) < 0) return std::nullopt;
      if (in.peek() != ' ') {
        const int second_digit = in.number(1);
        if (second_digit < 0) return std::nullopt;
        day = day * 10 + second_digit;
      }
      if (in.left() < 14) return std::nullopt;
      break;
  }

  if (!in.take(' ')) return std::nullopt;
  const int hour = in.number(2);
  if (hour < 0 || hour > 23 || !in.take(':')) return std::nullopt;
  const int minute = in.number(2);
  if (minute < 0 || minute > 59 || !in.take(':')) return std::nullopt;
  const int second = in.number(2);
  if (second < 0 || second > 59) return std::nullopt;
  if (form == Form::asctime && (!in.take(' ') || (year = in.number(4)) < 0)) return std::nullopt;

  constexpr int kMonthDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool is_leap_day = day == 29 && month == 2 && is_leap(year);
  if (!is_leap_day && day > kMonthDays[month - 1]) return std::nullopt;
  return static_cast<std::time_t>(days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 +
                                  second);
}

}  // namespace uringx

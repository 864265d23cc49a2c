#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "http/ascii.h"
#include "http/date.h"
#include "http/uri.h"
#include "modules/autoindex.h"
#include "modules/variables.h"

namespace uringx {
namespace {

constexpr std::size_t kNameColumns = 50;  // NGX_HTTP_AUTOINDEX_NAME_LEN

// ngx_escape_html.
void append_html(std::string& page, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '<': page += "&lt;"; break;
      case '>': page += "&gt;"; break;
      case '&': page += "&amp;"; break;
      case '"': page += "&quot;"; break;
      default: page += c; break;
    }
  }
}

// A name as a relative link. ":" is escaped too, so that "a:b" is not taken for a scheme.
void append_link(std::string& page, std::string_view name) {
  const std::size_t at = page.size();
  page.resize(at + name.size() + 2 * escape_count(name, EscapeKind::uri_component));
  escape_to(page.data() + at, name, EscapeKind::uri_component);
}

// Bytes of the UTF-8 character that begins the text, 0 when it is none. As ngx_utf8_decode, which is lenient: surrogates
// pass, any byte from 0x80 on continues a character.
std::size_t utf8_bytes(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  const std::size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
  if (text.size() <= more) return 0;
  std::uint32_t code = lead & (0x3fu >> more);
  for (std::size_t i = 1; i <= more; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) return 0;
    code = code << 6 | (byte & 0x3fu);
  }
  const std::uint32_t overlong_max = more == 3 ? 0xffff : more == 2 ? 0x7ff : 0x7f;
  return code > overlong_max && code <= 0x10ffff ? more + 1 : 0;
}

struct MeasuredName {
  std::size_t columns;     // characters, or bytes where the name is not to be read as UTF-8
  std::size_t head_bytes;  // of its first `kNameColumns` - 3 columns, for a name that is cut
};

MeasuredName measure(std::string_view name, bool utf8) {
  constexpr std::size_t kCutColumns = kNameColumns - 3;
  const MeasuredName in_bytes{name.size(), std::min(name.size(), kCutColumns)};
  if (!utf8) return in_bytes;
  MeasuredName measured{0, 0};
  for (std::size_t at = 0; at < name.size(); ++measured.columns) {
    const std::size_t bytes = utf8_bytes(name.substr(at));
    if (bytes == 0) return in_bytes;
    at += bytes;
    if (measured.columns < kCutColumns) measured.head_bytes = at;
  }
  return measured;
}

// The name in its column of 50, the end tag of its link, and blanks.
void append_name(std::string& page, const DirectoryEntry& entry, bool utf8) {
  const MeasuredName measured = measure(entry.name, utf8);
  std::size_t columns = measured.columns;
  if (columns > kNameColumns) {
    append_html(page, entry.name.substr(0, measured.head_bytes));
    page += "..&gt;</a>";
    return;
  }
  append_html(page, entry.name);
  if (entry.is_directory && columns < kNameColumns) {
    page += '/';
    ++columns;
  }
  page += "</a>";
  page.append(kNameColumns - columns, ' ');
}

void append_rounded_size(std::string& page, std::int64_t bytes) {
  struct Scale {
    std::int64_t unit;
    std::int64_t above;  // used for sizes greater than this
    char letter;
  };
  constexpr Scale kScales[] = {
      {1 << 30, (1 << 30) - 1, 'G'},
      {1 << 20, (1 << 20) - 1, 'M'},
      {1 << 10, 9999, 'K'},
  };
  for (const Scale& scale : kScales) {
    if (bytes <= scale.above) continue;
    const std::int64_t size = bytes / scale.unit + (bytes % scale.unit >= scale.unit / 2 ? 1 : 0);
    fmt::format_to(std::back_inserter(page), "{:6}{}", size, scale.letter);
    return;
  }
  fmt::format_to(std::back_inserter(page), " {:6}", bytes);
}

void append_size(std::string& page, const DirectoryEntry& entry, bool exact) {
  if (entry.is_directory) {
    page += exact ? "                  -" : "      -";
  } else if (exact) {
    fmt::format_to(std::back_inserter(page), "{:19}", entry.size);
  } else {
    append_rounded_size(page, entry.size);
  }
}

// A file system may say any time at all: one at the end of the range stays there.
std::time_t local_time(std::time_t time, int offset_minutes) {
  std::time_t local = 0;
  return __builtin_add_overflow(time, offset_minutes * 60, &local) ? time : local;
}

std::string_view kind_name(const DirectoryEntry& entry) {
  if (entry.is_directory) return "directory";
  return entry.is_file ? "file" : "other";
}

// About what a page takes: without it, a large one would be copied again and again as it grows, and need twice the memory.
std::size_t page_bytes(std::span<const DirectoryEntry> entries) {
  constexpr std::size_t kFrameBytes = 512;
  constexpr std::size_t kLineBytes = 112;
  std::size_t bytes = kFrameBytes;
  for (const DirectoryEntry& entry : entries) bytes += kLineBytes + entry.name.size();
  return bytes;
}

}  // namespace

void sort_entries(std::span<DirectoryEntry> entries) {
  std::sort(entries.begin(), entries.end(), [](const DirectoryEntry& a, const DirectoryEntry& b) {
    if (a.is_directory != b.is_directory) return a.is_directory;
    return a.name < b.name;
  });
}

std::string html_listing(const HtmlListing& listing, std::span<const DirectoryEntry> entries) {
  std::string page;
  page.reserve(page_bytes(entries));
  page = "<html>\r\n<head><title>Index of ";
  append_html(page, listing.uri);
  page += "</title></head>\r\n<body>\r\n<h1>Index of ";
  append_html(page, listing.uri);
  page += "</h1><hr><pre><a href=\"../\">../</a>\r\n";
  for (const DirectoryEntry& entry : entries) {
    page += "<a href=\"";
    append_link(page, entry.name);
    page += entry.is_directory ? "/\">" : "\">";
    append_name(page, entry, listing.utf8);
    const CivilTime time = civil_time(local_time(entry.modified, listing.offset_minutes));
    fmt::format_to(std::back_inserter(page), " {:02}-{}-{} {:02}:{:02} ", time.day, month_name(time.month), time.year,
                   time.hour, time.minute);
    append_size(page, entry, listing.exact_size);
    page += "\r\n";
  }
  page += "</pre><hr></body>\r\n</html>\r\n";
  return page;
}

std::string json_listing(std::string_view callback, std::span<const DirectoryEntry> entries) {
  std::string page;
  page.reserve(page_bytes(entries));
  if (!callback.empty()) fmt::format_to(std::back_inserter(page), "/* callback */\r\n{}(", callback);
  page += '[';
  for (const DirectoryEntry& entry : entries) {
    if (&entry != &entries.front()) page += ',';
    page += "\r\n{ \"name\":\"";
    append_escaped(entry.name, LogEscape::json, page);
    char date[kHttpDateBytes];
    write_http_date(date, entry.modified);
    fmt::format_to(std::back_inserter(page), "\", \"type\":\"{}\", \"mtime\":\"{}\"", kind_name(entry),
                   std::string_view(date, sizeof(date)));
    if (entry.is_file) fmt::format_to(std::back_inserter(page), ", \"size\":{}", entry.size);
    page += " }";
  }
  page += "\r\n]";
  if (!callback.empty()) page += ");";
  return page;
}

std::string xml_listing(std::span<const DirectoryEntry> entries) {
  std::string page;
  page.reserve(page_bytes(entries));
  page = "<?xml version=\"1.0\"?>\r\n<list>\r\n";
  for (const DirectoryEntry& entry : entries) {
    const CivilTime time = civil_time(entry.modified);
    fmt::format_to(std::back_inserter(page), "<{} mtime=\"{:4}-{:02}-{:02}T{:02}:{:02}:{:02}Z\"", kind_name(entry), time.year,
                   time.month, time.day, time.hour, time.minute, time.second);
    if (entry.is_file) fmt::format_to(std::back_inserter(page), " size=\"{}\"", entry.size);
    page += '>';
    append_html(page, entry.name);
    fmt::format_to(std::back_inserter(page), "</{}>\r\n", kind_name(entry));
  }
  page += "</list>\r\n";
  return page;
}

}  // namespace uringx

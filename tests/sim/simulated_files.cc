#include "simulated_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>

namespace uringx {

namespace {

std::string normalised(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  std::string text;
  for (const std::string_view part : parts) text.append("/").append(part);
  return text.empty() ? "/" : text;
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::size_t page_count(std::size_t bytes) {
  return (bytes + SimulatedFiles::kPageBytes - 1) / SimulatedFiles::kPageBytes;
}

}  // namespace

bool SimulatedInode::cached(std::uint64_t offset, std::size_t bytes) const {
  const std::size_t end = std::min<std::size_t>(page_count(offset + bytes), page_count(content.size()));
  for (std::size_t page = offset / SimulatedFiles::kPageBytes; page < end; ++page) {
    if (page >= cached_pages.size() || !cached_pages[page]) return false;
  }
  return true;
}

void SimulatedInode::cache(std::uint64_t offset, std::size_t bytes) {
  const std::size_t end = std::min<std::size_t>(page_count(offset + bytes), page_count(content.size()));
  if (end > cached_pages.size()) cached_pages.resize(end);
  for (std::size_t page = offset / SimulatedFiles::kPageBytes; page < end; ++page) cached_pages[page] = true;
}

SimulatedFiles::SimulatedFiles() {
  nodes_["/"] = std::make_shared<SimulatedInode>(SimulatedInode{.kind = SimulatedInode::Kind::directory,
                                                                .number = 1,
                                                                .content = {},
                                                                .modified_s = change_time_s_,
                                                                .permitted = true,
                                                                .cached_pages = {}});
  cached_names_.insert("/");
}

std::shared_ptr<SimulatedInode> SimulatedFiles::make(std::string_view path, SimulatedInode::Kind kind,
                                                     std::string content) {
  const std::string name = normalised(path);
  if (const std::string parent = parent_of(name); !nodes_.contains(parent)) make_directory(parent);
  auto inode = std::make_shared<SimulatedInode>(SimulatedInode{.kind = kind,
                                                               .number = next_number_++,
                                                               .content = std::move(content),
                                                               .modified_s = ++change_time_s_,
                                                               .permitted = true,
                                                               .cached_pages = {}});
  inode->cache(0, inode->content.size());
  nodes_[name] = inode;
  cached_names_.insert(name);
  return inode;
}

void SimulatedFiles::create_file(std::string_view path, std::string content) {
  make(path, SimulatedInode::Kind::file, std::move(content));
}

void SimulatedFiles::make_directory(std::string_view path) {
  make(path, SimulatedInode::Kind::directory, {});
}

void SimulatedFiles::make_symlink(std::string_view path, std::string target) {
  make(path, SimulatedInode::Kind::symlink, std::move(target));
}

SimulatedInode& SimulatedFiles::existing(std::string_view path) const {
  const auto found = nodes_.find(normalised(path));
  if (found == nodes_.end()) throw std::invalid_argument("no such simulated file: " + std::string(path));
  return *found->second;
}

void SimulatedFiles::overwrite(std::string_view path, std::string content) {
  SimulatedInode& inode = existing(path);
  inode.content = std::move(content);
  inode.modified_s = ++change_time_s_;
  inode.cached_pages.clear();
  inode.cache(0, inode.content.size());
}

void SimulatedFiles::truncate(std::string_view path, std::size_t size) {
  SimulatedInode& inode = existing(path);
  inode.content.resize(size);
  inode.modified_s = ++change_time_s_;
  inode.cached_pages.resize(page_count(size));
}

void SimulatedFiles::replace(std::string_view path, std::string content) {
  create_file(path, std::move(content));
}

void SimulatedFiles::remove(std::string_view path) {
  existing(path);
  nodes_.erase(normalised(path));
}

void SimulatedFiles::forbid(std::string_view path) { existing(path).permitted = false; }

void SimulatedFiles::evict_all() {
  cached_names_ = {"/"};
  for (auto& [name, inode] : nodes_) inode->cached_pages.clear();
}

const std::string& SimulatedFiles::content(std::string_view path) const { return existing(path).content; }

std::expected<std::shared_ptr<SimulatedInode>, int> SimulatedFiles::walk(std::string_view path, bool follow,
                                                                         unsigned links) const {
  constexpr unsigned kLinksMax = 40;  // as the kernel's MAXSYMLINKS
  constexpr std::size_t kPathMax = 4096;
  if (path.empty()) return std::unexpected(-ENOENT);
  if (path.size() >= kPathMax) return std::unexpected(-ENAMETOOLONG);
  if (links > kLinksMax) return std::unexpected(-ELOOP);
  const std::string name = normalised(path);
  for (std::size_t at = 1; at < name.size();) {
    const std::size_t slash = std::min(name.find('/', at), name.size());
    const std::string prefix = name.substr(0, slash);
    const bool last = slash == name.size();
    const auto found = nodes_.find(prefix);
    if (found == nodes_.end()) return std::unexpected(-ENOENT);
    const SimulatedInode& inode = *found->second;
    if (inode.kind == SimulatedInode::Kind::symlink && (!last || follow)) {
      const bool absolute = inode.content.starts_with('/');
      const std::string target = absolute ? inode.content : parent_of(prefix) + "/" + inode.content;
      return walk(target + name.substr(slash), follow, links + 1);
    }
    if (!last && inode.kind != SimulatedInode::Kind::directory) return std::unexpected(-ENOTDIR);
    if (!last && !inode.permitted) return std::unexpected(-EACCES);
    at = slash + 1;
  }
  const auto& inode = nodes_.find(name)->second;
  if (path.ends_with('/') && inode->kind == SimulatedInode::Kind::file) return std::unexpected(-ENOTDIR);
  return inode;
}

std::expected<std::shared_ptr<SimulatedInode>, int> SimulatedFiles::look_up(std::string_view path,
                                                                            bool follow) {
  cached_names_.insert(normalised(path));
  return walk(path, follow, 0);
}

bool SimulatedFiles::name_cached(std::string_view path) const {
  return cached_names_.contains(normalised(path));
}

void SimulatedFiles::describe(const SimulatedInode& inode, struct statx& out) const {
  out = {};
  out.stx_mask = STATX_BASIC_STATS;
  out.stx_blksize = kPageBytes;
  out.stx_nlink = 1;
  out.stx_ino = inode.number;
  out.stx_size = inode.content.size();
  out.stx_blocks = page_count(inode.content.size()) * (kPageBytes / 512);
  out.stx_mtime.tv_sec = inode.modified_s;
  out.stx_ctime.tv_sec = inode.modified_s;
  out.stx_dev_major = 8;
  switch (inode.kind) {
    case SimulatedInode::Kind::file:
      out.stx_mode = S_IFREG | (inode.permitted ? 0644 : 0);
      break;
    case SimulatedInode::Kind::directory:
      out.stx_mode = S_IFDIR | (inode.permitted ? 0755 : 0);
      break;
    case SimulatedInode::Kind::symlink:
      out.stx_mode = S_IFLNK | 0777;
      break;
  }
}

}  // namespace uringx

#include "net/hosts_file.hpp"

#include "base/unique_fd.hpp"
#include "net/host_name.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <optional>

namespace rota::inline v0 {

namespace {

constexpr std::size_t kMostBytes = 64UZ << 20;

/// What the file holds; nothing if it cannot be read.
std::string contents_of(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::string text;
  if (!file.valid()) return text;
  char block[4096];
  while (text.size() < kMostBytes) {
    const ssize_t got = ::read(file.number(), block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    text.append(block, static_cast<std::size_t>(got));
  }
  return text;
}

/// Takes the next word from the front of a line; empty: there is none.
std::string_view take_word(std::string_view& line) noexcept {
  constexpr std::string_view blanks = " \t\r\f\v";
  const std::size_t from = std::min(line.find_first_not_of(blanks), line.size());
  line.remove_prefix(from);
  const std::size_t end = std::min(line.find_first_of(blanks), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

}  // namespace

std::vector<Address> HostsFile::find(std::string_view name) {
  if (path_.empty()) return {};
  const std::lock_guard lock(mutex_);
  const Mark mark = look();
  if (mark != read_) {
    read();
    read_ = mark;
  }
  const auto found = names_.find(name);
  return found == names_.end() ? std::vector<Address>() : found->second;
}

HostsFile::Mark HostsFile::look() const noexcept {
  Mark mark;
  struct stat is{};
  if (::stat(path_.c_str(), &is) < 0 || !S_ISREG(is.st_mode)) return mark;
  mark.device = is.st_dev;
  mark.inode = is.st_ino;
  mark.size = is.st_size;
  mark.changed_s = is.st_ctim.tv_sec;
  mark.changed_ns = is.st_ctim.tv_nsec;
  return mark;
}

void HostsFile::read() {
  names_.clear();
  const std::string text = contents_of(path_);
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    read_line(line.substr(0, line.find('#')));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

void HostsFile::read_line(std::string_view line) {
  const std::optional<Address> address = address_in_figures(take_word(line));
  if (!address) return;
  for (std::string_view name = take_word(line); !name.empty(); name = take_word(line)) {
    std::vector<Address>& addresses = names_[in_small_letters(without_root(name))];
    const bool is_new = std::ranges::find(addresses, *address) == addresses.end();
    if (is_new) addresses.push_back(*address);
  }
}

}  // namespace rota::inline v0

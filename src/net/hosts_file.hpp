#pragma once

#include <rota/address.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace rota::inline v0 {

/// The names of a hosts file: lines of an address and its names, "#" begins a comment.
///
/// Thread class: *any thread*. Reads the file where it is asked, when it is another than before
/// (its inode, size or time of change): it is local and small. A file that is not there or
/// cannot be read has no names, a line that makes no sense is passed over, and so is what follows
/// the first 64 MiB.
///
/// c-ares would read the same file, but only one whose place was fixed when it was built (an option
/// for that came with 1.19), and anew in each lookup.
class HostsFile {
 public:
  /// An empty path: no file.
  explicit HostsFile(std::string path) : path_(std::move(path)) {}

  /// All addresses of a name in small letters, in the order of the file, without a port.
  [[nodiscard]] std::vector<Address> find(std::string_view name);

 private:
  /// By which a file is known again. `size` is -1 while there is none.
  struct Mark {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = -1;
    std::int64_t changed_s = 0;
    std::int64_t changed_ns = 0;

    friend bool operator==(const Mark&, const Mark&) = default;
  };

  [[nodiscard]] Mark look() const noexcept;
  void read();
  void read_line(std::string_view line);

  const std::string path_;
  std::mutex mutex_;  // What follows is under it.
  Mark read_;
  std::map<std::string, std::vector<Address>, std::less<>> names_;
};

}  // namespace rota::inline v0

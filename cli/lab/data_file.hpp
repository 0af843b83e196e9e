#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace rota::cli {

/// The file that the read workloads read: real bytes, and no name in any folder, so that it cannot
/// be left behind. Open as long as this lives.
class DataFile {
 public:
  /// At most `bytes_max`; less where the disk or the memory has little room. An error is a
  /// sentence.
  static std::expected<DataFile, std::string> make(const std::string& folder,
                                                   std::uint64_t bytes_max);
  DataFile(DataFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)), bytes_(other.bytes_) {}
  DataFile& operator=(DataFile&&) = delete;
  ~DataFile();

  /// Where another process of this user can open it.
  [[nodiscard]] std::string path() const;
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  /// Reads all of it, so that it is in the page cache.
  void warm() const;
  /// Has the page cache drop all of it. Returns the share that stayed nevertheless; an error is a
  /// sentence.
  [[nodiscard]] std::expected<double, std::string> cool() const;

 private:
  explicit DataFile(int fd) : fd_(fd) {}

  int fd_;
  std::uint64_t bytes_ = 0;
};

}  // namespace rota::cli

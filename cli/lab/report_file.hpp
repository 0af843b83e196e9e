#pragma once

#include <expected>
#include <string>
#include <utility>

namespace rota::cli {

/// A file that a report goes into, opened before the lab begins, so that a folder which cannot be
/// written to is found before minutes of measuring. What stood in it stays until `write`.
class ReportFile {
 public:
  /// An error is a sentence.
  static std::expected<ReportFile, std::string> open(std::string path);

  ReportFile(ReportFile&& other) noexcept
      : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}
  ReportFile& operator=(ReportFile&&) = delete;
  ~ReportFile();

  /// Once. An error is a sentence.
  std::expected<void, std::string> write(const std::string& text);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  ReportFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  std::string path_;
  int fd_;
};

}  // namespace rota::cli

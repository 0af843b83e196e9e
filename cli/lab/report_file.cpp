#include "report_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

namespace rota::cli {
namespace {

std::unexpected<std::string> cannot_write(const std::string& path) {
  return std::unexpected("cannot write " + path + ": " + std::strerror(errno));
}

}  // namespace

std::expected<ReportFile, std::string> ReportFile::open(std::string path) {
  constexpr mode_t everybody_reads = 0644;
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, everybody_reads);
  if (fd < 0) return cannot_write(path);
  return ReportFile(std::move(path), fd);
}

ReportFile::~ReportFile() {
  if (fd_ >= 0) ::close(fd_);
}

std::expected<void, std::string> ReportFile::write(const std::string& text) {
  if (::ftruncate(fd_, 0) != 0 && errno != EINVAL) return cannot_write(path_);  // EINVAL: a device.
  for (std::string_view left = text; !left.empty();) {
    const ssize_t put = ::write(fd_, left.data(), left.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return cannot_write(path_);
    left.remove_prefix(static_cast<std::size_t>(put));
  }
  if (::close(std::exchange(fd_, -1)) != 0) return cannot_write(path_);
  return {};
}

}  // namespace rota::cli

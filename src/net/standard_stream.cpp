#include <rota/standard_stream.hpp>

#include "base/broken_pipe.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <new>

namespace rota::inline v0 {
namespace {

/// What never says "not yet" needs no asking.
FdKind kind_of_mode(mode_t mode) noexcept {
  if (S_ISSOCK(mode)) return FdKind::socket;
  return S_ISREG(mode) || S_ISBLK(mode) ? FdKind::stream : FdKind::shared;
}

Result<DescriptorRef> borrow_fd(int fd) noexcept {
  struct stat about{};
  if (::fstat(fd, &about) < 0) return failure(errno);
  try {
    return DescriptorRef(adopt_fd(fd, kind_of_mode(about.st_mode), FdOwner::caller));
  } catch (const std::bad_alloc&) {
    return failure(ENOMEM);
  }
}

}  // namespace

Result<InputStream> InputStream::borrow(int fd) {
  auto borrowed = borrow_fd(fd);
  if (!borrowed) return std::unexpected(borrowed.error());
  return InputStream(std::move(*borrowed));
}

bool InputStream::is_terminal() const noexcept { return ::isatty(fd()) == 1; }

Result<OutputStream> OutputStream::borrow(int fd) {
  auto borrowed = borrow_fd(fd);
  if (!borrowed) return std::unexpected(borrowed.error());
  ignore_broken_pipes();
  return OutputStream(std::move(*borrowed));
}

bool OutputStream::is_terminal() const noexcept { return ::isatty(fd()) == 1; }

Result<InputStream> standard_input() { return InputStream::borrow(STDIN_FILENO); }

Result<OutputStream> standard_output() { return OutputStream::borrow(STDOUT_FILENO); }

Result<OutputStream> standard_error() { return OutputStream::borrow(STDERR_FILENO); }

}  // namespace rota::inline v0

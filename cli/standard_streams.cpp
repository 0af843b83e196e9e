#include "standard_streams.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace rota::cli {

void open_standard_streams() noexcept {
  // The lowest free number is the one that is taken, so the order matters. stdout is opened for
  // reading, so that what is printed fails instead of vanishing; nobody misses what stderr says.
  constexpr int modes[] = {O_RDONLY, O_RDONLY, O_WRONLY};
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) ::open("/dev/null", modes[fd]);
  }
}

int finish_output(int status) noexcept {
  // Some of it may have failed long before: then the stream remembers that, and not why.
  const bool failed_before = std::ferror(stdout) != 0;
  errno = 0;
  if (std::fflush(stdout) == 0 && !failed_before) return status;
  const char* reason = errno != 0 ? std::strerror(errno) : "a write failed";
  std::fprintf(stderr, "rota: cannot write to stdout: %s\n", reason);
  return status == 0 ? 1 : status;
}

}  // namespace rota::cli

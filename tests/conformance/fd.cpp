#include "conformance/fd.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <system_error>

namespace rota::conformance {

std::size_t open_fds() {
  DIR* folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) throw std::system_error(errno, std::system_category(), "/proc/self/fd");
  std::size_t entries = 0;
  while (::readdir(folder) != nullptr) ++entries;
  ::closedir(folder);
  return entries - 3;  // ".", ".." and the folder itself
}

int highest_fd() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) < 0) {
    throw std::system_error(errno, std::system_category(), "getrlimit");
  }
  constexpr rlim_t most = std::numeric_limits<int>::max();
  return static_cast<int>(std::min(limit.rlim_cur, most));
}

int lowest_free_fd() {
  const Fd probe(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  return probe.number();
}

}  // namespace rota::conformance

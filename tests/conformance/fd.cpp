#include "conformance/fd.hpp"

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <system_error>

namespace rota::conformance {

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

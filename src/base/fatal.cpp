#include "base/fatal.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

namespace rota::inline v0 {

void fatal(const char* what, int error) noexcept {
  char prefix[] = "rota: ";
  char middle[] = ": errno ";
  char number[16];
  char* end = std::to_chars(number, number + sizeof number - 1, error).ptr;
  *end++ = '\n';
  const iovec parts[] = {{prefix, sizeof prefix - 1},
                         {const_cast<char*>(what), std::strlen(what)},
                         {middle, sizeof middle - 1},
                         {number, static_cast<std::size_t>(end - number)}};
  // The process ends whether or not anybody could be told.
  [[maybe_unused]] const ssize_t written = ::writev(STDERR_FILENO, parts, 4);
  std::abort();
}

}  // namespace rota::inline v0

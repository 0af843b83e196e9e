#include "base/fatal.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

namespace rota::inline v0 {
namespace {

/// In one call, so that the lines of two threads do not mix.
[[noreturn]] void write_and_abort(const char* what, const char* end, std::size_t bytes) noexcept {
  char prefix[] = "rota: ";
  const iovec parts[] = {{prefix, sizeof prefix - 1},
                         {const_cast<char*>(what), std::strlen(what)},
                         {const_cast<char*>(end), bytes}};
  // The process ends whether or not anybody could be told.
  [[maybe_unused]] const ssize_t written = ::writev(STDERR_FILENO, parts, 3);
  std::abort();
}

}  // namespace

void fatal(const char* what, int error) noexcept {
  char end[32] = ": errno ";
  const std::size_t begun = std::strlen(end);
  char* last = std::to_chars(end + begun, end + sizeof end - 1, error).ptr;
  *last++ = '\n';
  write_and_abort(what, end, static_cast<std::size_t>(last - end));
}

void fatal(const char* what) noexcept { write_and_abort(what, "\n", 1); }

}  // namespace rota::inline v0

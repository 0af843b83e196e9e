#include <termios.h>

#include <rota/terminal.hpp>

#include <sys/ioctl.h>

#include <cerrno>
#include <new>
#include <utility>

namespace rota::inline v0 {

Result<TerminalSize> terminal_size(int fd) noexcept {
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) < 0) return failure(errno);
  return TerminalSize{size.ws_row, size.ws_col};
}

RawMode::RawMode(int fd, Owned<termios> before) noexcept : fd_(fd), before_(std::move(before)) {}

RawMode::RawMode(RawMode&& other) noexcept = default;

RawMode::~RawMode() { static_cast<void>(leave()); }

Result<RawMode> RawMode::enter(int fd) noexcept {
  Owned<termios> before(new (std::nothrow) termios{});
  if (!before) return failure(ENOMEM);
  if (tcgetattr(fd, &*before) < 0) return failure(errno);
  termios raw = *before;
  cfmakeraw(&raw);
  // At once: to wait until the output has gone (TCSADRAIN) could take for ever.
  if (tcsetattr(fd, TCSANOW, &raw) < 0) return failure(errno);
  return RawMode(fd, std::move(before));
}

Result<void> RawMode::leave() noexcept {
  const Owned<termios> before = std::move(before_);
  if (before && tcsetattr(fd_, TCSANOW, &*before) < 0) return failure(errno);
  return {};
}

}  // namespace rota::inline v0

#pragma once

#include <rota/core/build_mark.hpp>
#include <rota/core/owned.hpp>
#include <rota/result.hpp>

#include <cstdint>

struct termios;

namespace rota::inline v0 {

// The terminal that a program has from whoever started it, and shares with them: to read and write
// it is for standard_stream.hpp. Nothing here waits, and all of it may be called on any thread.

/// In characters.
struct TerminalSize {
  std::uint16_t rows = 0;
  std::uint16_t columns = 0;
};

/// How large the terminal with this number is; no rows and no columns where nobody has said. Fails
/// with `inappropriate_io_control_operation` where there is none. When it changes, SIGWINCH comes
/// (SignalWatch).
[[nodiscard]] Result<TerminalSize> terminal_size(int fd) noexcept;

/// Until this is destroyed a terminal gives each key as it is pressed, and nothing else: no line to
/// edit, no echo, no signals of keys (Ctrl-C is a byte, 3), output as it is written (a line ends
/// with "\r\n"). As cfmakeraw(3).
///
/// Whose process ends otherwise than by unwinding leaves the terminal as it is; `run` unwinds on
/// SIGINT and SIGTERM. A process in the background is stopped by SIGTTOU when it changes one.
class RawMode {
 public:
  /// The number stays the caller's, and open until `leave`. Fails with
  /// `inappropriate_io_control_operation` where there is no terminal.
  [[nodiscard]] static Result<RawMode> enter(int fd) noexcept;

  RawMode(RawMode&& other) noexcept;
  RawMode& operator=(RawMode&&) = delete;
  ~RawMode();

  /// Back to how it was, once; what the destructor does otherwise, which tells nobody of an error.
  Result<void> leave() noexcept;

 private:
  RawMode(int fd, Owned<termios> before) noexcept;

  int fd_;
  Owned<termios> before_;  // none: moved away or left
};

}  // namespace rota::inline v0

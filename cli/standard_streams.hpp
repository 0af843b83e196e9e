#pragma once

namespace rota::cli {

/// Makes sure that 0, 1 and 2 are open, before anything else is: else the next descriptor that is
/// opened, a pipe to a child, takes their place. Where stdout was closed, a write still fails.
void open_standard_streams() noexcept;

/// Flushes stdout and returns the exit status: 1 instead of 0 when not all of what was printed got
/// out, with the reason on stderr.
[[nodiscard]] int finish_output(int status) noexcept;

}  // namespace rota::cli

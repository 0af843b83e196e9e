#pragma once

namespace rota::cli {

/// From here on Ctrl-C and SIGTERM are noted instead of ending the process; a second one ends it.
void note_interrupts() noexcept;
[[nodiscard]] bool interrupted() noexcept;

}  // namespace rota::cli

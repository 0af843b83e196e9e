#pragma once

namespace rota::inline v0 {

/// Ends the process: the kernel broke its contract, or the program broke one that no value can
/// report. Writes "rota: <what>: errno <error>" to standard error. The one way in which Rota ends
/// a process. Safe in a signal handler.
[[noreturn]] void fatal(const char* what, int error) noexcept;
/// The same where no errno says more: "rota: <what>".
[[noreturn]] void fatal(const char* what) noexcept;

}  // namespace rota::inline v0

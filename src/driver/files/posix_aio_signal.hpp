#pragma once

namespace rota::inline v0 {

/// The signal whose handler rings every bell of POSIX aio, or 0: the program has uses of its own
/// for all that might be. What the program handles or ignores is not touched. Once there is a
/// handler it stays, since a signal may come late.
///
/// It is one of the standard signals, which the kernel keeps as one bit: it is never lost for want
/// of room, many are one, and which request it was for is not asked of it. A real-time signal
/// would carry the request, and be lost without a word when as many are pending as the user may
/// have (RLIMIT_SIGPENDING), which the C library does not tell.
[[nodiscard]] int posix_aio_signal() noexcept;

/// Once there is a signal, the carrier's thread takes it: some thread of a process must.
void take_posix_aio_signal(int number) noexcept;

}  // namespace rota::inline v0

#pragma once

namespace rota::inline v0 {

/// A write to a pipe without a reader, or a splice to a peer that is gone, raises SIGPIPE beside
/// its EPIPE, and unlike a send it cannot be told not to. Where the process has asked for nothing,
/// by the signal's default action, it is ignored from now on. Any thread; a few hundred
/// nanoseconds.
void ignore_broken_pipes() noexcept;

}  // namespace rota::inline v0

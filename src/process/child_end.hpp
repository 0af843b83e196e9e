#pragma once

#include <rota/process.hpp>
#include <rota/result.hpp>
#include <rota/task.hpp>

namespace rota::inline v0 {

/// Waits until the process of the pidfd has ended, and takes its status: a success leaves no
/// zombie, and a wait that is cancelled leaves the status to the next. The pidfd stays its owner's.
[[nodiscard]] Task<Result<ExitStatus>> await_end(int pidfd);

/// Takes over the pidfd of a process that was killed, and that nobody waits for: it ends soon.
void reap_later(int pidfd) noexcept;

}  // namespace rota::inline v0

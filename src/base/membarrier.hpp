#pragma once

namespace rota::inline v0 {

/// Registers the process for the expedited barrier; once, before any take-over. False when the
/// kernel or the sandbox refuses it (errno says why): workers cannot be taken over then.
[[nodiscard]] bool register_process_barrier() noexcept;

/// Makes every running thread of this process execute a full barrier before it returns. Costs an
/// interrupt per running thread (0.2 to 0.4 us on two cores) and its peers nothing.
void process_barrier() noexcept;

}  // namespace rota::inline v0

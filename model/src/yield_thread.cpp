#include <rota/core/spin_lock.hpp>

namespace rota::inline v0 {

/// In a model no thread is off its processor: it lets another one go on.
void yield_thread() noexcept { spin_pause(); }

}  // namespace rota::inline v0

#pragma once

#include <cstdint>

namespace rota::inline v0 {

/// Sleeps while `*word` is `expected`. May return early: the caller looks at the word again.
void futex_sleep(const void* word, std::uint32_t expected) noexcept;
/// Wakes one thread that sleeps on `word`. Touches no memory: it may be gone by then.
void futex_wake_one(const void* word) noexcept;

}  // namespace rota::inline v0

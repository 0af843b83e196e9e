#pragma once

#include <rota/await.hpp>
#include <rota/core/operation_leaf.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace rota::inline v0 {

/// What futex(2) looks at: std::atomic<std::uint32_t>, for one, or whatever else the two sides see
/// as four aligned bytes.
template <class T>
concept FutexWord = sizeof(T) == 4 && alignof(T) == 4;

using FutexLeaf = StatusLeaf<FutexWait>;

[[nodiscard]] inline Await<FutexLeaf> wait_for_futex(const void* word,
                                                     std::uint32_t expected) noexcept {
  return Await<FutexLeaf>(std::in_place, nullptr, word, expected);
}
std::size_t wake_futex(const void* word, std::size_t most) noexcept;

/// Waits, as futex(2) does, until somebody wakes `word`, unless it has another value than
/// `expected`. For words in memory that processes share, where the other side is no task of this
/// runtime: by whatever protocol the two have, a wake is FUTEX_WAKE without FUTEX_PRIVATE_FLAG.
/// What tasks and threads of one process wait for is an Event, a Notify and the like.
///
/// It may end for nothing. Whoever waits looks at the word again:
///
///     while (word.load() == seen) {
///       auto waited = co_await futex_wait(word, seen);
///       if (!waited) co_return failure(waited.error());
///     }
///
/// io_uring waits itself from Linux 6.7 on. Elsewhere a thread of the driver does, for up to 127
/// words at once.
///
/// @threads any number of tasks at once, on one word too
/// @loses nothing: a wake that has reached it wins over a stop
/// @owns the word is the caller's, and stays mapped until the call ends
/// @errors `bad_address`: it is not mapped; `function_not_supported`: Linux before 5.16;
/// `operation_not_permitted`: a sandbox forbids futex_waitv; `resource_unavailable_try_again`: the
/// thread could not be started
template <FutexWord Word>
[[nodiscard]] Await<FutexLeaf> futex_wait(const Word& word, std::uint32_t expected) noexcept {
  return wait_for_futex(&word, expected);
}

/// Wakes those who have waited for the word longest, at most so many, in every process that has it
/// mapped: tasks by `futex_wait`, and others by FUTEX_WAIT. How many it has woken. Any thread;
/// never blocks.
template <FutexWord Word>
std::size_t futex_wake(const Word& word, std::size_t most = 1) noexcept {
  return wake_futex(&word, most);
}

}  // namespace rota::inline v0

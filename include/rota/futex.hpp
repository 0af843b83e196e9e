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

/// The leaf of `futex_wait`.
using FutexLeaf = StatusLeaf<FutexWait>;

/// Waits, as futex(2) does, until somebody wakes `word`, unless it has another value than
/// `expected`. For words in memory that processes share, where the other side is no task of this
/// runtime. The other side changes the word first, and then wakes it by FUTEX_WAKE without
/// FUTEX_PRIVATE_FLAG: a wake without a change may be missed. What tasks and threads of one process
/// wait for is an Event, a Notify and the like.
///
/// It may end for nothing. Whoever waits looks at the word again:
///
///     while (word.load() == seen) {
///       auto waited = co_await futex_wait(word, seen);
///       if (!waited) co_return failure(waited.error());
///     }
///
/// io_uring waits itself from Linux 6.7 on. Elsewhere a thread of the driver does, one for each 127
/// waits.
///
/// @threads any number of tasks at once, on one word too
/// @loses nothing: a wake that has reached it wins over a stop
/// @owns the word is the caller's, and stays mapped until the call ends
/// @errors `bad_address`: it is not mapped; where a thread waits `function_not_supported`: Linux
/// before 5.16, `operation_not_permitted`: a sandbox forbids futex_waitv, `not_enough_memory`, and
/// `resource_unavailable_try_again`: no thread could be had, or there are 64
template <FutexWord Word>
[[nodiscard]] Await<FutexLeaf> futex_wait(const Word& word, std::uint32_t expected) noexcept {
  return Await<FutexLeaf>(std::in_place, nullptr, &word, expected);
}
/// Nobody could wake a temporary.
template <FutexWord Word>
void futex_wait(const Word&& word, std::uint32_t expected) = delete;

/// `futex_wake` of the word at this address.
std::size_t futex_wake_at(const void* word, std::size_t most) noexcept;

/// Wakes at most so many of those who wait for the word, in every process that has it mapped: tasks
/// by `futex_wait`, and others by FUTEX_WAIT. How many it has woken. Any thread.
template <FutexWord Word>
std::size_t futex_wake(const Word& word, std::size_t most = 1) noexcept {
  return futex_wake_at(&word, most);
}
template <FutexWord Word>
void futex_wake(const Word&& word, std::size_t most = 1) = delete;

}  // namespace rota::inline v0

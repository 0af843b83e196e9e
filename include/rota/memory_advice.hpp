#pragma once

#include <rota/await.hpp>
#include <rota/core/operation_leaf.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace rota::inline v0 {

/// What becomes of pages of memory. The first four leave what is in them as it is.
enum class MemoryAdvice : std::uint8_t {
  bring_in,           ///< reads each into memory and maps it, so that a read causes no page fault
  bring_in_to_write,  ///< the same for writes; of a shared mapping, as if each had been written to
  read_ahead,         ///< begins to read from the device, and waits for nothing
  cool,               ///< the first to go when memory is short
  page_out,           ///< goes now: to its file, or to swap
  drop,               ///< goes at once. Private memory reads as zeros afterwards, a mapped file as
                      ///< it is in the page cache
};

/// As madvise(2), away from the worker: how memory that may cause page faults, a mapped file, is
/// touched without that stopping a worker. A fault is served in the thread that causes it, and
/// there is no other way to await one.
///
/// Advice is for whole pages. Those that `memory` has a part of are meant; by `drop`, those that
/// lie within it altogether. What is brought in stays while there is memory: what must stay is for
/// mlock(2).
///
/// @threads any number of tasks at once
/// @loses nothing: advice that was taken stays taken, for all of the memory or for a part
/// @owns the memory is the caller's, and stays mapped until the call ends
/// @errors as madvise(2): `not_enough_memory` where nothing is mapped; `bad_address` where a page
/// cannot be brought in, behind the end of a mapped file; `invalid_argument`: the kernel does not
/// know the advice (`bring_in`: Linux 5.14), or not of this memory; RegisteredMemory is not dropped
///
///     Result<void> there = co_await advise_memory(part, MemoryAdvice::bring_in);
[[nodiscard]] Await<StatusLeaf<MemoryRange>> advise_memory(std::span<const std::byte> memory,
                                                           MemoryAdvice advice) noexcept;

}  // namespace rota::inline v0

#pragma once

#include <rota/core/io_object.hpp>
#include <rota/core/owned.hpp>
#include <rota/result.hpp>
#include <rota/task.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace rota::inline v0 {

/// Whether the kernel moves the bytes of a stream by itself, through a pipe.
template <class Stream>
concept SplicingStream = Stream::splices;

/// How a copy by the kernel began.
enum class SpliceStart : std::uint8_t {
  refused,  ///< nothing was moved: these two cannot be spliced, or there is no pipe to be had
  done,
};

/// `copy` by splice(2). Adds to `copied`.
[[nodiscard]] Task<Result<SpliceStart>> copy_by_splice(SpliceEnd from, SpliceEnd to,
                                                       std::uint64_t& copied);

/// `copy` through memory. Adds to `copied`.
template <class From, class To>
Task<Result<void>> copy_by_hand(From& from, To& to, std::uint64_t& copied) {
  constexpr std::size_t buffer_bytes = 64 * 1024;
  OwnedArray<std::byte> buffer(buffer_bytes);
  const std::span<std::byte> room(buffer.begin(), buffer.size());
  for (;;) {
    Result<std::size_t> got = co_await from.read(room);
    if (!got) co_return std::unexpected(got.error());
    if (*got == 0) co_return Result<void>();
    std::size_t written = 0;
    Result<void> sent = co_await to.write_all(room.first(*got), &written);
    copied += written;
    if (!sent) co_return sent;
  }
}

/// Copies until `from` ends; yields how many bytes that were. `to` stays open.
///
/// Between sockets and pipes of this library the kernel moves the bytes through a pipe, and no
/// memory of the process; everything else goes through 64 KiB of it, which is allocated once. What
/// is promised is the same: bytes arrive in order, and on an error, a cancel too, `copied`, unless
/// it is null, tells how many `to` has taken; at most 64 KiB that `from` has given beyond that are
/// lost. As `from`'s reading task and `to`'s writing task. Where SIGPIPE has its default action it
/// is ignored from then on, as PipeWriter says.
template <class From, class To>
[[nodiscard]] Task<Result<std::uint64_t>> copy(From& from, To& to,
                                               std::uint64_t* copied = nullptr) {
  std::uint64_t sum = 0;
  std::uint64_t& count = copied != nullptr ? *copied : sum;
  count = 0;
  if constexpr (SplicingStream<From> && SplicingStream<To>) {
    Task<Result<SpliceStart>> splicing = copy_by_splice(SpliceEnd(from), SpliceEnd(to), count);
    Result<SpliceStart> spliced = co_await std::move(splicing);
    if (!spliced) co_return std::unexpected(spliced.error());
    if (*spliced == SpliceStart::done) co_return count;
  }
  Task<Result<void>> copying = copy_by_hand(from, to, count);
  Result<void> done = co_await std::move(copying);
  if (!done) co_return std::unexpected(done.error());
  co_return count;
}

}  // namespace rota::inline v0

#pragma once

#include <rota/core/conduit.hpp>
#include <rota/core/io_object.hpp>
#include <rota/core/owned.hpp>
#include <rota/result.hpp>
#include <rota/task.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace rota::inline v0 {

/// Whether the kernel moves the bytes of a stream by itself.
template <class Stream>
concept SplicingStream = Stream::splices;

/// Whether a stream can be set back to what it has given already.
template <class Stream>
concept SeekingStream = requires(Stream& stream, std::uint64_t position) {
  { stream.position() } -> std::same_as<std::uint64_t>;
  stream.seek(position);
};

/// How far the kernel has taken a copy.
enum class KernelCopy : std::uint8_t {
  refused,  ///< the rest is to be copied by hand, first what is in the conduit
  whole,
};

/// `copy` by copy_file_range(2) and splice(2). Adds to `copied`.
[[nodiscard]] Task<Result<KernelCopy>> copy_in_kernel(SpliceEnd from, SpliceEnd to,
                                                      Conduit& conduit, std::uint64_t& copied);

/// `copy` through memory. Adds to `copied`.
template <class From, class To>
Task<Result<void>> copy_by_hand(From& from, To& to, Conduit& conduit, std::uint64_t& copied) {
  constexpr std::size_t buffer_bytes = 64 * 1024;
  OwnedArray<std::byte> buffer(buffer_bytes);
  const std::span<std::byte> room(buffer.begin(), buffer.size());
  for (;;) {
    Result<std::size_t> got = conduit.take_back(room);
    if (got && *got == 0) got = co_await from.read(room);
    if (!got) co_return std::unexpected(got.error());
    if (*got == 0) co_return Result<void>();
    std::size_t written = 0;
    Result<void> sent = co_await to.write_all(room.first(*got), &written);
    copied += written;
    if (!sent) co_return sent;
  }
}

/// `copy`, by the kernel as far as it does it. Adds to `copied`.
template <class From, class To>
Task<Result<void>> copy_all(From& from, To& to, std::uint64_t& copied) {
  Conduit conduit;
  if constexpr (SplicingStream<From> && SplicingStream<To>) {
    Task<Result<KernelCopy>> moving =
        copy_in_kernel(SpliceEnd(from), SpliceEnd(to), conduit, copied);
    Result<KernelCopy> moved = co_await std::move(moving);
    if (!moved) co_return std::unexpected(moved.error());
    if (*moved == KernelCopy::whole) co_return Result<void>();
  }
  Task<Result<void>> copying = copy_by_hand(from, to, conduit, copied);
  Result<void> done = co_await std::move(copying);
  co_return done;
}

/// Copies until `from` ends; yields how many bytes that were. `to` stays open.
///
/// Where the kernel can, it moves the bytes and no memory of the process does:
///
/// 1. Between sockets, pipes and files (FileReader, FileWriter, a standard stream that is a pipe or
///    a file) by splice(2) through a pipe. In Linux sendfile(2) is the same path with a pipe of the
///    kernel's own; with this one no thread of the program ever waits for a disk and a socket at
///    once: a file's part is one operation of the ring or of the driver's pool, a socket's part
///    waits for readiness.
/// 2. From file to file by copy_file_range(2), 4 MiB at a time, so that a stop is answered in
///    between. A file system that can shares the blocks instead of copying them; across file
///    systems it is a splice.
/// 3. Everything else, and what the kernel refuses even half-way, goes through 64 KiB of memory.
///
/// What is promised is the same: bytes arrive in order, and on an error, a cancel too, `copied`,
/// unless it is null, tells how many `to` has taken. Where SIGPIPE has its default action it is
/// ignored from then on, as PipeWriter says.
///
/// @threads one task, which reads the one stream and writes the other
/// @loses at most 64 KiB that were read and not written, as an error does; of a FileReader nothing:
/// it stands behind what was written
/// @owns both streams stay the caller's; a File at an end is not closed meanwhile
/// @errors those of the streams; none for what the kernel refuses to move by itself: that goes
/// through memory
template <class From, class To>
[[nodiscard]] Task<Result<std::uint64_t>> copy(From& from, To& to,
                                               std::uint64_t* copied = nullptr) {
  std::uint64_t sum = 0;
  std::uint64_t& count = copied != nullptr ? *copied : sum;
  count = 0;
  std::uint64_t begin = 0;
  if constexpr (SeekingStream<From>) begin = from.position();
  Task<Result<void>> copying = copy_all(from, to, count);
  Result<void> done = co_await std::move(copying);
  if constexpr (SeekingStream<From>) from.seek(begin + count);
  if (!done) co_return std::unexpected(done.error());
  co_return count;
}

}  // namespace rota::inline v0

#pragma once

#include <rota/core/owned.hpp>
#include <rota/result.hpp>
#include <rota/task.hpp>

#include <sys/uio.h>

#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

namespace rota::inline v0 {

/// Bytes on their way to a stream, and of those some that are not in the buffer's own memory.
class WriteBuffer {
 public:
  /// Throws std::bad_alloc.
  explicit WriteBuffer(std::size_t bytes) : memory_(bytes) {}

  [[nodiscard]] std::size_t room() const noexcept { return memory_.size() - end_; }
  [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
  /// There is room.
  void add(std::span<const std::byte> bytes) noexcept;
  /// What was written; when all was, there is room again.
  void remove_first(std::size_t bytes) noexcept;
  [[nodiscard]] iovec as_part() noexcept { return {memory_.begin() + begin_, size()}; }

 private:
  OwnedArray<std::byte> memory_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

/// Collects small writes to any stream with `write_vector`, and hands them on together.
///
/// Nothing is written before `flush`, or before more has come than it holds.
///
/// @threads as the stream's writing
/// @loses nothing that it holds: the next `flush` goes on with what the stream did not take, after
/// any error; of a `write` what was not taken, and `taken` says how much was
/// @owns the stream is the caller's, outlives it, and is written through nothing else while it
/// holds bytes; the destructor throws away what was not flushed, since it cannot wait
/// @errors those of the stream
template <class Stream>
class BufferedWriter {
 public:
  /// Throws std::bad_alloc.
  explicit BufferedWriter(Stream& stream, std::size_t buffer_bytes = 16 * 1024)
      : stream_(stream), buffer_(buffer_bytes) {}

  /// How many bytes are not written yet.
  [[nodiscard]] std::size_t buffered() const noexcept { return buffer_.size(); }

  /// All of it. What does not fit goes out at once, with what came before, gathered in one call of
  /// the kernel and never copied. On an error `taken`, unless it is null, tells how many of these
  /// bytes are written or in the buffer.
  [[nodiscard]] Task<Result<void>> write(std::span<const std::byte> from,
                                         std::size_t* taken = nullptr) {
    if (taken != nullptr) *taken = 0;
    std::span<const std::byte> rest = from;
    while (rest.size() > buffer_.room()) {
      iovec parts[2] = {buffer_.as_part(), {const_cast<std::byte*>(rest.data()), rest.size()}};
      Result<std::size_t> some = co_await stream_.write_vector(std::span<iovec>(parts));
      if (!some) co_return std::unexpected(some.error());
      const std::size_t own = *some < buffer_.size() ? *some : buffer_.size();
      buffer_.remove_first(own);
      rest = rest.subspan(*some - own);
      if (taken != nullptr) *taken = from.size() - rest.size();
    }
    buffer_.add(rest);
    if (taken != nullptr) *taken = from.size();
    co_return Result<void>();
  }
  [[nodiscard]] Task<Result<void>> write(std::string_view text, std::size_t* taken = nullptr) {
    return write(std::as_bytes(std::span(text.data(), text.size())), taken);
  }

  /// Until the stream has taken everything.
  [[nodiscard]] Task<Result<void>> flush() {
    while (buffer_.size() > 0) {
      iovec part = buffer_.as_part();
      Result<std::size_t> some = co_await stream_.write_vector(std::span<iovec>(&part, 1));
      if (!some) co_return std::unexpected(some.error());
      buffer_.remove_first(*some);
    }
    co_return Result<void>();
  }

 private:
  Stream& stream_;
  WriteBuffer buffer_;
};

}  // namespace rota::inline v0

#pragma once

#include <rota/core/owned.hpp>
#include <rota/result.hpp>
#include <rota/task.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>

namespace rota::inline v0 {

/// Bytes that were read and nobody has taken yet, in memory of a fixed size.
class ReadBuffer {
 public:
  /// Throws std::bad_alloc.
  explicit ReadBuffer(std::size_t bytes) : memory_(bytes) {}
  /// The other one has nothing any more, and no room.
  ReadBuffer(ReadBuffer&& other) noexcept
      : memory_(std::move(other.memory_)),
        begin_(std::exchange(other.begin_, 0)),
        end_(std::exchange(other.end_, 0)) {}
  ReadBuffer& operator=(ReadBuffer&&) = delete;
  ~ReadBuffer() = default;

  [[nodiscard]] std::span<const std::byte> filled() const noexcept {
    return {memory_.begin() + begin_, end_ - begin_};
  }
  /// Where the next bytes go: the buffer is empty.
  [[nodiscard]] std::span<std::byte> room() noexcept { return {memory_.begin(), memory_.size()}; }
  void fill(std::size_t bytes) noexcept {
    begin_ = 0;
    end_ = bytes;
  }
  void take(std::size_t bytes) noexcept { begin_ += bytes; }
  /// Copies what fits; yields how much that was.
  std::size_t take_into(std::span<std::byte> into) noexcept;
  /// How many bytes there are up to this one and with it; 0: it is not among them.
  [[nodiscard]] std::size_t length_to(std::byte delimiter) const noexcept;

 private:
  OwnedArray<std::byte> memory_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

/// Reads from any stream in larger pieces than its caller asks for.
///
/// @threads as the stream's reading
/// @loses nothing that was not given out: what a cancelled call has put into the caller's memory it
/// has taken, and says how much; the rest stays for the next call
/// @owns the stream is the caller's, outlives it, and is read through nothing else, as the buffer
/// may hold bytes of it (`buffered`)
/// @errors those of the stream; `no_message_available`: the stream has ended before what was asked
/// for; `message_size`: more than `limit` bytes without the delimiter
template <class Stream>
class BufferedReader {
 public:
  /// Throws std::bad_alloc.
  explicit BufferedReader(Stream& stream, std::size_t buffer_bytes = 16 * 1024)
      : stream_(stream), buffer_(buffer_bytes) {}
  /// Goes on where `earlier` was, whose stream is `stream` now: what was read and not taken comes
  /// along when a connection gets another owner, on another worker too. `earlier` can only be
  /// destroyed.
  BufferedReader(Stream& stream, BufferedReader&& earlier) noexcept
      : stream_(stream), buffer_(std::move(earlier.buffer_)) {}

  /// What is in memory already.
  [[nodiscard]] std::span<const std::byte> buffered() const noexcept { return buffer_.filled(); }

  /// At least one byte, or 0 at the end of the stream.
  [[nodiscard]] Task<Result<std::size_t>> read(std::span<std::byte> into) {
    if (buffer_.filled().empty() && !into.empty()) {
      // What is as large as the buffer goes past it.
      if (into.size() >= buffer_.room().size()) {
        Result<std::size_t> direct = co_await stream_.read(into);
        co_return direct;
      }
      Result<std::size_t> got = co_await stream_.read(buffer_.room());
      if (!got) co_return got;
      buffer_.fill(*got);
    }
    co_return buffer_.take_into(into);
  }

  /// All of it. On an error `got`, unless it is null, tells how many bytes came.
  [[nodiscard]] Task<Result<void>> read_exactly(std::span<std::byte> into,
                                                std::size_t* got = nullptr) {
    std::size_t done = 0;
    while (done < into.size()) {
      Task<Result<std::size_t>> reading = read(into.subspan(done));
      Result<std::size_t> some = co_await std::move(reading);
      const std::size_t count = some.value_or(0);
      done += count;
      if (got != nullptr) *got = done;
      if (!some) co_return std::unexpected(some.error());
      if (count == 0) co_return failure(ENODATA);
    }
    co_return Result<void>();
  }

  /// Appends to `into` all bytes up to the delimiter and with it. Yields how many, or 0 where the
  /// stream ends without any. More than `limit` bytes are `message_size`: then those are in `into`,
  /// and the rest is still to come. On an error `into` has what came.
  [[nodiscard]] Task<Result<std::size_t>> read_until(char delimiter, std::string& into,
                                                     std::size_t limit) {
    std::size_t done = 0;
    for (;;) {
      const std::span<const std::byte> filled = buffer_.filled();
      const std::size_t whole = buffer_.length_to(static_cast<std::byte>(delimiter));
      std::size_t count = whole != 0 ? whole : filled.size();
      const bool too_long = count > limit - done;
      if (too_long) count = limit - done;
      into.append(reinterpret_cast<const char*>(filled.data()), count);
      buffer_.take(count);
      done += count;
      if (too_long) co_return failure(EMSGSIZE);
      if (whole != 0) co_return done;
      Result<std::size_t> got = co_await stream_.read(buffer_.room());
      if (!got) co_return got;
      buffer_.fill(*got);
      if (*got != 0) continue;
      if (done == 0) co_return done;
      co_return failure(ENODATA);
    }
  }

  /// The next line without its end, "\n" or "\r\n", or nothing at the end of the stream. The last
  /// line may lack an end. Longer than `limit` bytes with its end is `message_size`.
  [[nodiscard]] Task<Result<std::optional<std::string>>> read_line(std::size_t limit) {
    std::string line;
    Task<Result<std::size_t>> reading = read_until('\n', line, limit);
    Result<std::size_t> got = co_await std::move(reading);
    const bool ended = !got && got.error() == std::errc::no_message_available;
    if (!got && !ended) co_return std::unexpected(got.error());
    if (!ended && *got == 0) co_return std::optional<std::string>();
    if (line.ends_with('\n')) line.pop_back();
    if (line.ends_with('\r') && !ended) line.pop_back();
    co_return std::optional<std::string>(std::move(line));
  }

  /// Passes over so many bytes; yields fewer at the end of the stream only.
  [[nodiscard]] Task<Result<std::uint64_t>> skip(std::uint64_t bytes) {
    std::uint64_t left = bytes;
    for (;;) {
      const std::size_t here = buffer_.filled().size();
      const std::size_t count = here < left ? here : static_cast<std::size_t>(left);
      buffer_.take(count);
      left -= count;
      if (left == 0) co_return bytes;
      Result<std::size_t> got = co_await stream_.read(buffer_.room());
      if (!got) co_return std::unexpected(got.error());
      buffer_.fill(*got);
      if (*got == 0) co_return bytes - left;
    }
  }

 private:
  Stream& stream_;
  ReadBuffer buffer_;
};

}  // namespace rota::inline v0

#pragma once

#include <rota/core/io_object.hpp>
#include <rota/core/stream_waits.hpp>
#include <rota/result.hpp>

#include <cstddef>
#include <span>
#include <utility>

namespace rota::inline v0 {

// Streams that this process has from others and shares with them: a terminal, the pipe or the file
// that it was started with. O_NONBLOCK belongs to the open file, so that setting it here would set
// it for the shell too, and for every other process that has it. It stays as it is:
//
//   1. What can block is asked by poll(2) before each read or write, which then moves no more than
//      it was told of: a read what is there, a write at most 4096 bytes, which a pipe that says
//      "writable" has room for.
//   2. Another process that reads the same pipe or terminal at the same moment may take what was
//      announced, and then the read blocks its worker until there is more. So may a write to a
//      terminal that was stopped (Ctrl-S) with less room than that. Who cannot have that keeps such
//      a stream to itself.
//   3. A file is read and written at its shared position, on the worker's own time. A socket is
//      told with each call not to wait.
//   4. `copy` splices what is a pipe or a file. A socket heeds nothing but its O_NONBLOCK, and a
//      terminal's bytes the kernel would copy too: those go through memory.
//   5. The number stays the caller's: neither `close` nor the destructor closes it. They end what
//      waits, and forget it. At most one of these, or one FdWatch, has a number at a time.

/// A stream that is read, and not owned.
///
/// @as PipeReader
/// @owns number and mode stay the caller's; a buffer is borrowed until the call ends
class InputStream : public IoObject {
 public:
  static constexpr bool splices = true;  ///< see copy.hpp

  /// Only in a task. Fails with what fstat(2) says.
  [[nodiscard]] static Result<InputStream> borrow(int fd);
  explicit InputStream(DescriptorRef descriptor) noexcept : IoObject(std::move(descriptor)) {}

  /// At least one byte, or 0 at the end.
  [[nodiscard]] CountAwait read(std::span<std::byte> into) noexcept {
    return read_stream(descriptor(), into);
  }
  [[nodiscard]] bool is_terminal() const noexcept;
};

/// A stream that is written, and not owned. SIGPIPE is ignored, as PipeWriter says.
///
/// @as PipeWriter
/// @owns number and mode stay the caller's; a buffer is borrowed until the call ends
class OutputStream : public IoObject {
 public:
  static constexpr bool splices = true;  ///< see copy.hpp

  /// Only in a task. Fails with what fstat(2) says.
  [[nodiscard]] static Result<OutputStream> borrow(int fd);
  explicit OutputStream(DescriptorRef descriptor) noexcept : IoObject(std::move(descriptor)) {}

  /// At least one byte.
  [[nodiscard]] CountAwait write(std::span<const std::byte> from) noexcept {
    return write_stream(descriptor(), from);
  }
  /// Every byte. On an error `written`, unless it is null, tells how many were.
  [[nodiscard]] Await<WholeWriteLeaf> write_all(std::span<const std::byte> from,
                                                std::size_t* written = nullptr) noexcept {
    return write_stream_whole(descriptor(), from, written);
  }
  [[nodiscard]] bool is_terminal() const noexcept;
};

/// `borrow` of the standard streams. Only in a task.
[[nodiscard]] Result<InputStream> standard_input();
/// The same for writing.
[[nodiscard]] Result<OutputStream> standard_output();
/// The same for errors.
[[nodiscard]] Result<OutputStream> standard_error();

}  // namespace rota::inline v0

#pragma once

#include <rota/core/io_object.hpp>
#include <rota/core/stream_waits.hpp>
#include <rota/result.hpp>
#include <rota/task.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <utility>

namespace rota::inline v0 {

/// The end of a pipe that is read.
///
/// @as SocketStream
/// @threads one task
/// @loses nothing
/// @errors what read(2) says
class PipeReader : public IoObject {
 public:
  static constexpr bool splices = true;  ///< see copy.hpp

  /// Opens a FIFO, and waits until a writer has written to it or has come and gone, so that a read
  /// of 0 bytes is the end and not a writer that is late. No thread waits for it meanwhile.
  ///
  /// @loses nothing: the FIFO is closed
  /// @owns the path is the call's
  /// @errors what open(2) says: `no_such_file_or_directory`, `permission_denied`;
  /// `invalid_argument` for what is no FIFO, and for a path with a zero byte
  [[nodiscard]] static Task<Result<PipeReader>> open(std::string path);
  explicit PipeReader(DescriptorRef descriptor) noexcept : IoObject(std::move(descriptor)) {}

  /// At least one byte, or 0 once all writers are gone.
  [[nodiscard]] CountAwait read(std::span<std::byte> into) noexcept {
    return read_stream(descriptor(), into);
  }
  [[nodiscard]] VectorAwait read_vector(std::span<iovec> into) noexcept {
    return read_stream_vector(descriptor(), into);
  }
  /// As SocketStream::receive.
  [[nodiscard]] Await<ReceiveLeaf> receive() noexcept { return receive_stream(descriptor()); }
};

/// The end of a pipe that is written. The process ignores SIGPIPE from the first of these on,
/// unless it has an action of its own for it.
///
/// @as SocketStream
/// @threads one task
/// @errors what write(2) says: `broken_pipe` without a reader, and no signal
class PipeWriter : public IoObject {
 public:
  static constexpr bool splices = true;  ///< see copy.hpp

  /// Opens a FIFO, and waits for a reader, by asking again after pauses of 1 to 50 ms, since the
  /// kernel tells nobody of it.
  ///
  /// @as PipeReader::open
  [[nodiscard]] static Task<Result<PipeWriter>> open(std::string path);
  explicit PipeWriter(DescriptorRef descriptor) noexcept;

  /// At least one byte. Up to 4096 go in one piece.
  [[nodiscard]] CountAwait write(std::span<const std::byte> from) noexcept {
    return write_stream(descriptor(), from);
  }
  /// Every byte. On an error `written`, unless it is null, tells how many were.
  [[nodiscard]] Await<WholeWriteLeaf> write_all(std::span<const std::byte> from,
                                                std::size_t* written = nullptr) noexcept {
    return write_stream_whole(descriptor(), from, written);
  }
  [[nodiscard]] VectorAwait write_vector(std::span<iovec> from) noexcept {
    return write_stream_vector(descriptor(), from);
  }
};

/// The two ends of a new pipe.
struct Pipe {
  PipeReader reader;
  PipeWriter writer;

  /// Only in a task.
  [[nodiscard]] static Result<Pipe> make();
};

}  // namespace rota::inline v0

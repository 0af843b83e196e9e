#pragma once

#include <rota/await.hpp>
#include <rota/core/io_object.hpp>
#include <rota/core/operation_leaf.hpp>
#include <rota/file.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace rota::inline v0 {

// Files as streams: a position that belongs to the object, in a File that any number of others may
// read and write as well. What takes a stream takes these: BufferedReader, BufferedWriter, `copy`.

/// How far a transfer came.
[[nodiscard]] inline std::size_t bytes_moved(const Transfer& transfer) noexcept {
  return transfer.moved;
}
/// The same of one that is gathered or scattered.
[[nodiscard]] inline std::size_t bytes_moved(const VectorTransfer& transfer) noexcept {
  return transfer.result > 0 ? static_cast<std::size_t>(transfer.result) : 0;
}

/// A transfer at a position, which has then moved behind the last byte of it.
template <class Inner>
class PositionLeaf : public Inner {
 public:
  template <class... Operands>
  explicit PositionLeaf(std::uint64_t& position, Operands&&... operands) noexcept
      : Inner(std::forward<Operands>(operands)...), position_(position) {}

  auto finish() const noexcept {
    position_ += bytes_moved(this->operation_);
    return Inner::finish();
  }

 private:
  std::uint64_t& position_;
};

/// The part that FileReader and FileWriter share.
class FilePosition {
 public:
  static constexpr bool splices = true;  ///< see copy.hpp

  /// Of the next byte.
  [[nodiscard]] std::uint64_t position() const noexcept { return position_; }
  void seek(std::uint64_t position) noexcept { position_ = position; }
  explicit operator SpliceEnd() noexcept { return {descriptor(), &position_}; }

 protected:
  FilePosition(File& file, std::uint64_t offset) noexcept : file_(&file), position_(offset) {}

  template <class Inner, class... Operands>
  [[nodiscard]] Await<PositionLeaf<Inner>> at_position(Operands&&... operands) noexcept {
    return Await<PositionLeaf<Inner>>(std::in_place, position_, descriptor(),
                                      std::forward<Operands>(operands)...);
  }
  [[nodiscard]] Await<PositionLeaf<CountLeaf<VectorTransfer>>> vector_at_position(
      OpCode code, std::span<iovec> parts) noexcept {
    return at_position<CountLeaf<VectorTransfer>>(
        code, parts.data(), static_cast<std::uint32_t>(parts.size()), position_);
  }

 private:
  [[nodiscard]] Descriptor* descriptor() const noexcept { return file_->descriptor_.get(); }

  File* file_;
  std::uint64_t position_;
};

/// Reads a File from a position on. What others write behind it meanwhile is read too.
///
/// @threads one task, on the File's worker
/// @loses nothing: what a read moved it reports
/// @owns the File is the caller's, outlives it and stays where it is; a buffer is borrowed until
/// the call ends
/// @errors what pread(2) says, such as `io_error`; `invalid_argument`: a position beyond 2^63 - 1
class FileReader : public FilePosition {
 public:
  explicit FileReader(File& file, std::uint64_t offset = 0) noexcept : FilePosition(file, offset) {}

  /// At least one byte, or 0 at the end of the file; asked again there it looks again.
  [[nodiscard]] Await<PositionLeaf<CountLeaf<Transfer>>> read(std::span<std::byte> into) noexcept {
    return at_position<CountLeaf<Transfer>>(OpCode::read_at, into.data(), into.size(), position());
  }
  /// Scattered over several buffers, in one call of the kernel.
  [[nodiscard]] Await<PositionLeaf<CountLeaf<VectorTransfer>>> read_vector(
      std::span<iovec> into) noexcept {
    return vector_at_position(OpCode::read_vector_at, into);
  }
};

/// Writes a File from a position on: over what is there, and then behind its end. Nothing is on the
/// device for certain before `File::sync`.
///
/// @as FileReader
/// @loses nothing: bytes that moved are reported, and the position is behind them; `write_all`
/// loses the rest of its bytes, and says through `written` how many went
/// @errors what pwrite(2) says, such as `no_space_on_device`; `invalid_argument`: a position beyond
/// 2^63 - 1
class FileWriter : public FilePosition {
 public:
  explicit FileWriter(File& file, std::uint64_t offset = 0) noexcept : FilePosition(file, offset) {}

  /// At least one byte.
  [[nodiscard]] Await<PositionLeaf<CountLeaf<Transfer>>> write(
      std::span<const std::byte> from) noexcept {
    return at_position<CountLeaf<Transfer>>(OpCode::write_at, const_cast<std::byte*>(from.data()),
                                            from.size(), position());
  }
  /// Every byte. On an error `written`, unless it is null, tells how many were.
  [[nodiscard]] Await<PositionLeaf<WholeWriteLeaf>> write_all(
      std::span<const std::byte> from, std::size_t* written = nullptr) noexcept {
    return at_position<WholeWriteLeaf>(OpCode::write_at, from, position(), written);
  }
  /// Gathered from several buffers, in one call of the kernel.
  [[nodiscard]] Await<PositionLeaf<CountLeaf<VectorTransfer>>> write_vector(
      std::span<iovec> from) noexcept {
    return vector_at_position(OpCode::write_vector_at, from);
  }
};

}  // namespace rota::inline v0

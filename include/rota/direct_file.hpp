#pragma once

#include <rota/directory.hpp>
#include <rota/file.hpp>
#include <rota/result.hpp>
#include <rota/shared_mutex.hpp>
#include <rota/task.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace rota::inline v0 {

/// Memory that begins at a multiple of an alignment. Owned, not initialised.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  /// `alignment`: a power of two. Throws std::bad_alloc.
  AlignedBuffer(std::size_t bytes, std::size_t alignment);
  AlignedBuffer(AlignedBuffer&& other) noexcept
      : memory_(std::exchange(other.memory_, nullptr)),
        bytes_(std::exchange(other.bytes_, 0)),
        alignment_(other.alignment_) {}
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(bytes_, other.bytes_);
    std::swap(alignment_, other.alignment_);
    return *this;
  }
  ~AlignedBuffer();

  [[nodiscard]] std::byte* data() const noexcept { return memory_; }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_; }
  [[nodiscard]] std::span<std::byte> bytes() const noexcept { return {memory_, bytes_}; }

 private:
  std::byte* memory_ = nullptr;
  std::size_t bytes_ = 0;
  std::size_t alignment_ = 1;
};

/// What a device demands of direct I/O: powers of two.
struct DirectAlignment {
  std::uint32_t memory = 4096;  ///< of where a buffer begins
  std::uint32_t offset = 4096;  ///< of an offset and a length
};

/// A file that is read and written past the page cache, whatever offsets, lengths and memory it is
/// given.
///
/// What fits the device's alignment goes straight between it and the caller's memory; that is what
/// `buffer` and offsets in multiples of `alignment().offset` are for. The rest goes through memory
/// of its own, block by block of 1 MiB at most:
///
/// 1. A read takes the blocks around what was asked for, and copies.
/// 2. A write reads the first and the last block that it covers in part, changes them and writes
///    them back; and cuts the file to its right length if the last block went beyond, until when a
///    read may find zeros there. Writes of that kind exclude all others of this DirectFile
///    meanwhile, or two of them in one block would undo each other. They do not exclude writes
///    through another DirectFile or File.
///
/// Nothing is on the device for certain before `file().sync()`: direct I/O avoids the page cache
/// and promises no more.
///
/// @as File
/// @loses any part of a write
/// @owns as File; it and the bytes outlive its calls; memory for what is not aligned is the call's
/// @errors as File; `operation_not_supported` where the file system knows no direct I/O, or open(2)
/// finds the mode invalid with it, and a file that was to be made is perhaps there: it is never
/// done through the cache instead; std::bad_alloc
class DirectFile {
 public:
  /// A file that is written in parts of blocks is opened for reading too (`OpenMode::read`).
  [[nodiscard]] static Task<Result<DirectFile>> open(Directory& directory, std::string path,
                                                     OpenMode mode,
                                                     std::uint32_t permissions = 0644);
  [[nodiscard]] static Task<Result<DirectFile>> open(std::string path, OpenMode mode,
                                                     std::uint32_t permissions = 0644);
  DirectFile(DirectFile&&) noexcept = default;
  DirectFile& operator=(DirectFile&&) noexcept = default;

  [[nodiscard]] DirectAlignment alignment() const noexcept { return alignment_; }
  /// Memory that needs no copy. Throws std::bad_alloc.
  [[nodiscard]] AlignedBuffer buffer(std::size_t bytes) const {
    return AlignedBuffer(bytes, alignment_.memory);
  }

  /// Fills `into`, or as much of it as there is before the end of the file. Throws std::bad_alloc.
  [[nodiscard]] Task<Result<std::size_t>> read_at(std::uint64_t offset, std::span<std::byte> into);
  /// Every byte. Throws std::bad_alloc, having written any part of them, and perhaps zeros behind
  /// them to the end of a block.
  [[nodiscard]] Task<Result<void>> write_at(std::uint64_t offset, std::span<const std::byte> from);
  /// The rest of what a file can do.
  [[nodiscard]] File& file() noexcept { return file_; }

 private:
  DirectFile(File file, DirectAlignment alignment)
      : file_(std::move(file)), alignment_(alignment), writers_(new SharedMutex) {}

  [[nodiscard]] bool fits(std::uint64_t offset, const void* memory,
                          std::size_t bytes) const noexcept;
  [[nodiscard]] Task<Result<void>> write_parts(std::uint64_t offset,
                                               std::span<const std::byte> from);
  [[nodiscard]] Task<Result<void>> write_piece(std::uint64_t offset,
                                               std::span<const std::byte> from,
                                               AlignedBuffer& blocks);

  File file_;
  DirectAlignment alignment_;
  Owned<SharedMutex> writers_;  ///< shared: writes of whole blocks; alone: of parts
};

}  // namespace rota::inline v0

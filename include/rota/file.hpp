#pragma once

#include <rota/await.hpp>
#include <rota/core/cancel_loss.hpp>
#include <rota/core/descriptor_ref.hpp>
#include <rota/core/operation_leaf.hpp>
#include <rota/result.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace rota::inline v0 {

class File;

/// How a file is opened; a set, united by `|`.
enum class OpenMode : std::uint32_t {
  read = 1 << 0,
  write = 1 << 1,
  create = 1 << 2,     ///< make it if it is not there
  exclusive = 1 << 3,  ///< with `create`: fail if it is there
  truncate = 1 << 4,
  direct = 1 << 5,     ///< past the page cache; offsets, lengths and buffers must be aligned
};
[[nodiscard]] constexpr OpenMode operator|(OpenMode a, OpenMode b) noexcept {
  return static_cast<OpenMode>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
[[nodiscard]] constexpr bool has(OpenMode set, OpenMode bit) noexcept {
  return (static_cast<std::uint32_t>(set) & static_cast<std::uint32_t>(bit)) != 0;
}

/// What `stat` says of a file.
struct FileStatus {
  std::uint64_t bytes = 0;
  std::uint64_t blocks_of_512 = 0;
  std::uint32_t mode = 0;         ///< type and permissions, as in stat(2)
  std::uint32_t links = 0;
  std::int64_t modified_ns = 0;   ///< since 1970
};

/// The leaf of `File::open`.
class OpenLeaf {
 public:
  static constexpr CancelLoss loses = CancelLoss::nothing;

  OpenLeaf(std::string_view path, OpenMode mode, std::uint32_t permissions) noexcept;
  bool start(Runnable& self) noexcept;
  void refuse() noexcept { operation_.result = -ECANCELED; }
  Result<File> finish();

 private:
  std::string path_;
  Open operation_;
  CancelNode node_;
};

/// Memory for what the kernel says of a file (struct statx).
struct alignas(8) StatBuffer {
  std::byte bytes[256];
};

/// The leaf of `File::stat`.
class StatLeaf : public OperationLeaf<Stat> {
 public:
  static constexpr CancelLoss loses = CancelLoss::nothing;

  explicit StatLeaf(Descriptor* file) noexcept
      : OperationLeaf(file, reinterpret_cast<struct statx*>(&buffer_)) {}
  Result<FileStatus> finish() const noexcept;

 private:
  StatBuffer buffer_;
};

/// A regular file. Every call gives the offset: there is no position to share.
///
/// Thread class: *one worker*: any number of its tasks at once; the order of operations in flight
/// is the kernel's. A read that the page cache can serve completes without a thread, and without
/// suspending unless a ring can take it together with other operations. Buffers are borrowed until
/// the call ends. A cancelled call reports the bytes it moved, if any; else `operation_canceled`.
/// `write_at` tells them through `written`. An offset beyond 2^63 - 1 is `invalid_argument`.
class File {
 public:
  /// Fails with what open(2) says, and with `invalid_argument` for a path with a zero byte, which
  /// open(2) would cut there. `permissions` are those of a file that is made.
  [[nodiscard]] static Await<OpenLeaf> open(std::string_view path, OpenMode mode,
                                            std::uint32_t permissions = 0644) {
    return Await<OpenLeaf>(std::in_place, path, mode, permissions);
  }
  explicit File(DescriptorRef descriptor) noexcept : descriptor_(std::move(descriptor)) {}

  /// Fills `into`, or as much of it as there is before the end of the file.
  [[nodiscard]] Await<CountLeaf<Transfer>> read_at(std::uint64_t offset,
                                                   std::span<std::byte> into) noexcept;
  /// Every byte. On an error `written`, unless it is null, tells how many were.
  [[nodiscard]] Await<WholeWriteLeaf> write_at(std::uint64_t offset,
                                               std::span<const std::byte> from,
                                               std::size_t* written = nullptr) noexcept;
  /// In one call of the kernel; may be short.
  [[nodiscard]] Await<CountLeaf<VectorTransfer>> read_vector_at(std::uint64_t offset,
                                                                std::span<iovec> into) noexcept;
  [[nodiscard]] Await<CountLeaf<VectorTransfer>> write_vector_at(std::uint64_t offset,
                                                                 std::span<iovec> from) noexcept;
  /// Until data and metadata are on the device.
  [[nodiscard]] Await<StatusLeaf<Operation>> sync() noexcept;
  /// The same without metadata that a later read does not need.
  [[nodiscard]] Await<StatusLeaf<Operation>> sync_data() noexcept;
  [[nodiscard]] Await<StatusLeaf<Truncate>> truncate(std::uint64_t bytes) noexcept;
  [[nodiscard]] Await<StatLeaf> stat() noexcept;
  [[nodiscard]] Await<CloseLeaf> close() noexcept;
  [[nodiscard]] int fd() const noexcept { return fd_of(descriptor_); }

 private:
  DescriptorRef descriptor_;
};

}  // namespace rota::inline v0

#pragma once

#include <rota/await.hpp>
#include <rota/core/cancel_loss.hpp>
#include <rota/core/descriptor_ref.hpp>
#include <rota/core/operation_leaf.hpp>
#include <rota/core/path_leaf.hpp>
#include <rota/core/path_text.hpp>
#include <rota/file_status.hpp>
#include <rota/result.hpp>
#include <rota/task.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
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
  direct = 1 << 5,     ///< past the page cache; offsets, lengths and buffers must be aligned:
                       ///< DirectFile sees to that
  no_follow = 1 << 6,  ///< fail if the last name is a symbolic link's
  nameless = 1 << 7,   ///< the path is a directory's, and a file without a name is made there
};
[[nodiscard]] constexpr OpenMode operator|(OpenMode a, OpenMode b) noexcept {
  return static_cast<OpenMode>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
[[nodiscard]] constexpr bool has(OpenMode set, OpenMode bit) noexcept {
  return (static_cast<std::uint32_t>(set) & static_cast<std::uint32_t>(bit)) != 0;
}
/// The set less one of its bits.
[[nodiscard]] constexpr OpenMode without(OpenMode set, OpenMode bit) noexcept {
  return static_cast<OpenMode>(static_cast<std::uint32_t>(set) & ~static_cast<std::uint32_t>(bit));
}

/// What a program means to do with a part of a file.
enum class Advice : std::uint8_t {
  normal,
  sequential,  ///< the kernel reads further ahead
  random,      ///< and not at all
  read_ahead,  ///< begins to read it into the page cache now
  once,        ///< what was read need not be kept
  forget,      ///< drops what is clean from the page cache
};

/// What `allocate` does with a part of a file.
enum class Allocation : std::uint8_t {
  extend,      ///< room for it, and the file is at least so long
  keep_size,   ///< room for it, and the file is as long as before
  punch_hole,  ///< reads as zeros and takes no room
  zero,        ///< reads as zeros and has room
};

/// Whom a lock keeps out: `shared` who wants it exclusively, `exclusive` everybody.
enum class LockKind : std::uint8_t { shared, exclusive };

/// The leaf of `File::open`.
class OpenLeaf {
 public:
  static constexpr CancelLoss loses = CancelLoss::nothing;

  OpenLeaf(PathStart start, std::string_view path, OpenMode mode,
           std::uint32_t permissions) noexcept;
  bool start(Runnable& self) noexcept;
  void refuse() noexcept { operation_.result = -ECANCELED; }
  Result<File> finish();

 private:
  PathText path_;
  Open operation_;
  CancelNode node_;
};

/// The leaf of `File::try_lock`.
class LockLeaf : public OperationLeaf<FileRange> {
 public:
  static constexpr CancelLoss loses = CancelLoss::nothing;

  using OperationLeaf::OperationLeaf;
  Result<bool> finish() const noexcept;
};

/// A regular file. Every call gives the offset: there is no position to share.
///
/// The order of operations in flight is the kernel's. A read that the page cache can serve
/// completes without a thread, and without suspending unless a ring can take it together with other
/// operations.
///
/// @threads any number of tasks of one worker at once
/// @loses nothing: bytes that moved are reported; `write_at` and `write_durably_at` lose the rest
/// of their bytes, and say through `written` how many went
/// @owns the fd is the File's; a path is copied, a buffer borrowed until the call ends
/// @errors what the system call says: `no_such_file_or_directory`, `permission_denied`,
/// `no_space_on_device`, `io_error`; `operation_not_supported` where the file system cannot
/// `allocate`; `invalid_argument`: a path with a zero byte, an offset beyond 2^63 - 1
class File {
 public:
  /// `permissions` are those of a file that is made. A path with a zero byte fails, since open(2)
  /// would cut it there.
  [[nodiscard]] static Await<OpenLeaf> open(std::string_view path, OpenMode mode,
                                            std::uint32_t permissions = 0644) {
    return Await<OpenLeaf>(std::in_place, PathStart{.at_current = true}, path, mode, permissions);
  }
  explicit File(DescriptorRef descriptor) noexcept : descriptor_(std::move(descriptor)) {}

  /// Fills `into`, or as much of it as there is before the end of the file.
  [[nodiscard]] Await<CountLeaf<Transfer>> read_at(
      std::uint64_t offset, std::span<std::byte> into,
      IoPriority priority = IoPriority::normal) noexcept;
  /// Every byte. On an error `written`, unless it is null, tells how many were.
  [[nodiscard]] Await<WholeWriteLeaf> write_at(std::uint64_t offset,
                                               std::span<const std::byte> from,
                                               std::size_t* written = nullptr,
                                               IoPriority priority = IoPriority::normal) noexcept;
  /// The same, and on success the bytes are on the device, with as much of the metadata as a later
  /// read needs: `write_at` and then `sync_data`, as one operation. What a log of a database does
  /// before it answers. On an error the bytes that `written` tells may be on the device or not: as
  /// after a failed fsync(2), nobody can know.
  [[nodiscard]] Await<WholeWriteLeaf> write_durably_at(
      std::uint64_t offset, std::span<const std::byte> from, std::size_t* written = nullptr,
      IoPriority priority = IoPriority::normal) noexcept;
  /// In one call of the kernel; may be short.
  [[nodiscard]] Await<CountLeaf<VectorTransfer>> read_vector_at(
      std::uint64_t offset, std::span<iovec> into,
      IoPriority priority = IoPriority::normal) noexcept;
  [[nodiscard]] Await<CountLeaf<VectorTransfer>> write_vector_at(
      std::uint64_t offset, std::span<iovec> from,
      IoPriority priority = IoPriority::normal) noexcept;
  /// Until data and metadata are on the device.
  [[nodiscard]] Await<StatusLeaf<Operation>> sync() noexcept;
  /// The same without metadata that a later read does not need.
  [[nodiscard]] Await<StatusLeaf<Operation>> sync_data() noexcept;
  [[nodiscard]] Await<StatusLeaf<Truncate>> truncate(std::uint64_t bytes) noexcept;
  [[nodiscard]] Await<StatLeaf> stat() noexcept;
  /// As fallocate(2).
  [[nodiscard]] Await<StatusLeaf<FileRange>> allocate(
      std::uint64_t offset, std::uint64_t bytes, Allocation rule = Allocation::extend) noexcept;
  /// Of 0 bytes: to the end. Read-ahead has only begun when the call ends.
  [[nodiscard]] Await<StatusLeaf<FileRange>> advise(Advice advice, std::uint64_t offset = 0,
                                                    std::uint64_t bytes = 0) noexcept;
  /// As chmod(2), chown(2) and utimensat(2).
  [[nodiscard]] Await<PathLeaf> change_mode(std::uint32_t mode) noexcept;
  [[nodiscard]] Await<PathLeaf> change_owner(std::uint32_t owner, std::uint32_t group) noexcept;
  [[nodiscard]] Await<TimesLeaf> change_times(TimeChange accessed, TimeChange modified) noexcept;

  // Locks are advisory and between open files (F_OFD_SETLK): two Files exclude each other, in one
  // process or in several, and two tasks with one File do not. A part of 0 bytes goes to whatever
  // end the file will have. The lock of another kind over the same part replaces what was there.
  // Closing lets go of all of them.

  /// False: another File has a lock there that does not go with it.
  ///
  /// @loses nothing: nothing is locked
  /// @owns a lock is the open file's: two Files exclude each other, two tasks with one do not;
  /// closing lets go
  /// @errors `bad_file_descriptor`: shared needs a file that is read, exclusive one that is
  /// written; none for a lock that is taken
  [[nodiscard]] Await<LockLeaf> try_lock(LockKind kind, std::uint64_t offset = 0,
                                         std::uint64_t bytes = 0) noexcept;
  /// Waits for it by asking again after pauses of 1 to 50 ms, as the kernel tells nobody when a
  /// lock is let go: no order among those who wait. The File outlives it.
  ///
  /// @as File::try_lock
  [[nodiscard]] Task<Result<void>> lock(LockKind kind, std::uint64_t offset = 0,
                                        std::uint64_t bytes = 0);
  /// Of both kinds.
  ///
  /// @as File::try_lock
  [[nodiscard]] Await<StatusLeaf<FileRange>> unlock(std::uint64_t offset = 0,
                                                    std::uint64_t bytes = 0) noexcept;
  [[nodiscard]] Await<CloseLeaf> close() noexcept;
  [[nodiscard]] int fd() const noexcept { return fd_of(descriptor_); }

 private:
  friend class Directory;
  friend class DirectFile;
  friend class FilePosition;

  DescriptorRef descriptor_;
};

}  // namespace rota::inline v0

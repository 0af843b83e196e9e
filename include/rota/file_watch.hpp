#pragma once

#include <rota/await.hpp>
#include <rota/core/cancel_loss.hpp>
#include <rota/core/descriptor_ref.hpp>
#include <rota/core/operation_leaf.hpp>
#include <rota/core/owned.hpp>
#include <rota/core/path_leaf.hpp>
#include <rota/result.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace rota::inline v0 {

class FileWatch;

/// What happens to a file, or to a name in a directory; a set, united by `|`. The numbers are those
/// of inotify(7).
enum class FileEvents : std::uint32_t {
  accessed = 0x1,
  modified = 0x2,
  status_changed = 0x4,  ///< permissions, times, owner, the number of names
  closed_written = 0x8,  ///< after it was open for writing
  closed_unwritten = 0x10,
  opened = 0x20,
  moved_from = 0x40,  ///< with the same cookie as the `moved_to` of its new name
  moved_to = 0x80,
  created = 0x100,
  removed = 0x200,
  self_removed = 0x400,  ///< of what is watched itself
  self_moved = 0x800,
  any = 0xfff,

  // Only in what is reported.
  unmounted = 0x2000,
  overflowed = 0x4000,  ///< events were lost: look at everything anew
  ended = 0x8000,       ///< the last one of this watch
  is_directory = 0x40000000,

  // Only in what is asked for.
  only_directory = 0x01000000,  ///< `not_a_directory` else
  no_follow = 0x02000000,       ///< a symbolic link itself
  only_named = 0x04000000,      ///< not of files that have lost their name here
  added = 0x20000000,           ///< to what is watched there already, which is replaced else
  once = 0x80000000,            ///< and ends with the first event
};
[[nodiscard]] constexpr FileEvents operator|(FileEvents a, FileEvents b) noexcept {
  return static_cast<FileEvents>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
[[nodiscard]] constexpr bool has(FileEvents set, FileEvents bit) noexcept {
  return (static_cast<std::uint32_t>(set) & static_cast<std::uint32_t>(bit)) != 0;
}

/// One thing that happened to what is watched.
struct FileEvent {
  int watch = -1;  ///< what `add` yielded; -1 of an overflow
  FileEvents what{};
  std::uint32_t cookie = 0;  ///< what the two halves of one rename have in common
  std::string name;          ///< in the directory that is watched; empty: that or the file itself
};

/// The leaf of `FileWatch::add`.
class AddWatchLeaf : public PathLeaf {
 public:
  using PathLeaf::PathLeaf;
  Result<int> finish() const noexcept {
    if (operation_.result < 0) return failure(-operation_.result);
    return operation_.result;
  }
};

/// The leaf of `FileWatch::next`.
class FileEventLeaf : public OperationLeaf<Transfer> {
 public:
  static constexpr CancelLoss loses = CancelLoss::nothing;

  explicit FileEventLeaf(FileWatch& watch) noexcept;
  bool start(Runnable& self) noexcept;
  Result<FileEvent> finish();

 private:
  FileWatch& watch_;
};

/// Tells what happens to files, as inotify(7) does: of what other processes and this one do through
/// this machine's kernel, not of what another machine does to a shared file system.
///
/// A directory is watched with its names, not with what is in directories below. What is watched is
/// a file and not a path: whatever has the path later is another one.
///
/// @threads one task for `next`; any of its worker for the rest
/// @loses nothing; a cancelled `add` watches nothing
/// @owns the fd is the FileWatch's; events that nobody took stay in the kernel
/// (fs.inotify.max_queued_events)
/// @errors what the path may fail with, such as `no_such_file_or_directory`; `no_space_on_device`
/// beyond fs.inotify.max_user_watches; `open`: `too_many_files_open` beyond
/// fs.inotify.max_user_instances; `remove`: `invalid_argument` where there is no such watch (any
/// more); none for events that were lost: one event says `overflowed`
class FileWatch {
 public:
  FileWatch(FileWatch&& other) noexcept
      : descriptor_(std::move(other.descriptor_)),
        batch_(std::move(other.batch_)),
        begin_(std::exchange(other.begin_, 0)),
        end_(std::exchange(other.end_, 0)) {}
  FileWatch& operator=(FileWatch&& other) noexcept {
    descriptor_ = std::move(other.descriptor_);
    batch_ = std::move(other.batch_);
    begin_ = std::exchange(other.begin_, 0);
    end_ = std::exchange(other.end_, 0);
    return *this;
  }
  ~FileWatch() = default;

  /// Only in a task; throws std::bad_alloc.
  [[nodiscard]] static Result<FileWatch> open();

  /// Yields the number of the watch, the same one for the same file.
  [[nodiscard]] Await<AddWatchLeaf> add(std::string_view path, FileEvents events) noexcept {
    return Await<AddWatchLeaf>(std::in_place, PathStart{descriptor_.get()}, PathAction::watch, path,
                               static_cast<std::uint64_t>(events));
  }
  /// An `ended` is its last event.
  [[nodiscard]] Result<void> remove(int watch) noexcept;
  [[nodiscard]] Await<FileEventLeaf> next() noexcept {
    return Await<FileEventLeaf>(std::in_place, *this);
  }
  [[nodiscard]] Await<CloseLeaf> close() noexcept {
    return Await<CloseLeaf>(std::in_place, std::move(descriptor_));
  }

 private:
  friend class FileEventLeaf;

  static constexpr std::size_t kBatchBytes = 4096;

  explicit FileWatch(DescriptorRef descriptor)
      : descriptor_(std::move(descriptor)), batch_(kBatchBytes) {}

  DescriptorRef descriptor_;
  OwnedArray<std::byte> batch_;  ///< events that were read and nobody has taken
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace rota::inline v0

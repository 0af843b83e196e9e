#pragma once

#include <rota/await.hpp>
#include <rota/core/cancel_loss.hpp>
#include <rota/core/descriptor_ref.hpp>
#include <rota/core/operation_leaf.hpp>
#include <rota/core/owned.hpp>
#include <rota/core/path_leaf.hpp>
#include <rota/core/path_text.hpp>
#include <rota/file.hpp>
#include <rota/file_status.hpp>
#include <rota/load_file.hpp>
#include <rota/result.hpp>
#include <rota/task.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rota::inline v0 {

class Directory;

/// How far the paths given to a Directory may lead.
enum class Confinement : std::uint8_t {
  none,     ///< anywhere, as open(2) follows them
  beneath,  ///< not out of it: an absolute path, and a `..` or a link that leaves, are refused with
            ///< `cross_device_link`
  in_root,  ///< as if it were the root: an absolute path or link starts at it, `..` stays in it
};

/// What happens to a file that has the new name already.
enum class RenameRule : std::uint8_t {
  replace,
  keep,      ///< the rename fails with `file_exists`
  exchange,  ///< each gets the other's name; both must be there
};

/// A name in a directory.
struct DirectoryEntry {
  std::string name;
  FileType type = FileType::unknown;
  std::uint64_t inode = 0;
};

/// The leaf of `Directory::open`.
class OpenDirectoryLeaf {
 public:
  static constexpr CancelLoss loses = CancelLoss::nothing;

  OpenDirectoryLeaf(PathStart start, std::string_view path, Links links,
                    Confinement confinement) noexcept;
  bool start(Runnable& self) noexcept;
  void refuse() noexcept { operation_.result = -ECANCELED; }
  Result<Directory> finish();

 private:
  PathText path_;
  Confinement confinement_;
  Open operation_;
  CancelNode node_;
};

/// The leaf of `Directory::read_link`.
class ReadLinkLeaf : public PathLeaf {
 public:
  ReadLinkLeaf(PathStart start, std::string_view path) noexcept;
  bool start(Runnable& self) noexcept;
  Result<std::string> finish();

 private:
  std::string text_;
};

/// The names in a directory, as a stream. `.` and `..` are left out. What is made or removed
/// meanwhile may be among them or not, as readdir(3) has it.
///
/// A batch of 32 KiB is asked for at a time.
///
/// @threads one task
/// @loses nothing
/// @owns an fd of its own; it outlives its calls
/// @errors what getdents64(2) says: `no_such_file_or_directory` once the directory was removed
class DirectoryEntries {
 public:
  /// Of a directory that is read through this alone. Throws std::bad_alloc.
  explicit DirectoryEntries(DescriptorRef directory)
      : directory_(std::move(directory)), batch_(kBatchBytes) {}
  DirectoryEntries(DirectoryEntries&& other) noexcept
      : directory_(std::move(other.directory_)),
        batch_(std::move(other.batch_)),
        begin_(std::exchange(other.begin_, 0)),
        end_(std::exchange(other.end_, 0)) {}
  DirectoryEntries& operator=(DirectoryEntries&& other) noexcept {
    directory_ = std::move(other.directory_);
    batch_ = std::move(other.batch_);
    begin_ = std::exchange(other.begin_, 0);
    end_ = std::exchange(other.end_, 0);
    return *this;
  }
  ~DirectoryEntries() = default;

  /// The next name; empty at the end. The DirectoryEntries outlives the call.
  [[nodiscard]] Task<Result<std::optional<DirectoryEntry>>> next();
  [[nodiscard]] Await<CloseLeaf> close() noexcept {
    return Await<CloseLeaf>(std::in_place, std::move(directory_));
  }

 private:
  static constexpr std::size_t kBatchBytes = 32 * 1024;

  [[nodiscard]] std::optional<DirectoryEntry> take();

  DescriptorRef directory_;
  OwnedArray<std::byte> batch_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

/// A directory that is open: paths start at it, whatever its own name becomes meanwhile.
///
/// Confined, no path that is given to it leads out of it: neither by `..`, nor by an absolute path,
/// nor by a symbolic link, whoever makes or moves one meanwhile (openat2(2); each call is made from
/// a folder that was reached so). What is opened from it is confined to itself in the same way.
/// Symbolic links that are made in it may say anything. Without /proc `change_mode` fails; nothing
/// is ever done unconfined.
///
/// @threads any number of tasks of one worker at once
/// @loses nothing: a call was made, and says how it went, or was not made: `operation_canceled`
/// @owns the fd is the Directory's; paths are copied; a second Directory of a call, or a File,
/// stays open until the call ends
/// @errors what the system call says: `no_such_file_or_directory`, `file_exists`,
/// `permission_denied`, `directory_not_empty`; `invalid_argument`: a path with a zero byte;
/// confined: `cross_device_link` for a path that leads out, `function_not_supported` before Linux
/// 5.6, `resource_unavailable_try_again` for a path with `..` where something on the system was
/// renamed at each of several attempts
class Directory {
 public:
  /// That of the process: as open(2) and rename(2) themselves take paths. It has no fd, so that
  /// `sync` and `close` are `bad_file_descriptor`.
  ///
  ///     Result<void> moved = co_await Directory::current().rename("a.new", "a");
  [[nodiscard]] static Directory current() noexcept { return Directory(); }
  /// The path is followed as open(2) does; the confinement is for those given to the Directory.
  [[nodiscard]] static Await<OpenDirectoryLeaf> open(
      std::string_view path, Confinement confinement = Confinement::none) noexcept {
    return Await<OpenDirectoryLeaf>(std::in_place, PathStart{.at_current = true}, path,
                                    Links::follow, confinement);
  }
  explicit Directory(DescriptorRef descriptor, Confinement confinement = Confinement::none) noexcept
      : descriptor_(std::move(descriptor)), confinement_(confinement), is_current_(false) {}
  Directory(Directory&& other) noexcept
      : descriptor_(std::move(other.descriptor_)),
        confinement_(other.confinement_),
        is_current_(std::exchange(other.is_current_, false)) {}
  Directory& operator=(Directory&& other) noexcept {
    descriptor_ = std::move(other.descriptor_);
    confinement_ = other.confinement_;
    is_current_ = std::exchange(other.is_current_, false);
    return *this;
  }
  ~Directory() = default;

  [[nodiscard]] Confinement confinement() const noexcept { return confinement_; }

  /// `permissions`, here and below: as the process's mask leaves them.
  [[nodiscard]] Await<OpenLeaf> open_file(std::string_view path, OpenMode mode,
                                          std::uint32_t permissions = 0644) noexcept {
    return Await<OpenLeaf>(std::in_place, start(), path, mode, permissions);
  }
  /// As the free `load_file`, of a file from here on.
  [[nodiscard]] Await<LoadLeaf> load_file(std::string_view path, std::span<std::byte> into,
                                          IoPriority priority = IoPriority::normal) noexcept {
    return Await<LoadLeaf>(std::in_place, start(), path, into, priority);
  }
  [[nodiscard]] Await<OpenDirectoryLeaf> open_directory(std::string_view path,
                                                        Links links = Links::follow) noexcept {
    return Await<OpenDirectoryLeaf>(std::in_place, start(), path, links, confinement_);
  }
  [[nodiscard]] Await<PathLeaf> make_directory(std::string_view path,
                                               std::uint32_t permissions = 0755) noexcept;
  [[nodiscard]] Await<PathLeaf> rename(std::string_view from, std::string_view to,
                                       RenameRule rule = RenameRule::replace) noexcept {
    return rename(from, *this, to, rule);
  }
  [[nodiscard]] Await<PathLeaf> rename(std::string_view from, const Directory& there,
                                       std::string_view to,
                                       RenameRule rule = RenameRule::replace) noexcept;
  /// A second name of a file.
  [[nodiscard]] Await<PathLeaf> link(std::string_view path, std::string_view name) noexcept {
    return link(path, *this, name);
  }
  [[nodiscard]] Await<PathLeaf> link(std::string_view path, const Directory& there,
                                     std::string_view name) noexcept;
  /// The name of a file that was made without one (`OpenMode::nameless`). This too stays open until
  /// the call ends.
  [[nodiscard]] Await<PathLeaf> link(File& file, std::string_view name) noexcept;
  /// A symbolic link that says `target`.
  [[nodiscard]] Await<PathLeaf> symlink(std::string_view path, std::string_view target) noexcept;
  [[nodiscard]] Await<ReadLinkLeaf> read_link(std::string_view path) noexcept {
    return Await<ReadLinkLeaf>(std::in_place, start(), path);
  }
  /// The name; the file goes with its last name, once nobody has it open.
  [[nodiscard]] Await<PathLeaf> remove_file(std::string_view path) noexcept;
  /// An empty one.
  [[nodiscard]] Await<PathLeaf> remove_directory(std::string_view path) noexcept;
  /// A directory with all that is in it, following no link; success where it is not there. Each
  /// level of the tree takes an fd meanwhile.
  ///
  /// @threads one task
  /// @loses the rest of the tree, which stays, as it does after an error
  /// @owns the Directory outlives the call
  /// @errors as Directory, the first one; none where nothing is there; std::bad_alloc
  [[nodiscard]] Task<Result<void>> remove_tree(std::string path);

  // An empty path is the directory itself here.
  [[nodiscard]] Await<StatLeaf> stat(std::string_view path, Links links = Links::follow) noexcept {
    return Await<StatLeaf>(std::in_place, start(), path, links);
  }
  [[nodiscard]] Await<PathLeaf> change_mode(std::string_view path, std::uint32_t mode) noexcept;
  [[nodiscard]] Await<PathLeaf> change_owner(std::string_view path, std::uint32_t owner,
                                             std::uint32_t group,
                                             Links links = Links::follow) noexcept;
  [[nodiscard]] Await<TimesLeaf> change_times(std::string_view path, TimeChange accessed,
                                              TimeChange modified,
                                              Links links = Links::follow) noexcept {
    return Await<TimesLeaf>(std::in_place, start(), path, accessed, modified, links);
  }

  /// Its names, through an open file of their own. This outlives the call.
  [[nodiscard]] Task<Result<DirectoryEntries>> entries();
  /// Until what was made, renamed or removed in it is on the device.
  [[nodiscard]] Await<StatusLeaf<Operation>> sync() noexcept;
  [[nodiscard]] Await<CloseLeaf> close() noexcept;
  [[nodiscard]] int fd() const noexcept { return fd_of(descriptor_); }

 private:
  Directory() noexcept = default;
  [[nodiscard]] PathStart start() const noexcept;
  [[nodiscard]] Task<Result<std::vector<std::string>>> some_names();
  [[nodiscard]] Task<Result<bool>> remove_some();

  DescriptorRef descriptor_;
  Confinement confinement_ = Confinement::none;
  bool is_current_ = true;
};

}  // namespace rota::inline v0

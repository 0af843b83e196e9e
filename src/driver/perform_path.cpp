#include "driver/perform_path.hpp"

#include "base/unique_fd.hpp"
#include "core/descriptor.hpp"
#include "driver/perform.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <limits>
#include <string_view>

namespace rota::inline v0 {
namespace {

std::int32_t file_answer(ssize_t returned) noexcept {
  return returned < 0 ? -errno : static_cast<std::int32_t>(returned);
}

int start_of(const Operation& operation) noexcept {
  return operation.descriptor != nullptr ? operation.descriptor->fd : AT_FDCWD;
}

/// The kernel says EAGAIN when it cannot be sure of a `..` because of a rename meanwhile, anywhere.
std::int32_t open_within(int folder, const char* path, OpenHow how) noexcept {
  constexpr int kAttempts = 32;
  how.flags |= O_CLOEXEC;
  std::int32_t result = -EAGAIN;
  for (int i = 0; i < kAttempts && result == -EAGAIN; ++i) {
    result = file_answer(::syscall(SYS_openat2, folder, path, &how, sizeof how));
  }
  return result;
}

std::int32_t open_from(int folder, const char* path, const OpenHow& how) noexcept {
  if (how.resolve != 0) return open_within(folder, path, how);
  const int flags = static_cast<int>(how.flags) | O_CLOEXEC;
  return file_answer(::openat(folder, path, flags, static_cast<mode_t>(how.mode)));
}

/// The name by which the kernel reaches an open file again.
class FdPath {
 public:
  explicit FdPath(int fd) noexcept {
    std::snprintf(text_.data(), text_.size(), "/proc/self/fd/%d", fd);
  }
  [[nodiscard]] const char* text() const noexcept { return text_.data(); }

 private:
  std::array<char, 32> text_;
};

/// A name in the folder that has it: where a call that makes, moves or removes a name begins.
class Place {
 public:
  Place(int folder, const char* path, std::uint64_t resolve) noexcept
      : folder_(folder), name_(path) {
    if (resolve != 0) reach(path, resolve);
  }

  [[nodiscard]] std::int32_t error() const noexcept { return error_; }
  [[nodiscard]] int folder() const noexcept { return folder_; }
  [[nodiscard]] const char* name() const noexcept { return name_; }
  /// Such a name is followed if it is a link's, and is a directory's else.
  [[nodiscard]] bool ends_with_slash() const noexcept {
    return std::string_view(name_).ends_with('/');
  }

 private:
  void reach(const std::string_view path, std::uint64_t resolve) noexcept {
    std::array<char, PATH_MAX> parent;
    if (path.empty()) {
      error_ = -ENOENT;
      return;
    }
    if (path.size() >= parent.size()) {
      error_ = -ENAMETOOLONG;
      return;
    }
    const std::size_t end = path.find_last_not_of('/');
    const std::size_t slash = end == path.npos ? path.npos : path.find_last_of('/', end);
    std::string_view before = ".";
    if (end == path.npos) {
      before = "/";
      name_ = ".";
    } else if (slash != path.npos) {
      before = path.substr(0, slash + 1);
      name_ = path.data() + slash + 1;
    }
    parent[before.copy(parent.data(), before.size())] = '\0';
    const std::int32_t reached =
        open_within(folder_, parent.data(), {O_PATH | O_DIRECTORY, 0, resolve});
    reached_ = UniqueFd(reached < 0 ? -1 : reached);
    folder_ = reached;
    error_ = reached < 0 ? reached : 0;
  }

  UniqueFd reached_;
  int folder_;
  const char* name_;
  std::int32_t error_ = 0;
};

/// A file that a path names, or that is open: where a call on the file itself begins.
class Reached {
 public:
  Reached(int folder, const char* path, std::uint64_t resolve, bool follows) noexcept
      : folder_(folder),
        path_(*path == '\0' && folder == AT_FDCWD ? "." : path),
        is_open_(*path_ == '\0') {
    if (resolve == 0 || is_open_) return;
    const std::uint64_t flags = O_PATH | (follows ? 0u : unsigned{O_NOFOLLOW});
    const std::int32_t reached = open_within(folder, path_, {flags, 0, resolve});
    reached_ = UniqueFd(reached < 0 ? -1 : reached);
    folder_ = reached;
    path_ = "";
    error_ = reached < 0 ? reached : 0;
  }

  [[nodiscard]] std::int32_t error() const noexcept { return error_; }
  [[nodiscard]] int folder() const noexcept { return folder_; }
  [[nodiscard]] const char* path() const noexcept { return path_; }
  /// The folder is the caller's open file.
  [[nodiscard]] bool is_open() const noexcept { return is_open_; }
  /// The folder is a handle of the file, by which it is named and not used (O_PATH).
  [[nodiscard]] bool is_handle() const noexcept { return reached_.valid(); }

 private:
  UniqueFd reached_;
  int folder_;
  const char* path_;
  bool is_open_;
  std::int32_t error_ = 0;
};

statx_timestamp timestamp_of(const timespec& time) noexcept {
  statx_timestamp same{};
  same.tv_sec = time.tv_sec;
  same.tv_nsec = static_cast<std::uint32_t>(time.tv_nsec);
  return same;
}

/// As the C library does where statx answers ENOSYS. Filters that are older than the call deny it
/// with EPERM, which no file answers to it. It knows neither of births nor of direct I/O.
std::int32_t stat_by_older_call(const Reached& file, int flags, struct statx& into) noexcept {
  struct stat seen{};
  if (::fstatat(file.folder(), file.path(), &seen, flags) < 0) return -errno;
  into = {};
  into.stx_mask = STATX_BASIC_STATS;
  into.stx_blksize = static_cast<std::uint32_t>(seen.st_blksize);
  into.stx_nlink = static_cast<std::uint32_t>(seen.st_nlink);
  into.stx_uid = seen.st_uid;
  into.stx_gid = seen.st_gid;
  into.stx_mode = static_cast<std::uint16_t>(seen.st_mode);
  into.stx_ino = seen.st_ino;
  into.stx_size = static_cast<std::uint64_t>(seen.st_size);
  into.stx_blocks = static_cast<std::uint64_t>(seen.st_blocks);
  into.stx_atime = timestamp_of(seen.st_atim);
  into.stx_mtime = timestamp_of(seen.st_mtim);
  into.stx_ctime = timestamp_of(seen.st_ctim);
  into.stx_rdev_major = major(seen.st_rdev);
  into.stx_rdev_minor = minor(seen.st_rdev);
  into.stx_dev_major = major(seen.st_dev);
  into.stx_dev_minor = minor(seen.st_dev);
  return 0;
}

std::int32_t rename_path(const PathChange& change, const Place& from, const Place& to) noexcept {
  const auto flags = static_cast<unsigned>(change.number);
  return file_answer(::renameat2(from.folder(), from.name(), to.folder(), to.name(), flags));
}

/// What is open has no name that linkat(2) takes without a privilege, but for the one in /proc.
std::int32_t link_path(const PathChange& change, const Place& from, const Place& to) noexcept {
  if (*change.path == '\0') {
    const FdPath open(from.folder());
    return file_answer(::linkat(AT_FDCWD, open.text(), to.folder(), to.name(), AT_SYMLINK_FOLLOW));
  }
  if (change.resolve != 0 && from.ends_with_slash()) return -ENOTDIR;
  return file_answer(::linkat(from.folder(), from.name(), to.folder(), to.name(), 0));
}

/// rename and link.
std::int32_t change_two(const PathChange& change) noexcept {
  const bool is_open = *change.path == '\0' && change.action == PathAction::link;
  const Place from(start_of(change), change.path, is_open ? 0 : change.resolve);
  if (from.error() != 0) return from.error();
  const Place to(change.other_folder, change.other, change.other_resolve);
  if (to.error() != 0) return to.error();
  return change.action == PathAction::rename ? rename_path(change, from, to)
                                             : link_path(change, from, to);
}

std::int32_t change_name(const PathChange& change) noexcept {
  const Place at(start_of(change), change.path, change.resolve);
  if (at.error() != 0) return at.error();
  switch (change.action) {
    case PathAction::make_directory:
      return file_answer(::mkdirat(at.folder(), at.name(), static_cast<mode_t>(change.number)));
    case PathAction::remove: return file_answer(::unlinkat(at.folder(), at.name(), 0));
    case PathAction::remove_directory:
      return file_answer(::unlinkat(at.folder(), at.name(), AT_REMOVEDIR));
    default: return file_answer(::symlinkat(change.other, at.folder(), at.name()));
  }
}

std::int32_t change_mode(const Reached& file, const PathChange& change) noexcept {
  const auto mode = static_cast<mode_t>(change.number);
  if (file.is_open()) return file_answer(::fchmod(file.folder(), mode));
  if (file.is_handle()) return file_answer(::chmod(FdPath(file.folder()).text(), mode));
  const int flags = change.follows ? 0 : AT_SYMLINK_NOFOLLOW;
  return file_answer(::fchmodat(file.folder(), file.path(), mode, flags));
}

std::int32_t change_owner(const Reached& file, const PathChange& change) noexcept {
  const auto owner = static_cast<uid_t>(change.number);
  const auto group = static_cast<gid_t>(change.number >> 32);
  const int flags = AT_EMPTY_PATH | (change.follows ? 0 : AT_SYMLINK_NOFOLLOW);
  return file_answer(::fchownat(file.folder(), file.path(), owner, group, flags));
}

std::int32_t change_times(const Reached& file, const PathChange& change) noexcept {
  const auto* times = static_cast<const timespec*>(change.memory);
  if (file.is_open()) return file_answer(::futimens(file.folder(), times));
  if (file.is_handle()) {
    return file_answer(::utimensat(file.folder(), "", times, AT_EMPTY_PATH));
  }
  const int flags = change.follows ? 0 : AT_SYMLINK_NOFOLLOW;
  return file_answer(::utimensat(file.folder(), file.path(), times, flags));
}

/// Of a handle that is no link's the kernel says ENOENT, of a path EINVAL.
std::int32_t read_link(const Reached& file, const PathChange& change) noexcept {
  const std::int32_t result =
      file_answer(::readlinkat(file.folder(), file.path(), static_cast<char*>(change.memory),
                               static_cast<std::size_t>(change.number)));
  return file.is_handle() && result == -ENOENT ? -EINVAL : result;
}

std::int32_t change_file(const PathChange& change) noexcept {
  const bool follows = change.follows && change.action != PathAction::read_link;
  const Reached file(start_of(change), change.path, change.resolve, follows);
  if (file.error() != 0) return file.error();
  switch (change.action) {
    case PathAction::change_mode: return change_mode(file, change);
    case PathAction::change_owner: return change_owner(file, change);
    case PathAction::change_times: return change_times(file, change);
    default: return read_link(file, change);
  }
}

std::int32_t lock_range(const FileRange& range) noexcept {
  // fcntl(2) would take it for a part before the offset.
  if (range.bytes > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max())) return -EINVAL;
  struct flock wanted{};
  wanted.l_type = static_cast<short>(range.how);
  wanted.l_whence = SEEK_SET;
  wanted.l_start = static_cast<off_t>(range.offset);
  wanted.l_len = static_cast<off_t>(range.bytes);
  const std::int32_t result = file_answer(::fcntl(range.descriptor->fd, F_OFD_SETLK, &wanted));
  return result == -EACCES || result == -EAGAIN ? kLockTaken : result;
}

}  // namespace

std::int32_t open_path(const Open& open) noexcept {
  return open_from(start_of(open), open.path, open.how);
}

std::int32_t load_path(const Load& load) noexcept {
  const std::int32_t opened = open_from(start_of(load), load.path, load.how);
  if (opened < 0) return opened;
  const UniqueFd file(opened);
  return file_answer(::read(file.number(), load.data, bytes_of_call(load.bytes)));
}

std::int32_t stat_path(const Stat& stat) noexcept {
  const unsigned mask = STATX_BASIC_STATS | STATX_BTIME | stat.mask;
  const Reached file(start_of(stat), stat.path, stat.resolve, stat.follows);
  if (file.error() != 0) return file.error();
  const int flags = AT_EMPTY_PATH | (stat.follows ? 0 : AT_SYMLINK_NOFOLLOW);
  const std::int32_t answer =
      file_answer(::statx(file.folder(), file.path(), flags, mask, stat.into));
  return answer == -EPERM ? stat_by_older_call(file, flags, *stat.into) : answer;
}

std::int32_t change_path(const PathChange& change) noexcept {
  switch (change.action) {
    case PathAction::make_directory:
    case PathAction::remove:
    case PathAction::remove_directory:
    case PathAction::symlink: return change_name(change);
    case PathAction::rename:
    case PathAction::link: return change_two(change);
    case PathAction::read_link:
    case PathAction::change_mode:
    case PathAction::change_owner:
    case PathAction::change_times: return change_file(change);
    case PathAction::watch:
      return file_answer(::inotify_add_watch(start_of(change), change.path,
                                             static_cast<std::uint32_t>(change.number)));
  }
  return -EINVAL;
}

std::int32_t read_directory(const Transfer& transfer) noexcept {
  const Remainder rest = remainder(transfer);
  return file_answer(::getdents64(transfer.descriptor->fd, rest.data, rest.bytes));
}

std::int32_t call_on_range(const FileRange& range) noexcept {
  const int fd = range.descriptor->fd;
  const auto offset = static_cast<off_t>(range.offset);
  const auto bytes = static_cast<off_t>(range.bytes);
  if (range.code == OpCode::lock) return lock_range(range);
  if (range.code == OpCode::advise) return -::posix_fadvise(fd, offset, bytes, range.how);
  return file_answer(::fallocate(fd, range.how, offset, bytes));
}

}  // namespace rota::inline v0

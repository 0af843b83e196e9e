#include <rota/file_status.hpp>

#include "base/time_units.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include <cerrno>
#include <cstring>

namespace rota::inline v0 {

namespace {

static_assert(sizeof(struct statx) <= sizeof(StatBuffer));

std::int64_t ns_of(const statx_timestamp& time) noexcept {
  return time.tv_sec * kNsPerS + time.tv_nsec;
}

}  // namespace

FileType FileStatus::type() const noexcept {
  switch (mode & S_IFMT) {
    case S_IFREG: return FileType::regular;
    case S_IFDIR: return FileType::directory;
    case S_IFLNK: return FileType::symlink;
    case S_IFIFO: return FileType::pipe;
    case S_IFSOCK: return FileType::socket;
    case S_IFBLK: return FileType::block_device;
    case S_IFCHR: return FileType::character_device;
    default: return FileType::unknown;
  }
}

StatLeaf::StatLeaf(PathStart start, std::string_view path, Links links) noexcept
    : OperationLeaf(nullptr, reinterpret_cast<struct statx*>(&buffer_)), path_(path) {
  start.put(operation_);
  operation_.path = path_.c_str();
  operation_.resolve = start.resolve;
  operation_.follows = links == Links::follow;
}

bool StatLeaf::start(Runnable& self) noexcept {
  if (path_.error() == 0) return OperationLeaf::start(self);
  operation_.result = -path_.error();
  return false;
}

Result<FileStatus> StatLeaf::finish() const noexcept {
  if (operation_.result < 0) return failure(-operation_.result);
  const auto& native = *operation_.into;
  return FileStatus{
      .bytes = native.stx_size,
      .blocks_of_512 = native.stx_blocks,
      .mode = native.stx_mode,
      .links = native.stx_nlink,
      .modified_ns = ns_of(native.stx_mtime),
      .accessed_ns = ns_of(native.stx_atime),
      .changed_ns = ns_of(native.stx_ctime),
      .born_ns = ns_of(native.stx_btime),
      .device = makedev(native.stx_dev_major, native.stx_dev_minor),
      .inode = native.stx_ino,
      .owner = native.stx_uid,
      .group = native.stx_gid,
  };
}

TimesLeaf::TimesLeaf(PathStart start, std::string_view path, TimeChange accessed,
                     TimeChange modified, Links links) noexcept
    : PathLeaf(start, PathAction::change_times, path, 0, links) {
  static_assert(sizeof(timespec[2]) == sizeof native_);
  const auto native = [](TimeChange change) noexcept {
    if (change.kind_ == TimeChange::Kind::keep) return timespec{0, UTIME_OMIT};
    if (change.kind_ == TimeChange::Kind::now) return timespec{0, UTIME_NOW};
    std::int64_t seconds = change.ns_ / kNsPerS;
    if (seconds * kNsPerS > change.ns_) seconds -= 1;  // Before 1970.
    return timespec{seconds, change.ns_ - seconds * kNsPerS};
  };
  const timespec times[2]{native(accessed), native(modified)};
  std::memcpy(native_, times, sizeof native_);
  operation_.memory = native_;
}

}  // namespace rota::inline v0

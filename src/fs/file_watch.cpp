#include <rota/file_watch.hpp>

#include "base/unique_fd.hpp"

#include <limits.h>
#include <sys/inotify.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace rota::inline v0 {

namespace {

constexpr bool is(FileEvents event, std::uint32_t native) noexcept {
  return static_cast<std::uint32_t>(event) == native;
}
static_assert(is(FileEvents::any, IN_ALL_EVENTS) && is(FileEvents::created, IN_CREATE) &&
              is(FileEvents::removed, IN_DELETE) && is(FileEvents::moved_from, IN_MOVED_FROM) &&
              is(FileEvents::self_moved, IN_MOVE_SELF) &&
              is(FileEvents::overflowed, IN_Q_OVERFLOW) && is(FileEvents::ended, IN_IGNORED) &&
              is(FileEvents::is_directory, IN_ISDIR) &&
              is(FileEvents::only_directory, IN_ONLYDIR) && is(FileEvents::added, IN_MASK_ADD) &&
              is(FileEvents::no_follow, IN_DONT_FOLLOW) &&
              is(FileEvents::only_named, IN_EXCL_UNLINK));

}  // namespace

FileEventLeaf::FileEventLeaf(FileWatch& watch) noexcept
    : OperationLeaf(watch.descriptor_.get(), OpCode::read, watch.batch_.begin(),
                    watch.batch_.size()),
      watch_(watch) {}

bool FileEventLeaf::start(Runnable& self) noexcept {
  return watch_.begin_ == watch_.end_ && OperationLeaf::start(self);
}

/// A read yields whole events, and as many as fit.
Result<FileEvent> FileEventLeaf::finish() {
  static_assert(FileWatch::kBatchBytes >= sizeof(inotify_event) + NAME_MAX + 1);
  if (operation_.result < 0) return failure(-operation_.result);
  if (operation_.moved > 0) {
    watch_.begin_ = 0;
    watch_.end_ = operation_.moved;
  }
  const std::byte* at = watch_.batch_.begin() + watch_.begin_;
  inotify_event native{};
  std::memcpy(&native, at, sizeof native);
  const auto* name = reinterpret_cast<const char*>(at) + sizeof native;
  FileEvent event{.watch = native.wd,
                  .what = static_cast<FileEvents>(native.mask),
                  .cookie = native.cookie,
                  .name = native.len == 0 ? std::string() : std::string(name)};
  watch_.begin_ += sizeof native + native.len;
  return event;
}

Result<FileWatch> FileWatch::open() {
  const int nonblocking = (socket_flags() & SOCK_NONBLOCK) != 0 ? IN_NONBLOCK : 0;
  UniqueFd fd(::inotify_init1(IN_CLOEXEC | nonblocking));
  if (!fd.valid()) return failure(errno);
  DescriptorRef adopted(adopt_fd(fd.number(), FdKind::stream));
  static_cast<void>(fd.release());
  return FileWatch(std::move(adopted));
}

Result<void> FileWatch::remove(int watch) noexcept {
  if (::inotify_rm_watch(fd_of(descriptor_), watch) < 0) return failure(errno);
  return {};
}

}  // namespace rota::inline v0

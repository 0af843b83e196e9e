#include <rota/file.hpp>

#include <rota/time.hpp>

#include "time/retry_pause.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <new>

namespace rota::inline v0 {

namespace {

std::uint64_t native_flags(OpenMode mode) noexcept {
  unsigned flags = O_CLOEXEC;
  if (has(mode, OpenMode::write)) {
    flags |= has(mode, OpenMode::read) ? O_RDWR : O_WRONLY;
  } else {
    flags |= O_RDONLY;
  }
  if (has(mode, OpenMode::create)) flags |= O_CREAT;
  if (has(mode, OpenMode::exclusive)) flags |= O_EXCL;
  if (has(mode, OpenMode::truncate)) flags |= O_TRUNC;
  if (has(mode, OpenMode::direct)) flags |= O_DIRECT;
  if (has(mode, OpenMode::no_follow)) flags |= O_NOFOLLOW;
  if (has(mode, OpenMode::nameless)) flags |= O_TMPFILE;
  return flags;
}

/// openat2(2) takes permissions only where a file may be made.
std::uint32_t native_permissions(OpenMode mode, std::uint32_t permissions) noexcept {
  return has(mode, OpenMode::create) || has(mode, OpenMode::nameless) ? permissions : 0;
}

int native_advice(Advice advice) noexcept {
  switch (advice) {
    case Advice::normal: return POSIX_FADV_NORMAL;
    case Advice::sequential: return POSIX_FADV_SEQUENTIAL;
    case Advice::random: return POSIX_FADV_RANDOM;
    case Advice::read_ahead: return POSIX_FADV_WILLNEED;
    case Advice::once: return POSIX_FADV_NOREUSE;
    case Advice::forget: return POSIX_FADV_DONTNEED;
  }
  return POSIX_FADV_NORMAL;
}

int native_mode(Allocation rule) noexcept {
  switch (rule) {
    case Allocation::extend: return 0;
    case Allocation::keep_size: return FALLOC_FL_KEEP_SIZE;
    case Allocation::punch_hole: return FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    case Allocation::zero: return FALLOC_FL_ZERO_RANGE;
  }
  return 0;
}

int native_lock(LockKind kind) noexcept { return kind == LockKind::shared ? F_RDLCK : F_WRLCK; }

}  // namespace

OpenLeaf::OpenLeaf(PathStart start, std::string_view path, OpenMode mode,
                   std::uint32_t permissions) noexcept
    : path_(path),
      operation_(path_.c_str(), native_flags(mode), native_permissions(mode, permissions),
                 start.resolve) {
  start.put(operation_);
  operation_.result = -path_.error();
}

bool OpenLeaf::start(Runnable& self) noexcept {
  if (operation_.result < 0) return false;
  operation_.waiter = &self;
  operation_.cancel = cancel_operation;
  return submit(operation_, node_);
}

Result<File> OpenLeaf::finish() {
  if (operation_.result < 0) return failure(-operation_.result);
  try {
    return File(DescriptorRef(adopt_fd(operation_.result, FdKind::file)));
  } catch (const std::bad_alloc&) {
    ::close(operation_.result);
    return failure(ENOMEM);
  }
}

Result<bool> LockLeaf::finish() const noexcept {
  if (operation_.result < 0) return failure(-operation_.result);
  return operation_.result != kLockTaken;
}

Await<CountLeaf<Transfer>> File::read_at(std::uint64_t offset, std::span<std::byte> into,
                                         IoPriority priority) noexcept {
  return Await<CountLeaf<Transfer>>(std::in_place, descriptor_.get(), OpCode::read_at, into.data(),
                                    into.size(), offset, priority);
}

Await<WholeWriteLeaf> File::write_at(std::uint64_t offset, std::span<const std::byte> from,
                                     std::size_t* written, IoPriority priority) noexcept {
  return Await<WholeWriteLeaf>(std::in_place, descriptor_.get(), OpCode::write_at, from, offset,
                               written, priority);
}

Await<WholeWriteLeaf> File::write_durably_at(std::uint64_t offset,
                                             std::span<const std::byte> from, std::size_t* written,
                                             IoPriority priority) noexcept {
  return Await<WholeWriteLeaf>(std::in_place, descriptor_.get(), OpCode::write_durably_at, from,
                               offset, written, priority);
}

Await<CountLeaf<VectorTransfer>> File::read_vector_at(std::uint64_t offset,
                                                      std::span<iovec> into,
                                                      IoPriority priority) noexcept {
  return Await<CountLeaf<VectorTransfer>>(std::in_place, descriptor_.get(), OpCode::read_vector_at,
                                          into.data(), static_cast<std::uint32_t>(into.size()),
                                          offset, priority);
}

Await<CountLeaf<VectorTransfer>> File::write_vector_at(std::uint64_t offset,
                                                       std::span<iovec> from,
                                                       IoPriority priority) noexcept {
  return Await<CountLeaf<VectorTransfer>>(std::in_place, descriptor_.get(), OpCode::write_vector_at,
                                          from.data(), static_cast<std::uint32_t>(from.size()),
                                          offset, priority);
}

Await<StatusLeaf<Operation>> File::sync() noexcept {
  return Await<StatusLeaf<Operation>>(std::in_place, descriptor_.get(), OpCode::sync);
}

Await<StatusLeaf<Operation>> File::sync_data() noexcept {
  return Await<StatusLeaf<Operation>>(std::in_place, descriptor_.get(), OpCode::sync_data);
}

Await<StatusLeaf<Truncate>> File::truncate(std::uint64_t bytes) noexcept {
  return Await<StatusLeaf<Truncate>>(std::in_place, descriptor_.get(), bytes);
}

Await<StatLeaf> File::stat() noexcept { return Await<StatLeaf>(std::in_place, descriptor_.get()); }

Await<StatusLeaf<FileRange>> File::allocate(std::uint64_t offset, std::uint64_t bytes,
                                            Allocation rule) noexcept {
  return Await<StatusLeaf<FileRange>>(std::in_place, descriptor_.get(), OpCode::allocate,
                                      native_mode(rule), offset, bytes);
}

Await<StatusLeaf<FileRange>> File::advise(Advice advice, std::uint64_t offset,
                                          std::uint64_t bytes) noexcept {
  return Await<StatusLeaf<FileRange>>(std::in_place, descriptor_.get(), OpCode::advise,
                                      native_advice(advice), offset, bytes);
}

Await<PathLeaf> File::change_mode(std::uint32_t mode) noexcept {
  return Await<PathLeaf>(std::in_place, PathStart{descriptor_.get()}, PathAction::change_mode, "",
                         mode);
}

Await<PathLeaf> File::change_owner(std::uint32_t owner, std::uint32_t group) noexcept {
  return Await<PathLeaf>(std::in_place, PathStart{descriptor_.get()}, PathAction::change_owner, "",
                         std::uint64_t{group} << 32 | owner);
}

Await<TimesLeaf> File::change_times(TimeChange accessed, TimeChange modified) noexcept {
  return Await<TimesLeaf>(std::in_place, PathStart{descriptor_.get()}, "", accessed, modified,
                          Links::follow);
}

Await<LockLeaf> File::try_lock(LockKind kind, std::uint64_t offset, std::uint64_t bytes) noexcept {
  return Await<LockLeaf>(std::in_place, descriptor_.get(), OpCode::lock, native_lock(kind), offset,
                         bytes);
}

Task<Result<void>> File::lock(LockKind kind, std::uint64_t offset, std::uint64_t bytes) {
  RetryPause pause;
  for (;;) {
    Result<bool> locked = co_await try_lock(kind, offset, bytes);
    if (!locked) co_return std::unexpected(locked.error());
    if (*locked) co_return Result<void>();
    Result<void> slept = co_await sleep(pause.next());
    if (!slept) co_return slept;
  }
}

Await<StatusLeaf<FileRange>> File::unlock(std::uint64_t offset, std::uint64_t bytes) noexcept {
  return Await<StatusLeaf<FileRange>>(std::in_place, descriptor_.get(), OpCode::lock, F_UNLCK,
                                      offset, bytes);
}

Await<CloseLeaf> File::close() noexcept {
  return Await<CloseLeaf>(std::in_place, std::move(descriptor_));
}

}  // namespace rota::inline v0

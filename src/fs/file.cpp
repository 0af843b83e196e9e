#include <rota/file.hpp>

#include "base/time_units.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <new>

namespace rota::inline v0 {

namespace {

static_assert(sizeof(struct statx) <= sizeof(StatBuffer));

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
  return flags;
}

}  // namespace

OpenLeaf::OpenLeaf(std::string_view path, OpenMode mode, std::uint32_t permissions) noexcept
    : operation_(nullptr, native_flags(mode), permissions) {
  operation_.flags = op_by_path;
  // An awaited object is made without exceptions: what fails here is the result.
  if (path.contains('\0')) {
    operation_.result = -EINVAL;
    return;
  }
  try {
    path_ = path;
    operation_.path = path_.c_str();
  } catch (const std::bad_alloc&) {
    operation_.result = -ENOMEM;
  }
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

Result<FileStatus> StatLeaf::finish() const noexcept {
  if (operation_.result < 0) return failure(-operation_.result);
  const auto& native = *operation_.into;
  return FileStatus{
      .bytes = native.stx_size,
      .blocks_of_512 = native.stx_blocks,
      .mode = native.stx_mode,
      .links = native.stx_nlink,
      .modified_ns = native.stx_mtime.tv_sec * kNsPerS + native.stx_mtime.tv_nsec,
  };
}

Await<CountLeaf<Transfer>> File::read_at(std::uint64_t offset, std::span<std::byte> into) noexcept {
  return Await<CountLeaf<Transfer>>(std::in_place, descriptor_.get(), OpCode::read_at, into.data(),
                                    into.size(), offset);
}

Await<WholeWriteLeaf> File::write_at(std::uint64_t offset, std::span<const std::byte> from,
                                     std::size_t* written) noexcept {
  return Await<WholeWriteLeaf>(std::in_place, descriptor_.get(), OpCode::write_at, from, offset,
                               written);
}

Await<CountLeaf<VectorTransfer>> File::read_vector_at(std::uint64_t offset,
                                                      std::span<iovec> into) noexcept {
  return Await<CountLeaf<VectorTransfer>>(std::in_place, descriptor_.get(),
                                          OpCode::read_vector_at, into.data(),
                                          static_cast<std::uint32_t>(into.size()), offset);
}

Await<CountLeaf<VectorTransfer>> File::write_vector_at(std::uint64_t offset,
                                                       std::span<iovec> from) noexcept {
  return Await<CountLeaf<VectorTransfer>>(std::in_place, descriptor_.get(),
                                          OpCode::write_vector_at, from.data(),
                                          static_cast<std::uint32_t>(from.size()), offset);
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

Await<StatLeaf> File::stat() noexcept {
  return Await<StatLeaf>(std::in_place, descriptor_.get());
}

Await<CloseLeaf> File::close() noexcept {
  return Await<CloseLeaf>(std::in_place, std::move(descriptor_));
}

}  // namespace rota::inline v0

#include <rota/copy.hpp>

#include <rota/await.hpp>
#include <rota/core/operation_leaf.hpp>

#include "base/broken_pipe.hpp"
#include "core/descriptor.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <limits>
#include <system_error>
#include <utility>

namespace rota::inline v0 {
namespace {

/// What of a file goes into the pipe at a time: each piece costs the way to another thread. Not
/// more, as all pipes of a user together have a limit, beyond which each of them becomes small.
constexpr std::uint32_t kPieceBytes = 256 * 1024;
/// What is copied between two files by one call, which nothing can end early.
constexpr std::uint32_t kRangeBytes = 4 * 1024 * 1024;

constexpr std::uint64_t kMostOffset = std::numeric_limits<std::int64_t>::max();

/// What splicing with an end waits for.
enum class Reach : std::uint8_t {
  nothing,    ///< the kernel is not asked
  readiness,  ///< a socket or a pipe
  disk,       ///< a file: a thread waits
};

/// What this process has from others (FdOwner) has an O_NONBLOCK that is not Rota's, and only a
/// pipe and a file do without one: sockets heed nothing else, and a terminal's bytes are copied in
/// any case.
Reach reach_of_borrowed(int fd) noexcept {
  struct stat about{};
  if (::fstat(fd, &about) < 0) return Reach::nothing;
  if (S_ISREG(about.st_mode)) return Reach::disk;
  return S_ISFIFO(about.st_mode) ? Reach::readiness : Reach::nothing;
}

Reach reach_of(const SpliceEnd& end) noexcept {
  if (end.descriptor == nullptr) return Reach::nothing;
  if (end.position != nullptr) return *end.position <= kMostOffset ? Reach::disk : Reach::nothing;
  const bool borrowed = end.descriptor->borrowed;
  return borrowed ? reach_of_borrowed(end.descriptor->fd) : Reach::readiness;
}

/// Refused by the kernel, a sandbox or an old kernel; a file that is only appended to is EBADF to
/// copy_file_range(2). Whatever else they mean by it, a read or a write says the same.
bool is_refusal(const std::error_code& error) noexcept {
  switch (error.value()) {
    case EINVAL:
    case ENOSYS:
    case EXDEV:
    case EOPNOTSUPP:
    case EPERM:
    case EBADF: return true;
    default: return false;
  }
}

Result<KernelCopy> outcome_of(const std::error_code& error) noexcept {
  if (is_refusal(error)) return KernelCopy::refused;
  return std::unexpected(error);
}

/// An end of a splice and how it is reached.
struct Reached {
  SpliceEnd end;
  Reach reach;

  explicit Reached(const SpliceEnd& which) noexcept : end(which), reach(reach_of(which)) {}

  [[nodiscard]] std::int64_t offset() const noexcept {
    return end.position != nullptr ? static_cast<std::int64_t>(*end.position) : -1;
  }
  void advance(std::size_t bytes) const noexcept {
    if (end.position != nullptr) *end.position += bytes;
  }
};

using SpliceAwait = Await<CountLeaf<Splice>>;

SpliceAwait fill(const Conduit& conduit, const Reached& from) noexcept {
  const OpCode code = from.reach == Reach::disk ? OpCode::splice_in_at : OpCode::splice_in;
  return SpliceAwait(std::in_place, from.end.descriptor, code, conduit.entrance(), conduit.room(),
                     from.offset());
}

SpliceAwait drain(const Conduit& conduit, const Reached& to) noexcept {
  const OpCode code = to.reach == Reach::disk ? OpCode::splice_out_at : OpCode::splice_out;
  return SpliceAwait(std::in_place, to.end.descriptor, code, conduit.exit(), conduit.held(),
                     to.offset());
}

Await<CountLeaf<CopyRange>> copy_range(const SpliceEnd& from, const SpliceEnd& to) noexcept {
  return Await<CountLeaf<CopyRange>>(std::in_place, from.descriptor, to.descriptor->fd,
                                     *from.position, *to.position, kRangeBytes);
}

/// From file to file.
Task<Result<KernelCopy>> copy_by_ranges(SpliceEnd from, SpliceEnd to, std::uint64_t& copied) {
  if (from.descriptor == nullptr || to.descriptor == nullptr) co_return KernelCopy::refused;
  for (;;) {
    Result<std::size_t> moved = co_await copy_range(from, to);
    if (!moved) co_return outcome_of(moved.error());
    if (*moved == 0) break;
    *from.position += *moved;
    *to.position += *moved;
    copied += *moved;
  }
  // A file that is made as it is read, of /proc for example, says that it has no bytes.
  co_return copied > 0 ? KernelCopy::whole : KernelCopy::refused;
}

/// Through the conduit, which then holds what the kernel would not take out of it.
Task<Result<KernelCopy>> copy_by_splice(SpliceEnd source, SpliceEnd target, Conduit& conduit,
                                        std::uint64_t& copied) {
  const Reached from(source);
  const Reached to(target);
  if (from.reach == Reach::nothing || to.reach == Reach::nothing) co_return KernelCopy::refused;
  // What a stream has given is lost on an error; a file is read again.
  const bool again = source.position != nullptr;
  Result<void> opened = conduit.open(again ? kPieceBytes : Conduit::kUsualBytes);
  if (!opened) co_return KernelCopy::refused;
  ignore_broken_pipes();
  for (;;) {
    Result<std::size_t> in = co_await fill(conduit, from);
    if (!in) co_return outcome_of(in.error());
    if (*in == 0) co_return KernelCopy::whole;
    conduit.filled(*in);
    from.advance(*in);
    while (conduit.held() > 0) {
      Result<std::size_t> out = co_await drain(conduit, to);
      if (!out) co_return outcome_of(out.error());
      if (*out == 0) co_return KernelCopy::refused;
      conduit.drained(*out);
      to.advance(*out);
      copied += *out;
    }
  }
}

}  // namespace

Task<Result<KernelCopy>> copy_in_kernel(SpliceEnd from, SpliceEnd to, Conduit& conduit,
                                        std::uint64_t& copied) {
  if (from.position != nullptr && to.position != nullptr) {
    Task<Result<KernelCopy>> copying = copy_by_ranges(from, to, copied);
    Result<KernelCopy> ranges = co_await std::move(copying);
    if (!ranges || *ranges == KernelCopy::whole) co_return ranges;
  }
  Task<Result<KernelCopy>> splicing = copy_by_splice(from, to, conduit, copied);
  Result<KernelCopy> spliced = co_await std::move(splicing);
  co_return spliced;
}

}  // namespace rota::inline v0

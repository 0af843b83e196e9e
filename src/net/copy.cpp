#include <rota/copy.hpp>

#include <rota/await.hpp>
#include <rota/core/operation_leaf.hpp>
#include <rota/owned_fd.hpp>

#include "base/broken_pipe.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace rota::inline v0 {
namespace {

/// What an empty pipe takes for certain, as its size is at first.
constexpr std::uint32_t kPipeBytes = 64 * 1024;

using SpliceAwait = Await<CountLeaf<Splice>>;

/// The pipe between two streams, which nobody else has. It never waits: it is empty before bytes go
/// in, and has as many as are asked for.
struct Conduit {
  OwnedFd out;
  OwnedFd in;

  [[nodiscard]] SpliceAwait fill(Descriptor* from) const noexcept {
    return SpliceAwait(std::in_place, from, OpCode::splice_in, in.number(), kPipeBytes);
  }
  [[nodiscard]] SpliceAwait drain(Descriptor* to, std::uint32_t bytes) const noexcept {
    return SpliceAwait(std::in_place, to, OpCode::splice_out, out.number(), bytes);
  }
};

Result<Conduit> make_conduit() noexcept {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return failure(errno);
  return Conduit{OwnedFd(ends[0]), OwnedFd(ends[1])};
}

Task<Result<void>> drain(const Conduit& conduit, Descriptor* to, std::size_t bytes,
                         std::uint64_t& copied) {
  while (bytes > 0) {
    Result<std::size_t> out = co_await conduit.drain(to, static_cast<std::uint32_t>(bytes));
    if (!out) co_return std::unexpected(out.error());
    bytes -= *out;
    copied += *out;
  }
  co_return Result<void>();
}

}  // namespace

Task<Result<SpliceStart>> copy_by_splice(SpliceEnd from, SpliceEnd to, std::uint64_t& copied) {
  Result<Conduit> conduit = make_conduit();
  if (!conduit) co_return SpliceStart::refused;
  ignore_broken_pipes();
  for (bool first = true;; first = false) {
    Result<std::size_t> in = co_await conduit->fill(from.descriptor);
    if (!in && first && in.error() == std::errc::invalid_argument) co_return SpliceStart::refused;
    if (!in) co_return std::unexpected(in.error());
    if (*in == 0) co_return SpliceStart::done;
    Task<Result<void>> draining = drain(*conduit, to.descriptor, *in, copied);
    Result<void> drained = co_await std::move(draining);
    if (!drained) co_return std::unexpected(drained.error());
  }
}

}  // namespace rota::inline v0

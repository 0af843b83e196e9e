#include <rota/pipe.hpp>

#include <rota/fd_watch.hpp>
#include <rota/owned_fd.hpp>
#include <rota/time.hpp>

#include "base/broken_pipe.hpp"
#include "time/retry_pause.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <system_error>

namespace rota::inline v0 {
namespace {

/// Opens without waiting for a peer. The path outlives the wait.
class OpenFifoLeaf {
 public:
  OpenFifoLeaf(const char* path, int direction) noexcept
      : operation_(path, static_cast<std::uint64_t>(direction | O_NONBLOCK | O_CLOEXEC), 0) {
    operation_.flags = op_by_path;
  }
  bool start(Runnable& self) noexcept {
    operation_.waiter = &self;
    operation_.cancel = cancel_operation;
    return submit(operation_, node_);
  }
  void refuse() noexcept { operation_.result = -ECANCELED; }
  Result<OwnedFd> finish() noexcept {
    if (operation_.result < 0) return failure(-operation_.result);
    return OwnedFd(operation_.result);
  }

 private:
  Open operation_;
  CancelNode node_;
};

Await<OpenFifoLeaf> open_now(const std::string& path, int direction) noexcept {
  return Await<OpenFifoLeaf>(std::in_place, path.c_str(), direction);
}

Result<DescriptorRef> adopt_pipe_end(OwnedFd fd) noexcept {
  try {
    Descriptor& descriptor = adopt_fd(fd.number(), FdKind::stream);
    static_cast<void>(fd.release());
    return DescriptorRef(descriptor);
  } catch (const std::bad_alloc&) {
    return failure(ENOMEM);
  }
}

/// Nobody else has this open file yet, so that its mode is the driver's to choose.
Result<DescriptorRef> adopt_fifo(OwnedFd fd) noexcept {
  struct stat about{};
  if (::fstat(fd.number(), &about) < 0) return failure(errno);
  if (!S_ISFIFO(about.st_mode)) return failure(EINVAL);
  const bool blocks = (socket_flags() & SOCK_NONBLOCK) == 0;
  if (blocks && ::fcntl(fd.number(), F_SETFL, 0) < 0) return failure(errno);
  return adopt_pipe_end(std::move(fd));
}

Await<PollLeaf> until_readable(Descriptor* descriptor) noexcept {
  constexpr PollEvents readable = POLLIN;
  return Await<PollLeaf>(std::in_place, descriptor, readable);
}

/// Whether the path is worth opening again: its reader has not come yet.
bool has_no_reader(const std::error_code& error) noexcept {
  return error == std::errc::no_such_device_or_address;
}

}  // namespace

Task<Result<PipeReader>> PipeReader::open(std::string path) {
  if (path.contains('\0')) co_return failure(EINVAL);
  Result<OwnedFd> opened = co_await open_now(path, O_RDONLY);
  if (!opened) co_return std::unexpected(opened.error());
  Result<DescriptorRef> adopted = adopt_fifo(std::move(*opened));
  if (!adopted) co_return std::unexpected(adopted.error());
  PipeReader reader(std::move(*adopted));
  // A FIFO that no writer has opened yet is neither readable nor at its end for poll(2), and only
  // for it: a read answers 0.
  Result<PollEvents> seen = co_await until_readable(reader.descriptor());
  if (seen) co_return reader;
  // A writer must not find a reader that has given up.
  Result<void> closed = co_await reader.close();
  static_cast<void>(closed);
  co_return std::unexpected(seen.error());
}

PipeWriter::PipeWriter(DescriptorRef descriptor) noexcept : IoObject(std::move(descriptor)) {
  ignore_broken_pipes();
}

Task<Result<PipeWriter>> PipeWriter::open(std::string path) {
  if (path.contains('\0')) co_return failure(EINVAL);
  RetryPause pause;
  for (;;) {
    Result<OwnedFd> opened = co_await open_now(path, O_WRONLY);
    if (opened) {
      Result<DescriptorRef> adopted = adopt_fifo(std::move(*opened));
      if (!adopted) co_return std::unexpected(adopted.error());
      co_return PipeWriter(std::move(*adopted));
    }
    if (!has_no_reader(opened.error())) co_return std::unexpected(opened.error());
    Result<void> paused = co_await sleep(pause.next());
    if (!paused) co_return std::unexpected(paused.error());
  }
}

Result<Pipe> Pipe::make() {
  const bool blocks = (socket_flags() & SOCK_NONBLOCK) == 0;
  int ends[2];
  if (::pipe2(ends, blocks ? O_CLOEXEC : O_CLOEXEC | O_NONBLOCK) < 0) return failure(errno);
  auto reader = adopt_pipe_end(OwnedFd(ends[0]));
  auto writer = adopt_pipe_end(OwnedFd(ends[1]));
  if (!reader) return std::unexpected(reader.error());
  if (!writer) return std::unexpected(writer.error());
  return Pipe{PipeReader(std::move(*reader)), PipeWriter(std::move(*writer))};
}

}  // namespace rota::inline v0

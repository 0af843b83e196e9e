#include <rota/core/conduit.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace rota::inline v0 {

Result<void> Conduit::open(std::uint32_t bytes) noexcept {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return failure(errno);
  exit_ = OwnedFd(ends[0]);
  entrance_ = OwnedFd(ends[1]);
  room_ = kUsualBytes;
  if (bytes <= kUsualBytes) return {};
  if (::fcntl(entrance(), F_SETPIPE_SZ, static_cast<int>(bytes)) >= 0) room_ = bytes;
  return {};
}

Result<std::size_t> Conduit::take_back(std::span<std::byte> into) noexcept {
  if (held_ == 0) return 0;
  ssize_t taken = -1;
  do {
    taken = ::read(exit(), into.data(), into.size());
  } while (taken < 0 && errno == EINTR);
  if (taken < 0) return failure(errno);
  drained(static_cast<std::size_t>(taken));
  return static_cast<std::size_t>(taken);
}

}  // namespace rota::inline v0

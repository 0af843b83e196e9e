#include "fuse_server.hpp"

#include <linux/fuse.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

namespace rota::cli {
namespace {

constexpr std::size_t kRoom = 64 * 1024;  // for the largest request; the kernel asks for 8 KiB
constexpr std::uint64_t kForEver = 3600;  // seconds: nothing changes here

class Server {
 public:
  Server(int fuse, std::size_t pages, std::uint64_t delay_ms)
      : fuse_(fuse),
        bytes_(pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))),
        delay_(delay_ms),
        zeros_(bytes_) {}

  void run() {
    alignas(fuse_in_header) static std::array<char, kRoom> request;
    for (;;) {
      const ssize_t bytes = ::read(fuse_, request.data(), request.size());
      // A request that was withdrawn meanwhile, or a signal; ENODEV is the end of the mount.
      if (bytes < 0 && (errno == ENOENT || errno == EINTR || errno == EAGAIN)) continue;
      if (bytes < static_cast<ssize_t>(sizeof(fuse_in_header))) return;
      std::memcpy(&header_, request.data(), sizeof header_);
      serve(request.data() + sizeof header_);
    }
  }

 private:
  void serve(const char* operands) {
    switch (header_.opcode) {
      case FUSE_INIT: return agree();
      case FUSE_GETATTR: return tell_attributes();
      case FUSE_OPEN: return answer(fuse_open_out{.fh = 1, .open_flags = 0, .padding = 0});
      case FUSE_READ: return read(operands);
      case FUSE_FLUSH:
      case FUSE_RELEASE: return reply(0, nullptr, 0);
      case FUSE_FORGET:
      case FUSE_BATCH_FORGET:
      case FUSE_INTERRUPT: return;  // They have no answer.
      default: return reply(-ENOSYS, nullptr, 0);
    }
  }

  void agree() {
    fuse_init_out agreed{};
    agreed.major = FUSE_KERNEL_VERSION;
    agreed.minor = FUSE_KERNEL_MINOR_VERSION;
    agreed.max_readahead = 0;
    agreed.max_write = FUSE_MIN_READ_BUFFER / 2;
    answer(agreed);
  }

  void tell_attributes() {
    fuse_attr_out told{};
    told.attr_valid = kForEver;
    told.attr.ino = FUSE_ROOT_ID;
    told.attr.size = bytes_;
    told.attr.mode = S_IFREG | S_IRUSR;
    told.attr.nlink = 1;
    told.attr.uid = ::geteuid();
    told.attr.gid = ::getegid();
    answer(told);
  }

  void read(const char* operands) {
    fuse_read_in asked{};
    std::memcpy(&asked, operands, sizeof asked);
    std::this_thread::sleep_for(delay_);
    const std::uint64_t left = asked.offset < bytes_ ? bytes_ - asked.offset : 0;
    reply(0, zeros_.data(), std::min<std::uint64_t>(asked.size, left));
  }

  template <class T>
  void answer(const T& what) {
    reply(0, &what, sizeof what);
  }

  /// Whoever asked may be gone: then the answer is for nobody.
  void reply(int error, const void* data, std::size_t bytes) {
    fuse_out_header head{};
    head.len = static_cast<std::uint32_t>(sizeof head + bytes);
    head.error = error;
    head.unique = header_.unique;
    const std::array<iovec, 2> parts{iovec{&head, sizeof head},
                                     iovec{const_cast<void*>(data), bytes}};
    [[maybe_unused]] const ssize_t written =
        ::writev(fuse_, parts.data(), bytes == 0 ? 1 : static_cast<int>(parts.size()));
  }

  int fuse_;
  std::uint64_t bytes_;
  std::chrono::milliseconds delay_;
  std::vector<char> zeros_;
  fuse_in_header header_{};
};

}  // namespace

void serve_slow_file(int fuse, std::size_t pages, std::uint64_t delay_ms) {
  Server(fuse, pages, delay_ms).run();
}

}  // namespace rota::cli

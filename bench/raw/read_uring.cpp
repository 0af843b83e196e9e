// The limit for files: random 4 KiB reads through a ring written by hand, at queue depths 1, 32
// and 128, with a fixed file and a registered buffer (--plain: without either). The file is read
// once in full before each depth, since the question is what a page-cache hit costs; or else
// (--direct) it is read past the page cache.
//
//   raw_read_uring FILE [--plain] [--direct]

#include <liburing.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include "measure.hpp"
#include "server_life.hpp"

namespace {

using rota::bench::fail;

constexpr unsigned block_bytes = 4096;
constexpr unsigned depth_max = 128;
constexpr std::size_t memory_bytes = std::size_t{block_bytes} * depth_max;
constexpr std::uint64_t cached_reads = 400'000;
constexpr std::uint64_t direct_reads = 40'000;  // of the device, which takes longer
constexpr unsigned seed = 4;  // Any: every candidate draws its offsets in its own way.

enum class Files { registered, plain };
enum class Path { cached, direct };

class ReadLoop {
 public:
  ReadLoop(const char* name, Files files, Path path)
      : files_(files),
        memory_(static_cast<char*>(std::aligned_alloc(block_bytes, memory_bytes)), &std::free),
        random_(seed) {
    if (memory_ == nullptr) fail("aligned_alloc", ENOMEM);
    std::memset(memory_.get(), 0, memory_bytes);
    fd_ = ::open(name, O_RDONLY | O_CLOEXEC | (path == Path::direct ? O_DIRECT : 0));
    if (fd_ < 0) fail(name, errno);
    struct stat status{};
    if (::fstat(fd_, &status) != 0) fail("fstat", errno);
    blocks_ = static_cast<std::uint64_t>(status.st_size) / block_bytes;
    if (blocks_ == 0) fail(name, EINVAL);
    io_uring_params params{};
    params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
    check("io_uring_queue_init", io_uring_queue_init_params(depth_max, &ring_, &params));
    if (files_ == Files::registered) register_all();
  }

  void warm() {
    for (std::uint64_t block = 0; block < blocks_; block += depth_max) {
      const auto offset = static_cast<off_t>(block * block_bytes);
      if (::pread(fd_, memory_.get(), memory_bytes, offset) < 0) fail("pread", errno);
    }
  }

  /// Keeps `depth` reads in flight until `reads` have been made.
  void run(unsigned depth, std::uint64_t reads) {
    std::uint64_t started = 0;
    for (; started < depth; ++started) start(static_cast<unsigned>(started));
    for (std::uint64_t finished = 0; finished < reads;) {
      const int status = io_uring_submit_and_wait(&ring_, 1);
      if (status < 0 && status != -EINTR) fail("io_uring_enter", -status);
      std::array<io_uring_cqe*, depth_max> done;
      const unsigned count = io_uring_peek_batch_cqe(&ring_, done.data(), depth_max);
      for (const io_uring_cqe* completion : std::span(done).first(count)) {
        if (completion->res != static_cast<int>(block_bytes)) fail("read", -completion->res);
        if (started < reads) {
          start(static_cast<unsigned>(completion->user_data));
          ++started;
        }
      }
      io_uring_cq_advance(&ring_, count);
      finished += count;
    }
  }

 private:
  static void check(const char* what, int status) {
    if (status < 0) fail(what, -status);
  }

  void register_all() {
    const iovec whole{.iov_base = memory_.get(), .iov_len = memory_bytes};
    check("register_buffers", io_uring_register_buffers(&ring_, &whole, 1));
    check("register_files", io_uring_register_files(&ring_, &fd_, 1));
  }

  void start(unsigned slot) {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    if (entry == nullptr) fail("io_uring_get_sqe", EBUSY);
    char* buffer = memory_.get() + std::size_t{slot} * block_bytes;
    const std::uint64_t offset = random_() % blocks_ * block_bytes;
    if (files_ == Files::registered) {
      io_uring_prep_read_fixed(entry, 0, buffer, block_bytes, offset, 0);
      entry->flags |= IOSQE_FIXED_FILE;
    } else {
      io_uring_prep_read(entry, fd_, buffer, block_bytes, offset);
    }
    entry->user_data = slot;
  }

  Files files_;
  int fd_ = -1;
  std::uint64_t blocks_ = 0;
  io_uring ring_{};
  // Whole pages: at 16 bytes into one, where malloc puts them, the kernel's copy takes twice as
  // long (source and destination alias).
  std::unique_ptr<char, decltype(&std::free)> memory_;
  std::mt19937_64 random_;
};

}  // namespace

int main(int argc, char** argv) {
  Files files = Files::registered;
  Path path = Path::cached;
  for (int i = 2; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--plain") {
      files = Files::plain;
    } else if (word == "--direct") {
      path = Path::direct;
    } else {
      argc = 0;
    }
  }
  if (argc < 2) {
    std::fputs("usage: raw_read_uring FILE [--plain] [--direct]\n", stderr);
    return 2;
  }
  ReadLoop loop(argv[1], files, path);
  const bool direct = path == Path::direct;
  const std::uint64_t reads = direct ? direct_reads : cached_reads;
  for (const unsigned depth : {1U, 32U, 128U}) {
    if (!direct) loop.warm();
    const rota::bench::ProcessSpan span;
    loop.run(depth, reads);
    const std::string name = (direct ? "direct_qd" : "read_qd") + std::to_string(depth);
    span.report(name.c_str(), reads);
  }
}

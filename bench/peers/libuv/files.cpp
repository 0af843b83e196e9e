// Random 4 KiB reads by uv_fs_read at queue depths 1, 32 and 128, as rota/files.cpp makes them: the
// threads of libuv's pool call preadv, and the loop is told. The file is read once in full before
// each depth.
//
//   uv_files FILE

#include <uv.h>

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "bench/raw/measure.hpp"
#include "bench/raw/server_life.hpp"

namespace {

using rota::bench::fail;

constexpr std::size_t block_bytes = 4096;
constexpr std::size_t chunk_bytes = 128 * block_bytes;
constexpr std::uint64_t reads = 400'000;
constexpr unsigned seed = 4;  // Any: every candidate draws its offsets in its own way.

class Reader;

/// One of those that are outstanding at the same time.
struct Slot {
  uv_fs_t request{};
  Reader* reader = nullptr;
  std::array<char, block_bytes> block{};
};

class Reader {
 public:
  Reader(uv_loop_t* loop, const char* name) : loop_(loop) {
    uv_fs_t request;
    file_ = uv_fs_open(loop_, &request, name, O_RDONLY, 0, nullptr);
    if (file_ < 0) fail(name, -file_);
    const int status = uv_fs_fstat(loop_, &request, file_, nullptr);
    if (status < 0) fail(name, -status);
    blocks_ = request.statbuf.st_size / block_bytes;
    uv_fs_req_cleanup(&request);
    if (blocks_ == 0) fail(name, EINVAL);
  }

  void warm() {
    std::vector<char> chunk(chunk_bytes);
    const uv_buf_t buffer = uv_buf_init(chunk.data(), chunk_bytes);
    for (std::uint64_t at = 0; at < blocks_ * block_bytes; at += chunk_bytes) {
      uv_fs_t request;
      const int got = uv_fs_read(loop_, &request, file_, &buffer, 1,
                                 static_cast<std::int64_t>(at), nullptr);
      if (got < 0) fail("read", -got);
      uv_fs_req_cleanup(&request);
    }
  }

  void measure(const char* name, std::size_t depth) {
    warm();
    begun_ = 0;
    std::vector<Slot> slots(depth);
    const rota::bench::ProcessSpan span;
    for (Slot& slot : slots) {
      slot.reader = this;
      read(slot);
    }
    uv_run(loop_, UV_RUN_DEFAULT);
    span.report(name, reads);
  }

 private:
  void read(Slot& slot) {
    if (begun_ == reads) return;
    begun_ += 1;
    slot.request.data = &slot;
    const uv_buf_t buffer = uv_buf_init(slot.block.data(), block_bytes);
    const auto at = static_cast<std::int64_t>(random_() % blocks_ * block_bytes);
    const int status = uv_fs_read(loop_, &slot.request, file_, &buffer, 1, at, on_read);
    if (status < 0) fail("uv_fs_read", -status);
  }

  static void on_read(uv_fs_t* request) {
    auto& slot = *static_cast<Slot*>(request->data);
    if (request->result < 0) fail("read", static_cast<int>(-request->result));
    if (request->result != static_cast<ssize_t>(block_bytes)) fail("short read", EIO);
    uv_fs_req_cleanup(request);
    slot.reader->read(slot);
  }

  uv_loop_t* loop_;
  uv_file file_ = -1;
  std::uint64_t blocks_ = 0;
  std::uint64_t begun_ = 0;
  std::mt19937_64 random_{seed};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: uv_files FILE\n", stderr);
    return 2;
  }
  Reader reader(uv_default_loop(), argv[1]);
  reader.measure("read_qd1", 1);
  reader.measure("read_qd32", 32);
  reader.measure("read_qd128", 128);
}

#include "cell_tasks.hpp"

#include "cli/load/monotonic.hpp"

#include <rota/file.hpp>
#include <rota/scope.hpp>

#include <cstddef>
#include <cstdint>
#include <new>
#include <random>
#include <span>
#include <system_error>

namespace rota::cli {
namespace {

constexpr std::uint64_t block_bytes = 4096;
constexpr unsigned seed = 4;  // Any: every driver reads the same blocks.

/// Where direct I/O may put it; a frame's own alignment is less.
class Block {
 public:
  Block() : memory_(static_cast<std::byte*>(::operator new(block_bytes, alignment))) {}
  ~Block() { ::operator delete(memory_, alignment); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  [[nodiscard]] std::span<std::byte> bytes() const { return {memory_, block_bytes}; }

 private:
  static constexpr std::align_val_t alignment{block_bytes};

  std::byte* memory_;
};

struct ReadRun {
  File& file;
  Window& window;
  std::uint64_t blocks;
  std::mt19937_64 random{seed};
};

Task<void> read_blocks(ReadRun& run) {
  const Block block;
  while (run.window.more()) {
    const std::uint64_t offset = run.random() % run.blocks * block_bytes;
    const std::uint64_t from_ns = monotonic_ns();
    auto got = co_await run.file.read_at(offset, block.bytes());
    if (!got) throw std::system_error(got.error(), "read");
    if (*got != block_bytes) throw std::system_error(os_error(EIO), "short read");
    run.window.record(from_ns, monotonic_ns());
  }
}

Task<void> read_side_by_side(Scope& scope, ReadRun& run, std::uint32_t width) {
  for (std::uint32_t i = 0; i < width; ++i) scope.spawn(read_blocks(run));
  co_return;
}

}  // namespace

Task<void> read_randomly(const CellOptions& options, Window& window) {
  const OpenMode direct = OpenMode::read | OpenMode::direct;
  const OpenMode mode = options.workload->direct ? direct : OpenMode::read;
  auto file = co_await File::open(options.file, mode);
  if (!file) throw std::system_error(file.error(), options.file);
  auto status = co_await file->stat();
  if (!status) throw std::system_error(status.error(), options.file);
  const std::uint64_t blocks = status->bytes / block_bytes;
  if (blocks == 0) throw std::system_error(os_error(EINVAL), "the file is empty");
  ReadRun run{*file, window, blocks};
  await_gate();
  window.begin();
  const std::uint32_t width = options.workload->width;
  auto body = [&run, width](Scope& scope) { return read_side_by_side(scope, run, width); };
  auto reading = with_scope(body);
  co_await std::move(reading);
}

}  // namespace rota::cli

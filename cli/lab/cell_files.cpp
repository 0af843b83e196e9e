#include "cell_tasks.hpp"

#include "cli/load/monotonic.hpp"
#include "workloads.hpp"

#include <rota/file.hpp>
#include <rota/scope.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <numeric>
#include <optional>
#include <random>
#include <span>
#include <system_error>
#include <vector>

namespace rota::cli {
namespace {

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

/// Which block is read next: any of a warm file, and of a cold one each once, as a second read
/// would find it in the page cache.
class BlockOrder {
 public:
  BlockOrder(std::uint64_t blocks, PageCache cache) : blocks_(blocks) {
    if (cache == PageCache::warm) return;
    once_.resize(blocks);
    std::iota(once_.begin(), once_.end(), std::uint64_t{0});
    std::ranges::shuffle(once_, random_);
  }

  /// None: all were read.
  std::optional<std::uint64_t> next() {
    if (once_.empty()) return random_() % blocks_;
    if (position_ == once_.size()) return std::nullopt;
    return once_[position_++];
  }

 private:
  std::uint64_t blocks_;
  std::mt19937_64 random_{seed};
  std::vector<std::uint64_t> once_;
  std::size_t position_ = 0;
};

struct ReadRun {
  File& file;
  Window& window;
  BlockOrder& order;
};

Task<void> read_blocks(ReadRun& run) {
  const Block block;
  while (run.window.more()) {
    const std::optional<std::uint64_t> chosen = run.order.next();
    if (!chosen) co_return;
    const std::uint64_t from_ns = monotonic_ns();
    auto got = co_await run.file.read_at(*chosen * block_bytes, block.bytes());
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
  const Workload& workload = *options.workload;
  const OpenMode mode = workload.path == FilePath::direct ? direct : OpenMode::read;
  auto file = co_await File::open(options.file, mode);
  if (!file) throw std::system_error(file.error(), options.file);
  auto status = co_await file->stat();
  if (!status) throw std::system_error(status.error(), options.file);
  const std::uint64_t blocks = status->bytes / block_bytes;
  if (blocks == 0) throw std::system_error(os_error(EINVAL), "the file is empty");
  if (workload.cache == PageCache::cold) {
    // What the kernel reads ahead would be warm.
    auto advised = co_await file->advise(Advice::random);
    if (!advised) throw std::system_error(advised.error(), "fadvise");
  }
  BlockOrder order(blocks, workload.cache);
  ReadRun run{*file, window, order};
  await_gate();
  window.begin();
  const std::uint32_t width = workload.width;
  auto body = [&run, width](Scope& scope) { return read_side_by_side(scope, run, width); };
  auto reading = with_scope(body);
  co_await std::move(reading);
}

}  // namespace rota::cli

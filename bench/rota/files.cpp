// Random 4 KiB reads through rota::File at queue depths 1, 32 and 128, as raw/read_uring.cpp does
// them by hand, into RegisteredMemory (--plain: into any). The file is read once in full before
// each depth, or past the page cache (--direct).
//
//   rota_files FILE [--plain] [--direct] [--driver NAME] [--files NAME]

#include "bench/raw/measure.hpp"
#include "runtime_options.hpp"

#include <rota/rota.hpp>

#include <cstdint>
#include <cstdio>
#include <random>
#include <span>
#include <string_view>
#include <system_error>
#include <vector>

namespace {

constexpr std::size_t block_bytes = 4096;
constexpr std::size_t chunk_bytes = 128 * block_bytes;
constexpr std::uint64_t cached_reads = 400'000;
constexpr std::uint64_t direct_reads = 40'000;  // of the device, which takes longer
constexpr unsigned seed = 4;  // Any: every candidate draws its offsets in its own way.

enum class Memory { registered, plain };
enum class Path { cached, direct };

struct Asked {
  Memory memory = Memory::registered;
  Path path = Path::cached;
};

struct ReadRun {
  rota::File& file;
  std::uint64_t blocks;
  std::uint64_t reads;
  std::uint64_t begun = 0;
  std::mt19937_64 random{seed};
};

rota::Task<void> read_blocks(ReadRun& run, std::span<std::byte> buffer) {
  while (run.begun < run.reads) {
    run.begun += 1;
    auto got = co_await run.file.read_at(run.random() % run.blocks * block_bytes, buffer);
    if (!got) throw std::system_error(got.error(), "read");
    if (*got != block_bytes) throw std::system_error(rota::os_error(EIO), "short read");
  }
}

/// A block of the memory for each.
rota::Task<void> read_side_by_side(rota::Scope& scope, ReadRun& run, std::span<std::byte> memory) {
  for (; !memory.empty(); memory = memory.subspan(block_bytes)) {
    scope.spawn(read_blocks(run, memory.first(block_bytes)));
  }
  co_return;
}

rota::Task<void> warm(ReadRun& run) {
  std::vector<std::byte> chunk(chunk_bytes);
  for (std::uint64_t at = 0; at < run.blocks * block_bytes; at += chunk_bytes) {
    auto got = co_await run.file.read_at(at, chunk);
    if (!got) throw std::system_error(got.error(), "read");
  }
}

rota::Task<void> measure(rota::File& file, std::uint64_t blocks, Path path, const char* name,
                         std::span<std::byte> memory) {
  ReadRun run{file, blocks, path == Path::direct ? direct_reads : cached_reads};
  if (path == Path::cached) co_await warm(run);
  const rota::bench::ProcessSpan span;
  auto body = [&run, memory](rota::Scope& scope) { return read_side_by_side(scope, run, memory); };
  auto reading = rota::with_scope(body);
  co_await std::move(reading);
  span.report(name, run.reads);
}

rota::Task<void> measure_all(const char* name, Asked asked) {
  const bool direct = asked.path == Path::direct;
  const rota::OpenMode past_the_cache = rota::OpenMode::read | rota::OpenMode::direct;
  auto file = co_await rota::File::open(name, direct ? past_the_cache : rota::OpenMode::read);
  if (!file) throw std::system_error(file.error(), name);
  auto status = co_await file->stat();
  if (!status) throw std::system_error(status.error(), name);
  const std::uint64_t blocks = status->bytes / block_bytes;
  if (blocks == 0) throw std::system_error(rota::os_error(EINVAL), name);
  // Whole pages, as in the raw loop.
  constexpr std::size_t most = 128 * block_bytes;
  const bool is_registered = asked.memory == Memory::registered;
  rota::RegisteredMemory registered(is_registered ? most : 0);
  rota::AlignedBuffer plain(is_registered ? 0 : most, block_bytes);
  const std::span<std::byte> memory = is_registered ? registered.bytes() : plain.bytes();
  co_await measure(*file, blocks, asked.path, direct ? "direct_qd1" : "read_qd1",
                   memory.first(block_bytes));
  co_await measure(*file, blocks, asked.path, direct ? "direct_qd32" : "read_qd32",
                   memory.first(32 * block_bytes));
  co_await measure(*file, blocks, asked.path, direct ? "direct_qd128" : "read_qd128", memory);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: rota_files FILE [--plain] [--direct] [--driver NAME] [--files NAME]\n",
               stderr);
    return 2;
  }
  Asked asked;
  int place = 2;
  if (place < argc && std::string_view(argv[place]) == "--plain") {
    asked.memory = Memory::plain;
    ++place;
  }
  if (place < argc && std::string_view(argv[place]) == "--direct") {
    asked.path = Path::direct;
    ++place;
  }
  const rota::Config config = rota::bench::config_of(argc, argv, place);
  return rota::run(measure_all(argv[1], asked), config);
}

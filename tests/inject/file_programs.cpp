#include "inject/program.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace rota::testing_inject {
namespace {

constexpr OpenMode kMode = OpenMode::read | OpenMode::write | OpenMode::create;

/// The name of a file of this run's own, gone when the program ends.
class Scratch {
 public:
  Scratch() : path_("scratch." + std::to_string(::getpid())) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { ::unlink(path_.c_str()); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

Task<void> locked_parts(Findings& findings) {
  const Scratch scratch;
  auto mine = co_await File::open(scratch.path(), kMode);
  if (!findings.took(mine)) co_return;
  auto yours = co_await File::open(scratch.path(), kMode);
  if (!findings.took(yours)) co_return;
  auto got = co_await mine->try_lock(LockKind::exclusive, 0, 10);
  if (!findings.took(got)) co_return;
  expect(*got, "a lock that nobody has is refused");
  auto refused = co_await yours->try_lock(LockKind::shared, 5, 10);
  if (!findings.took(refused)) co_return;
  expect(!*refused, "two have a lock that excludes all others");
  auto beside = co_await yours->try_lock(LockKind::exclusive, 10, 10);
  if (!findings.took(beside)) co_return;
  expect(*beside, "a lock of another part is refused");
  auto unlocked = co_await mine->unlock();
  if (!findings.took(unlocked)) co_return;
  auto locking = yours->lock(LockKind::shared);
  auto locked = co_await std::move(locking);
  findings.took(locked);
}

/// Room that the file system cannot give is no finding: it says so without a fault, too.
bool is_allowed(Findings& findings, const Result<void>& result) {
  return (!result && result.error() == std::errc::operation_not_supported) || findings.took(result);
}

Task<void> room_in_a_file(Findings& findings) {
  constexpr std::uint64_t bytes = 64 * 1024;
  const Scratch scratch;
  auto file = co_await File::open(scratch.path(), kMode);
  if (!findings.took(file)) co_return;
  auto written = co_await file->write_at(0, bytes_of(std::string(100, 'x')));
  if (!findings.took(written)) co_return;
  auto advised = co_await file->advise(Advice::read_ahead);
  if (!findings.took(advised)) co_return;
  auto owned = co_await file->change_owner(::geteuid(), ::getegid());
  if (!findings.took(owned)) co_return;
  auto room = co_await file->allocate(0, bytes);
  if (!is_allowed(findings, room) || !room) co_return;
  auto status = co_await file->stat();
  if (!findings.took(status)) co_return;
  expect(status->bytes == bytes, "a file is not as long as its room");
  auto hole = co_await file->allocate(0, 50, Allocation::punch_hole);
  if (!is_allowed(findings, hole) || !hole) co_return;
  std::array<std::byte, 100> buffer{};
  auto got = co_await file->read_at(0, buffer);
  if (!findings.took(got)) co_return;
  expect(*got == 100 && buffer[49] == std::byte{0} && buffer[50] == std::byte{'x'},
         "a hole is not where it was punched");
}

Task<void> read_past_the_cache(Findings& findings) {
  const Scratch scratch;
  auto opening = DirectFile::open(scratch.path(), kMode);
  auto file = co_await std::move(opening);
  // Not every file system knows direct I/O.
  if (!file && file.error() == std::errc::operation_not_supported) co_return;
  if (!findings.took(file)) co_return;
  const std::string text(10'000, 'x');
  auto writing = file->write_at(100, bytes_of(text));
  auto written = co_await std::move(writing);
  if (!findings.took(written)) co_return;
  std::vector<std::byte> buffer(20'000);
  auto reading = file->read_at(50, buffer);
  auto got = co_await std::move(reading);
  if (!findings.took(got)) co_return;
  const auto expected = std::ranges::count(std::span(buffer).first(*got), std::byte{'x'});
  expect(*got == 10'050 && expected == 10'000, "what was written is read in part");
}

/// What a database does before it answers.
Task<void> log_durably(Findings& findings) {
  const Scratch scratch;
  auto file = co_await File::open(scratch.path(), kMode);
  if (!findings.took(file)) co_return;
  const std::string text(10'000, 'x');
  std::size_t count = 0;
  auto written = co_await file->write_durably_at(0, bytes_of(text), &count);
  auto status = co_await file->stat();
  if (!findings.took(status)) co_return;
  expect(status->bytes == count, "a write does not tell how far it came");
  if (!findings.took(written)) co_return;
  expect(count == text.size(), "a success is less than every byte");
}

Task<void> loaded_file(Findings& findings) {
  const Scratch scratch;
  auto file = co_await File::open(scratch.path(), kMode);
  if (!findings.took(file)) co_return;
  auto written = co_await file->write_at(0, bytes_of("all of it"));
  if (!findings.took(written)) co_return;
  std::array<std::byte, 100> memory;
  auto loading = load_file(scratch.path(), memory, IoPriority::high);
  auto loaded = co_await std::move(loading);
  if (!findings.took(loaded)) co_return;
  expect(*loaded == 9 && memory[8] == std::byte{'t'}, "a file was loaded in part");
}

Task<bool> read_scattered(Findings& findings, File& file) {
  std::array<std::byte, 7> memory;
  std::array<iovec, 2> into{iovec{memory.data(), 3}, iovec{&memory[3], 4}};
  auto got = co_await file.read_vector_at(0, into);
  if (!findings.took(got)) co_return false;
  expect(*got == 7 && memory[6] == std::byte{'o'}, "other bytes were scattered than gathered");
  co_return true;
}

/// Two read at once: a lone read would not get as far as a ring.
Task<void> scattered_file(Findings& findings) {
  const Scratch scratch;
  auto file = co_await File::open(scratch.path(), kMode);
  if (!findings.took(file)) co_return;
  std::string left("one "), right("two");
  std::array<iovec, 2> parts{iovec{left.data(), left.size()}, iovec{right.data(), right.size()}};
  auto written = co_await file->write_vector_at(0, parts);
  if (!findings.took(written)) co_return;
  expect(*written == 7, "a file took a part of what was gathered");
  co_await run_both(read_scattered(findings, *file), read_scattered(findings, *file));
}

constexpr Program kPrograms[] = {
    {"locked_parts", locked_parts},
    {"room_in_a_file", room_in_a_file},
    {"read_past_the_cache", read_past_the_cache},
    {"log_durably", log_durably},
    {"loaded_file", loaded_file},
    {"scattered_file", scattered_file},
};

}  // namespace

std::span<const Program> file_programs() noexcept { return kPrograms; }

}  // namespace rota::testing_inject

#include "task/suite.hpp"
#include "task/temporary_path.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rota::testing_tasks {
namespace {

std::vector<std::byte> pattern_of(std::size_t bytes) {
  std::vector<std::byte> pattern(bytes);
  for (std::size_t i = 0; i < bytes; ++i) pattern[i] = static_cast<std::byte>(i * 13 + i / 251);
  return pattern;
}

template <template <class> class Routine>
Routine<void> what_is_written_is_read(World) {
  const TemporaryPath place;
  const std::vector<std::byte> written_bytes = pattern_of(200'000);
  Result<File> file = co_await File::open(
      place.path(), OpenMode::read | OpenMode::write | OpenMode::create | OpenMode::exclusive);
  EXPECT_TRUE(file.has_value());
  Result<void> written = co_await file->write_at(0, written_bytes);
  EXPECT_TRUE(written.has_value());
  Result<void> synced = co_await file->sync();
  EXPECT_TRUE(synced.has_value());
  Result<FileStatus> status = co_await file->stat();
  EXPECT_EQ(status->bytes, written_bytes.size());
  std::vector<std::byte> read_bytes(written_bytes.size() + 100);
  Result<std::size_t> read = co_await file->read_at(0, read_bytes);
  EXPECT_EQ(read.value(), written_bytes.size());
  read_bytes.resize(written_bytes.size());
  EXPECT_TRUE(std::ranges::equal(read_bytes, written_bytes));
  Result<void> cut = co_await file->truncate(10);
  EXPECT_TRUE(cut.has_value());
  read = co_await file->read_at(5, read_bytes);
  EXPECT_EQ(read.value(), 5u);
  Result<void> closed = co_await file->close();
  EXPECT_TRUE(closed.has_value());
}

template <template <class> class Routine>
Routine<void> what_is_written_durably_is_there_and_an_error_tells_how_much(World) {
  const TemporaryPath place;
  const std::vector<std::byte> bytes = pattern_of(100'000);
  Result<File> file = co_await File::open(
      place.path(), OpenMode::read | OpenMode::write | OpenMode::create | OpenMode::exclusive);
  EXPECT_TRUE(file.has_value());
  std::size_t count = 0;
  Result<void> written = co_await file->write_durably_at(10, bytes, &count);
  EXPECT_TRUE(written.has_value());
  EXPECT_EQ(count, bytes.size());
  std::vector<std::byte> back(bytes.size());
  Result<std::size_t> read = co_await file->read_at(10, back);
  EXPECT_EQ(read.value(), bytes.size());
  EXPECT_TRUE(std::ranges::equal(back, bytes));
  // A device that takes every byte and has nowhere to keep them.
  Result<File> null = co_await File::open("/dev/null", OpenMode::write);
  EXPECT_TRUE(null.has_value());
  written = co_await null->write_durably_at(0, bytes, &count);
  EXPECT_EQ(written.error(), std::errc::invalid_argument);
  EXPECT_EQ(count, bytes.size());
  Result<void> beyond = co_await file->write_durably_at(~std::uint64_t{0}, bytes, &count);
  EXPECT_EQ(beyond.error(), std::errc::invalid_argument);
  EXPECT_EQ(count, 0u);
}

/// A file in memory, for as long as this is there.
class Mapped {
 public:
  Mapped(const std::string& path, std::size_t bytes) : bytes_(bytes) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    base_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    EXPECT_NE(base_, MAP_FAILED);
    ::close(fd);
  }
  ~Mapped() { munmap(base_, bytes_); }
  Mapped(const Mapped&) = delete;
  Mapped& operator=(const Mapped&) = delete;

  [[nodiscard]] std::span<const std::byte> memory() const noexcept {
    return {static_cast<const std::byte*>(base_), bytes_};
  }

 private:
  std::size_t bytes_;
  void* base_;
};

constexpr std::array kOtherAdvice{MemoryAdvice::bring_in_to_write, MemoryAdvice::read_ahead,
                                  MemoryAdvice::cool, MemoryAdvice::page_out, MemoryAdvice::drop};

template <template <class> class Routine>
Routine<void> advice_on_memory_keeps_what_is_in_it(World) {
  const TemporaryPath place;
  const std::vector<std::byte> bytes = pattern_of(100'000);
  Result<File> file = co_await File::open(
      place.path(), OpenMode::read | OpenMode::write | OpenMode::create | OpenMode::exclusive);
  Result<void> written = co_await file->write_at(0, bytes);
  EXPECT_TRUE(written.has_value());
  const Mapped mapped(place.path(), bytes.size());
  // No page begins or ends there.
  const std::span<const std::byte> part = mapped.memory().subspan(5'000, 90'000);
  Result<void> advised = co_await advise_memory(part, MemoryAdvice::bring_in);
  if (!advised && advised.error() == std::errc::invalid_argument) {
    skip_here("MADV_POPULATE_READ is of Linux 5.14");
    co_return;
  }
  EXPECT_TRUE(advised.has_value());
  for (const MemoryAdvice each : kOtherAdvice) {
    advised = co_await advise_memory(part, each);
    EXPECT_TRUE(advised.has_value()) << static_cast<int>(each);
  }
  EXPECT_TRUE(std::ranges::equal(part, std::span(bytes).subspan(5'000, 90'000)));
  // Less than a page is nothing to drop.
  advised = co_await advise_memory(part.first(10), MemoryAdvice::drop);
  EXPECT_TRUE(advised.has_value());
  // What a ring has pinned would be read and written on, unseen.
  const RegisteredMemory registered(bytes.size());
  advised = co_await advise_memory(registered.bytes(), MemoryAdvice::drop);
  EXPECT_EQ(advised.error(), std::errc::invalid_argument);
}

template <template <class> class Routine>
Routine<void> opening_what_is_not_there_fails(World) {
  const TemporaryPath place;
  Result<File> file = co_await File::open(place.path(), OpenMode::read);
  EXPECT_EQ(file.error(), std::errc::no_such_file_or_directory);
}

/// Memory of one block, aligned as a direct transfer wants it.
struct alignas(4096) Block {
  std::array<std::byte, 4096> bytes{};
};

template <template <class> class Routine>
Routine<void> a_direct_file_passes_the_page_cache(World) {
  const TemporaryPath place;
  Result<File> file = co_await File::open(
      place.path(), OpenMode::read | OpenMode::write | OpenMode::create | OpenMode::direct);
  if (!file && file.error() == std::errc::invalid_argument) {
    skip_here("the folder for temporary files is on a file system without O_DIRECT");
    co_return;
  }
  EXPECT_TRUE(file.has_value());
  EXPECT_NE(fcntl(file->fd(), F_GETFL) & O_DIRECT, 0);
  const auto from = std::make_unique<Block>();
  std::ranges::copy(pattern_of(from->bytes.size()), from->bytes.begin());
  Result<void> written = co_await file->write_at(0, from->bytes);
  EXPECT_TRUE(written.has_value());
  const auto into = std::make_unique<Block>();
  Result<std::size_t> read = co_await file->read_at(0, into->bytes);
  EXPECT_EQ(read.value(), into->bytes.size());
  EXPECT_EQ(into->bytes, from->bytes);
}

template <template <class> class Routine>
Routine<void> a_path_with_a_zero_byte_is_refused(World) {
  const TemporaryPath place;
  // What stands before the zero byte could be made, and must not be.
  const std::string path = place.path() + std::string("\0.txt", 5);
  Result<File> file = co_await File::open(path, OpenMode::write | OpenMode::create);
  EXPECT_EQ(file.error(), std::errc::invalid_argument);
  EXPECT_FALSE(std::filesystem::exists(place.path()));
}

template <template <class> class Routine>
Routine<int> read_whole(File& file, std::vector<std::byte>& into) {
  Result<std::size_t> read = co_await file.read_at(0, into);
  if (!read) co_return -read.error().value();
  co_return static_cast<int>(*read);
}

template <template <class> class Routine>
Routine<void> a_read_that_is_stopped_yields_bytes_or_the_stop(World) {
  const TemporaryPath place;
  const std::vector<std::byte> pattern = pattern_of(1'000'000);
  Result<File> file =
      co_await File::open(place.path(), OpenMode::read | OpenMode::write | OpenMode::create);
  Result<void> written = co_await file->write_at(0, pattern);
  EXPECT_TRUE(written.has_value());
  for (int moment = 0; moment < 8; ++moment) {
    std::vector<std::byte> into(pattern.size());
    JoinHandle<int> reader = spawn_routine(read_whole<Routine>(*file, into));
    for (int i = 0; i < moment; ++i) co_await yield();
    reader.request_stop();
    Joined<int> joined = co_await reader.join();
    const int outcome = std::move(joined).value();
    if (outcome < 0) {
      EXPECT_EQ(outcome, -ECANCELED);
    } else {
      const auto bytes = static_cast<std::size_t>(outcome);
      EXPECT_TRUE(
          std::ranges::equal(std::span(into).first(bytes), std::span(pattern).first(bytes)));
    }
  }
}

}  // namespace

void add_file_scenarios(Suite& suite) {
  suite.add("what_is_written_is_read", what_is_written_is_read<Task>,
            what_is_written_is_read<Script>);
  suite.add("what_is_written_durably_is_there_and_an_error_tells_how_much",
            what_is_written_durably_is_there_and_an_error_tells_how_much<Task>,
            what_is_written_durably_is_there_and_an_error_tells_how_much<Script>);
  suite.add("advice_on_memory_keeps_what_is_in_it", advice_on_memory_keeps_what_is_in_it<Task>,
            advice_on_memory_keeps_what_is_in_it<Script>);
  suite.add("opening_what_is_not_there_fails", opening_what_is_not_there_fails<Task>,
            opening_what_is_not_there_fails<Script>);
  suite.add("a_direct_file_passes_the_page_cache", a_direct_file_passes_the_page_cache<Task>,
            a_direct_file_passes_the_page_cache<Script>);
  suite.add("a_path_with_a_zero_byte_is_refused", a_path_with_a_zero_byte_is_refused<Task>,
            a_path_with_a_zero_byte_is_refused<Script>);
  suite.add("a_read_that_is_stopped_yields_bytes_or_the_stop",
            a_read_that_is_stopped_yields_bytes_or_the_stop<Task>,
            a_read_that_is_stopped_yields_bytes_or_the_stop<Script>);
}

}  // namespace rota::testing_tasks

#include "task/suite.hpp"
#include "task/temporary_path.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace rota::testing_tasks {
namespace {

constexpr OpenMode kNewDirect = OpenMode::read | OpenMode::write | OpenMode::create;

std::string some_text(std::size_t bytes, std::size_t seed) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) {
    text[i] = static_cast<char>('a' + (i * 7 + i / 97 + seed) % 26);
  }
  return text;
}

template <template <class> class Routine>
Routine<void> any_offset_and_length_is_read_and_written_directly(World) {
  const TemporaryPath place;
  Task<Result<DirectFile>> opening = DirectFile::open(place.path(), kNewDirect);
  Result<DirectFile> file = co_await std::move(opening);
  if (code_of(file) == EOPNOTSUPP) {
    skip_here("this file system knows no direct I/O");
    co_return;
  }
  const std::size_t unit = file->alignment().offset;
  struct Piece {
    std::size_t offset;
    std::size_t bytes;
  };
  const Piece pieces[] = {{0, 10},           {3, 1},         {unit - 1, 2},      {5 * unit, unit},
                          {2 * unit + 7, 1}, {unit, unit},   {100, 3 * unit},    {0, 1},
                          {7 * unit - 5, 5}, {9 * unit, 13}, {9 * unit + 13, 20}};
  std::string model;
  for (const Piece& piece : pieces) {
    const std::string text = some_text(piece.bytes, piece.offset);
    Task<Result<void>> writing = file->write_at(piece.offset, std::as_bytes(std::span(text)));
    Result<void> written = co_await std::move(writing);
    EXPECT_EQ(code_of(written), 0);
    model.resize(std::max(model.size(), piece.offset + piece.bytes));
    model.replace(piece.offset, piece.bytes, text);
    EXPECT_TRUE(contents_of(place.path()) == model) << piece.offset << ' ' << piece.bytes;
  }
  for (const Piece& piece : pieces) {
    std::string text(piece.bytes + 3, '\0');
    Task<Result<std::size_t>> reading =
        file->read_at(piece.offset, std::as_writable_bytes(std::span(text)));
    Result<std::size_t> read = co_await std::move(reading);
    EXPECT_EQ(read.value(), std::min(text.size(), model.size() - piece.offset));
    EXPECT_TRUE(text.substr(0, *read) == model.substr(piece.offset, *read));
  }
  std::byte beyond[4];
  Task<Result<std::size_t>> reading = file->read_at(model.size() + 1, beyond);
  Result<std::size_t> read = co_await std::move(reading);
  EXPECT_EQ(read.value(), 0u);
}

template <template <class> class Routine>
Routine<void> aligned_memory_goes_straight(World) {
  const TemporaryPath place;
  Task<Result<DirectFile>> opening = DirectFile::open(place.path(), kNewDirect);
  Result<DirectFile> file = co_await std::move(opening);
  if (code_of(file) == EOPNOTSUPP) {
    skip_here("this file system knows no direct I/O");
    co_return;
  }
  constexpr std::size_t kBytes = 3 << 20;
  const std::string text = some_text(kBytes, 1);
  AlignedBuffer buffer = file->buffer(kBytes);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % file->alignment().memory, 0u);
  std::memcpy(buffer.data(), text.data(), kBytes);
  Task<Result<void>> writing = file->write_at(0, buffer.bytes());
  Result<void> written = co_await std::move(writing);
  EXPECT_EQ(code_of(written), 0);
  EXPECT_TRUE(contents_of(place.path()) == text);
  std::memset(buffer.data(), 0, kBytes);
  Task<Result<std::size_t>> reading = file->read_at(0, buffer.bytes());
  Result<std::size_t> read = co_await std::move(reading);
  EXPECT_EQ(read.value(), kBytes);
  EXPECT_EQ(std::memcmp(buffer.data(), text.data(), kBytes), 0);
  std::string unaligned(kBytes - 2, '\0');
  reading = file->read_at(1, std::as_writable_bytes(std::span(unaligned)));
  read = co_await std::move(reading);
  EXPECT_EQ(read.value(), unaligned.size());
  EXPECT_TRUE(unaligned == text.substr(1, kBytes - 2));
  opening = DirectFile::open("/proc/self/status", OpenMode::read);
  Result<DirectFile> refused = co_await std::move(opening);
  EXPECT_EQ(code_of(refused), EOPNOTSUPP);
}

template <template <class> class Routine>
Routine<int> write_part(DirectFile& file, std::size_t offset, std::string text) {
  Task<Result<void>> writing = file.write_at(offset, std::as_bytes(std::span(text)));
  Result<void> written = co_await std::move(writing);
  co_return code_of(written);
}

template <template <class> class Routine>
Routine<void> parts_of_one_block_are_written_beside_each_other(World) {
  const TemporaryPath place;
  Task<Result<DirectFile>> opening = DirectFile::open(place.path(), kNewDirect);
  Result<DirectFile> file = co_await std::move(opening);
  if (code_of(file) == EOPNOTSUPP) {
    skip_here("this file system knows no direct I/O");
    co_return;
  }
  std::vector<JoinHandle<int>> writers;
  std::string model;
  for (std::size_t i = 0; i < 12; ++i) {
    const std::string text(10, static_cast<char>('a' + i));
    model += text;
    writers.push_back(spawn_routine(write_part<Routine>(*file, i * 10, text)));
  }
  for (JoinHandle<int>& writer : writers) {
    Joined<int> joined = co_await writer.join();
    EXPECT_EQ(std::move(joined).value(), 0);
  }
  EXPECT_EQ(contents_of(place.path()), model);
}

}  // namespace

void add_direct_file_scenarios(Suite& suite) {
  suite.add("any_offset_and_length_is_read_and_written_directly",
            any_offset_and_length_is_read_and_written_directly<Task>,
            any_offset_and_length_is_read_and_written_directly<Script>);
  suite.add("aligned_memory_goes_straight", aligned_memory_goes_straight<Task>,
            aligned_memory_goes_straight<Script>);
  suite.add("parts_of_one_block_are_written_beside_each_other",
            parts_of_one_block_are_written_beside_each_other<Task>,
            parts_of_one_block_are_written_beside_each_other<Script>);
}

}  // namespace rota::testing_tasks

#include "task/copying.hpp"
#include "task/suite.hpp"
#include "task/temporary_path.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace rota::testing_tasks {
namespace {

/// A reader of which nothing is read by hand.
struct KernelReader : FileReader {
  using FileReader::FileReader;

  auto read(std::span<std::byte> into) noexcept {
    ADD_FAILURE() << "the kernel has left the copy to the process";
    return FileReader::read(into);
  }
};

/// And a writer to which nothing is written.
struct KernelWriter : FileWriter {
  using FileWriter::FileWriter;

  auto write_all(std::span<const std::byte> from, std::size_t* written) noexcept {
    ADD_FAILURE() << "the kernel has left the copy to the process";
    return FileWriter::write_all(from, written);
  }
};

template <template <class> class Routine>
Routine<void> a_file_is_copied_to_a_socket(World) {
  const TemporaryPath place;
  const std::string text = long_text(1'300'000);
  write_contents(place.path(), text);
  Result<File> file = co_await File::open(place.path(), OpenMode::read);
  auto pair = UnixStream::pair().value();
  JoinHandle<std::string> reading = spawn(all_of(std::move(pair.second)));
  KernelReader reader(*file, 5);
  Task<Result<std::uint64_t>> copying = copy(reader, pair.first);
  Result<std::uint64_t> copied = co_await std::move(copying);
  EXPECT_EQ(copied.value_or(0), text.size() - 5);
  EXPECT_EQ(reader.position(), text.size());
  Result<void> closed = co_await pair.first.close();
  EXPECT_EQ(code_of(closed), 0);
  Joined<std::string> received = co_await reading.join();
  EXPECT_TRUE(std::move(received).value() == text.substr(5));
}

template <template <class> class Routine>
Routine<void> a_pipe_is_copied_to_a_file(World) {
  const TemporaryPath place;
  const std::string text = long_text(500'000);
  write_contents(place.path(), "kept, and this is overwritten");
  Result<File> file = co_await File::open(place.path(), OpenMode::write);
  rota::Pipe pipe = rota::Pipe::make().value();
  JoinHandle<void> writing = spawn(write_and_end(std::move(pipe.writer), text));
  KernelWriter writer(*file, 6);
  Task<Result<std::uint64_t>> copying = copy(pipe.reader, writer);
  Result<std::uint64_t> copied = co_await std::move(copying);
  EXPECT_EQ(copied.value_or(0), text.size());
  EXPECT_EQ(writer.position(), text.size() + 6);
  EXPECT_TRUE(contents_of(place.path()) == "kept, " + text);
  Joined<void> written = co_await writing.join();
  EXPECT_TRUE(written.has_value());
}

template <template <class> class Routine>
Routine<void> a_file_is_copied_to_a_file(World) {
  const TemporaryPath place;
  const std::string text = long_text(9'000'000);
  write_contents(place.in("from"), text);
  write_contents(place.in("to"), "head");
  Result<File> from = co_await File::open(place.in("from"), OpenMode::read);
  Result<File> to = co_await File::open(place.in("to"), OpenMode::write);
  KernelReader reader(*from, 100);
  KernelWriter writer(*to, 4);
  std::uint64_t counted = 1;
  Task<Result<std::uint64_t>> copying = copy(reader, writer, &counted);
  Result<std::uint64_t> copied = co_await std::move(copying);
  EXPECT_EQ(copied.value_or(0), text.size() - 100);
  EXPECT_EQ(counted, text.size() - 100);
  EXPECT_EQ(reader.position(), text.size());
  EXPECT_EQ(writer.position(), text.size() - 96);
  EXPECT_TRUE(contents_of(place.in("to")) == "head" + text.substr(100));
  Task<Result<std::uint64_t>> again = copy(reader, writer, &counted);
  copied = co_await std::move(again);
  EXPECT_EQ(copied.value_or(1), 0u) << "there is no more";
  EXPECT_EQ(counted, 0u);
}

/// Its length is 0 until somebody reads it.
template <template <class> class Routine>
Routine<void> a_file_that_is_made_as_it_is_read_is_copied_whole(World) {
  const TemporaryPath place;
  const std::string text = contents_of("/proc/version");
  EXPECT_FALSE(text.empty());
  Result<File> from = co_await File::open("/proc/version", OpenMode::read);
  Result<File> to = co_await File::open(place.path(), kNewFile);
  FileReader reader(*from);
  FileWriter writer(*to);
  Task<Result<std::uint64_t>> copying = copy(reader, writer);
  Result<std::uint64_t> copied = co_await std::move(copying);
  EXPECT_EQ(copied.value_or(0), text.size());
  EXPECT_EQ(contents_of(place.path()), text);
  auto pair = UnixStream::pair().value();
  reader.seek(0);
  Task<Result<std::uint64_t>> sending = copy(reader, pair.first);
  copied = co_await std::move(sending);
  EXPECT_EQ(copied.value_or(0), text.size());
  EXPECT_EQ(reader.position(), text.size());
}

template <template <class> class Routine>
Routine<void> a_copy_goes_on_where_a_file_grew(World) {
  const TemporaryPath place;
  Result<File> from = co_await File::open(place.in("from"), kNewFile);
  Result<File> to = co_await File::open(place.in("to"), kNewFile);
  FileReader reader(*from);
  FileWriter writer(*to);
  for (const std::string_view part : {"", "grown", " and grown"}) {
    Result<void> written = co_await from->write_at(reader.position(), text_bytes(part));
    EXPECT_EQ(code_of(written), 0);
    Task<Result<std::uint64_t>> copying = copy(reader, writer);
    Result<std::uint64_t> copied = co_await std::move(copying);
    EXPECT_EQ(copied.value_or(99), part.size());
  }
  EXPECT_EQ(contents_of(place.in("to")), "grown and grown");
  Result<void> cut = co_await from->truncate(3);
  EXPECT_EQ(code_of(cut), 0);
  Task<Result<std::uint64_t>> beyond = copy(reader, writer);
  Result<std::uint64_t> nothing = co_await std::move(beyond);
  EXPECT_EQ(nothing.value_or(99), 0u) << "the file is shorter than it was";
  EXPECT_EQ(reader.position(), 15u);
}

template <template <class> class Routine>
Routine<void> a_stopped_copy_of_a_file_is_taken_up_again(World) {
  const TemporaryPath place;
  const std::string text = long_text(4'000'000);
  write_contents(place.path(), text);
  Result<File> file = co_await File::open(place.path(), OpenMode::read);
  auto pair = UnixStream::pair().value();
  FileReader reader(*file);
  std::uint64_t copied = 0;
  JoinHandle<std::error_code> stopped = spawn(failure_of_copy(reader, pair.first, copied));
  std::string first(1000, '\0');
  Result<std::size_t> got = co_await pair.second.read(text_room(first));
  first.resize(got.value_or(0));
  EXPECT_FALSE(stopped.is_done()) << "nobody reads the rest";
  stopped.request_stop();
  Joined<std::error_code> ended = co_await stopped.join();
  EXPECT_EQ(std::move(ended).value(), std::errc::operation_canceled);
  EXPECT_GT(copied, 0u);
  EXPECT_LT(copied, text.size());
  EXPECT_EQ(reader.position(), copied);
  const std::uint64_t before = copied;
  JoinHandle<std::string> reading = spawn(all_of(std::move(pair.second)));
  Task<std::error_code> rest = failure_of_copy(reader, pair.first, copied);
  std::error_code error = co_await std::move(rest);
  EXPECT_FALSE(error);
  EXPECT_EQ(before + copied, text.size());
  Result<void> closed = co_await pair.first.close();
  EXPECT_EQ(code_of(closed), 0);
  Joined<std::string> received = co_await reading.join();
  EXPECT_TRUE(first + std::move(received).value() == text);
}

}  // namespace

void add_copy_scenarios(Suite& suite) {
  suite.add("a_file_is_copied_to_a_socket", a_file_is_copied_to_a_socket<Task>,
            a_file_is_copied_to_a_socket<Script>);
  suite.add("a_pipe_is_copied_to_a_file", a_pipe_is_copied_to_a_file<Task>,
            a_pipe_is_copied_to_a_file<Script>);
  suite.add("a_file_is_copied_to_a_file", a_file_is_copied_to_a_file<Task>,
            a_file_is_copied_to_a_file<Script>);
  suite.add("a_file_that_is_made_as_it_is_read_is_copied_whole",
            a_file_that_is_made_as_it_is_read_is_copied_whole<Task>,
            a_file_that_is_made_as_it_is_read_is_copied_whole<Script>);
  suite.add("a_copy_goes_on_where_a_file_grew", a_copy_goes_on_where_a_file_grew<Task>,
            a_copy_goes_on_where_a_file_grew<Script>);
  suite.add("a_stopped_copy_of_a_file_is_taken_up_again",
            a_stopped_copy_of_a_file_is_taken_up_again<Task>,
            a_stopped_copy_of_a_file_is_taken_up_again<Script>);
}

}  // namespace rota::testing_tasks

#include "task/copying.hpp"
#include "task/suite.hpp"
#include "task/temporary_path.hpp"

#include <gtest/gtest.h>

#include <sys/uio.h>

#include <cerrno>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace rota::testing_tasks {
namespace {

template <template <class> class Routine>
Routine<void> a_file_is_a_stream_with_a_position(World) {
  const TemporaryPath place;
  Result<File> file = co_await File::open(place.path(), kNewFile);
  FileWriter writer(*file, 2);
  Result<void> whole = co_await writer.write_all(text_bytes("234"));
  EXPECT_EQ(code_of(whole), 0);
  Result<std::size_t> some = co_await writer.write(text_bytes("5"));
  EXPECT_EQ(some.value_or(0), 1u);
  std::string left = "67";
  std::string right = "89";
  iovec parts[2] = {{left.data(), 2}, {right.data(), 2}};
  some = co_await writer.write_vector(parts);
  EXPECT_EQ(writer.position(), 6 + some.value_or(0));
  writer.seek(6);
  whole = co_await writer.write_all(text_bytes("6789"));
  EXPECT_EQ(code_of(whole), 0);
  writer.seek(0);
  whole = co_await writer.write_all(text_bytes("01"));
  EXPECT_EQ(code_of(whole), 0);
  EXPECT_EQ(contents_of(place.path()), "0123456789");
  FileReader reader(*file, 7);
  some = co_await reader.read_vector(parts);
  EXPECT_EQ(left.substr(0, some.value_or(0)), std::string("78").substr(0, some.value_or(0)));
  EXPECT_EQ(reader.position(), 7 + some.value_or(0));
  reader.seek(8);
  std::string room(10, '\0');
  some = co_await reader.read(text_room(room));
  EXPECT_EQ(room.substr(0, some.value_or(0)), "89");
  some = co_await reader.read(text_room(room));
  EXPECT_EQ(some.value_or(1), 0u) << "the end";
  Result<File> only_read = co_await File::open(place.path(), OpenMode::read);
  FileWriter refused(*only_read, 3);
  std::size_t written = 1;
  whole = co_await refused.write_all(text_bytes("x"), &written);
  EXPECT_EQ(code_of(whole), EBADF);
  EXPECT_EQ(written, 0u);
  EXPECT_EQ(refused.position(), 3u);
}

template <template <class> class Routine>
Routine<void> a_file_is_read_and_written_through_buffers(World) {
  const TemporaryPath place;
  Result<File> file = co_await File::open(place.path(), kNewFile);
  FileWriter writer(*file);
  BufferedWriter<FileWriter> out(writer, 16);
  for (const std::string_view line :
       {"one\n", "a line that is longer than the buffer\n", "end\n"}) {
    Task<Result<void>> writing = out.write(line);
    Result<void> written = co_await std::move(writing);
    EXPECT_EQ(code_of(written), 0);
  }
  Task<Result<void>> flushing = out.flush();
  Result<void> flushed = co_await std::move(flushing);
  EXPECT_EQ(code_of(flushed), 0);
  EXPECT_EQ(writer.position(), 46u);
  FileReader reader(*file, 4);
  BufferedReader<FileReader> in(reader, 16);
  for (const std::string_view line : {"a line that is longer than the buffer", "end"}) {
    Task<Result<std::optional<std::string>>> reading = in.read_line(100);
    Result<std::optional<std::string>> got = co_await std::move(reading);
    EXPECT_EQ(got.value().value_or("none"), line);
  }
}

}  // namespace

void add_file_stream_scenarios(Suite& suite) {
  suite.add("a_file_is_a_stream_with_a_position", a_file_is_a_stream_with_a_position<Task>,
            a_file_is_a_stream_with_a_position<Script>);
  suite.add("a_file_is_read_and_written_through_buffers",
            a_file_is_read_and_written_through_buffers<Task>,
            a_file_is_read_and_written_through_buffers<Script>);
}

}  // namespace rota::testing_tasks

#include "task/suite.hpp"
#include "task/temporary_path.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace rota::testing_tasks {
namespace {

constexpr OpenMode kNewFile = OpenMode::read | OpenMode::write | OpenMode::create;

std::string long_text(std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return text;
}

std::span<const std::byte> text_bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}
std::span<std::byte> text_room(std::string& text) {
  return std::as_writable_bytes(std::span(text));
}

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

template <class Stream>
Task<std::string> all_of(Stream from) {
  std::string all;
  std::string part(64 * 1024, '\0');
  for (;;) {
    Result<std::size_t> got = co_await from.read(text_room(part));
    EXPECT_TRUE(got.has_value());
    if (!got || *got == 0) break;
    all.append(part, 0, *got);
  }
  co_return all;
}

template <class Stream>
Task<void> write_and_end(Stream to, std::string text) {
  Result<void> written = co_await to.write_all(text_bytes(text));
  EXPECT_EQ(code_of(written), 0);
  Result<void> closed = co_await to.close();
  EXPECT_EQ(code_of(closed), 0);
}

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
  Pipe pipe = Pipe::make().value();
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

template <class From, class To>
Task<std::error_code> failure_of_copy(From& from, To& to, std::uint64_t& copied) {
  Task<Result<std::uint64_t>> copying = copy(from, to, &copied);
  Result<std::uint64_t> done = co_await std::move(copying);
  co_return done ? std::error_code() : done.error();
}

template <template <class> class Routine>
Routine<void> what_cannot_be_copied_is_told_and_can_be_read_again(World) {
  const TemporaryPath place;
  write_contents(place.in("from"), "text");
  write_contents(place.in("to"), "old");
  Result<File> from = co_await File::open(place.in("from"), OpenMode::read);
  Result<File> to = co_await File::open(place.in("to"), OpenMode::read);
  FileReader reader(*from, 1);
  FileWriter writer(*to, 1);
  std::uint64_t copied = 1;
  Task<std::error_code> to_reader = failure_of_copy(reader, writer, copied);
  std::error_code error = co_await std::move(to_reader);
  EXPECT_EQ(error, std::errc::bad_file_descriptor) << "opened for reading";
  EXPECT_EQ(copied, 0u);
  Pipe pipe = Pipe::make().value();
  Result<void> sent = co_await pipe.writer.write_all(text_bytes("piped"));
  EXPECT_EQ(code_of(sent), 0);
  Task<std::error_code> piped = failure_of_copy(pipe.reader, writer, copied);
  error = co_await std::move(piped);
  EXPECT_EQ(error, std::errc::bad_file_descriptor);
  auto pair = UnixStream::pair().value();
  Result<void> closed = co_await pair.second.close();
  EXPECT_EQ(code_of(closed), 0);
  Task<std::error_code> to_nobody = failure_of_copy(reader, pair.first, copied);
  error = co_await std::move(to_nobody);
  EXPECT_EQ(error, std::errc::broken_pipe);
  EXPECT_EQ(reader.position(), 1u);
  EXPECT_EQ(writer.position(), 1u);
  closed = co_await to->close();
  EXPECT_EQ(code_of(closed), 0);
  Task<std::error_code> to_closed = failure_of_copy(reader, writer, copied);
  error = co_await std::move(to_closed);
  EXPECT_EQ(error, std::errc::bad_file_descriptor);
  reader.seek(std::numeric_limits<std::uint64_t>::max());
  Task<std::error_code> from_nowhere = failure_of_copy(reader, pair.first, copied);
  error = co_await std::move(from_nowhere);
  EXPECT_EQ(error, std::errc::invalid_argument);
  EXPECT_EQ(contents_of(place.in("to")), "old");
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

/// No file of this process grows beyond so many bytes meanwhile.
class FileLimit {
 public:
  explicit FileLimit(rlim_t bytes) : action_(::signal(SIGXFSZ, SIG_IGN)) {
    EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &before_), 0);
    const rlimit limit{bytes, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  ~FileLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, action_);
  }
  FileLimit(const FileLimit&) = delete;
  FileLimit& operator=(const FileLimit&) = delete;

 private:
  void (*action_)(int);
  rlimit before_{};
};

template <template <class> class Routine>
Routine<void> a_copy_to_a_disk_that_is_full_tells_how_much_is_there(World) {
  constexpr std::size_t kLimit = 100'000;
  const TemporaryPath place;
  const std::string text = long_text(300'000);
  write_contents(place.in("from"), text);
  Result<File> from = co_await File::open(place.in("from"), OpenMode::read);
  Result<File> to = co_await File::open(place.in("to"), kNewFile);
  Result<File> other = co_await File::open(place.in("other"), kNewFile);
  FileReader reader(*from);
  FileWriter writer(*to);
  Pipe pipe = Pipe::make().value();
  std::optional<FileLimit> limit(kLimit);
  std::uint64_t copied = 0;
  Task<std::error_code> copying = failure_of_copy(reader, writer, copied);
  std::error_code error = co_await std::move(copying);
  EXPECT_EQ(error, std::errc::file_too_large);
  EXPECT_EQ(copied, kLimit);
  EXPECT_EQ(reader.position(), kLimit);
  EXPECT_EQ(writer.position(), kLimit);
  JoinHandle<void> writing = spawn(write_and_end(std::move(pipe.writer), text.substr(0, 150'000)));
  FileWriter piped(*other);
  Task<std::error_code> receiving = failure_of_copy(pipe.reader, piped, copied);
  error = co_await std::move(receiving);
  EXPECT_EQ(error, std::errc::file_too_large);
  EXPECT_EQ(copied, kLimit);
  limit.reset();
  EXPECT_TRUE(contents_of(place.in("to")) == text.substr(0, kLimit));
  EXPECT_TRUE(contents_of(place.in("other")) == text.substr(0, kLimit));
  Task<std::string> draining = all_of(std::move(pipe.reader));
  std::string rest = co_await std::move(draining);
  EXPECT_LE(rest.size(), 150'000 - kLimit);
  Joined<void> written = co_await writing.join();
  EXPECT_TRUE(written.has_value());
}

/// Copies what `from` has to a standard stream that is a file opened so.
template <class From>
Task<void> copy_to_standard(From& from, std::string path, int flags) {
  const OwnedFd fd(::open(path.c_str(), flags | O_CLOEXEC, 0600));
  Result<OutputStream> to = OutputStream::borrow(fd.number());
  EXPECT_TRUE(to.has_value());
  std::uint64_t copied = 0;
  Task<std::error_code> copying = failure_of_copy(from, *to, copied);
  std::error_code error = co_await std::move(copying);
  EXPECT_FALSE(error);
  Result<void> closed = co_await to->close();
  EXPECT_EQ(code_of(closed), 0);
}

template <template <class> class Routine>
Routine<void> standard_streams_are_copied(World) {
  const TemporaryPath place;
  const std::string text = long_text(200'000);
  write_contents(place.in("from"), text);
  write_contents(place.in("appended"), "head ");
  for (const int flags : {O_WRONLY | O_CREAT, O_WRONLY | O_APPEND}) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const OwnedFd theirs(ends[0]);
    Result<InputStream> from = InputStream::borrow(theirs.number());
    OwnedFd writer(ends[1]);
    EXPECT_EQ(::write(writer.number(), "through a pipe", 14), 14);
    writer = OwnedFd();
    const bool appends = (flags & O_APPEND) != 0;
    Task<void> copying = copy_to_standard(*from, place.in(appends ? "appended" : "to"), flags);
    co_await std::move(copying);
    Result<void> closed = co_await from->close();
    EXPECT_EQ(code_of(closed), 0);
  }
  EXPECT_EQ(contents_of(place.in("to")), "through a pipe");
  EXPECT_EQ(contents_of(place.in("appended")), "head through a pipe");
  const OwnedFd file(::open(place.in("from").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(::lseek(file.number(), 10, SEEK_SET), 10);
  Result<InputStream> from = InputStream::borrow(file.number());
  Task<void> copying = copy_to_standard(*from, place.in("whole"), O_WRONLY | O_CREAT);
  co_await std::move(copying);
  EXPECT_TRUE(contents_of(place.in("whole")) == text.substr(10));
  Result<void> closed = co_await from->close();
  EXPECT_EQ(code_of(closed), 0);
}

template <template <class> class Routine>
Routine<void> a_terminal_is_copied_to_a_file(World) {
  const TemporaryPath place;
  Result<File> file = co_await File::open(place.path(), kNewFile);
  FileWriter writer(*file);
  Result<Process> child = Command("echo").arg("hello").on_terminal().spawn();
  std::uint64_t copied = 0;
  Task<std::error_code> copying = failure_of_copy(*child->terminal, writer, copied);
  std::error_code error = co_await std::move(copying);
  EXPECT_EQ(error, std::errc::io_error) << "how a terminal ends";
  EXPECT_EQ(copied, 7u);
  EXPECT_EQ(contents_of(place.path()), "hello\r\n");
  Task<Result<ExitStatus>> waiting = child->wait();
  Result<ExitStatus> status = co_await std::move(waiting);
  EXPECT_TRUE(status->success());
}

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
  suite.add("what_cannot_be_copied_is_told_and_can_be_read_again",
            what_cannot_be_copied_is_told_and_can_be_read_again<Task>,
            what_cannot_be_copied_is_told_and_can_be_read_again<Script>);
  suite.add("a_stopped_copy_of_a_file_is_taken_up_again",
            a_stopped_copy_of_a_file_is_taken_up_again<Task>,
            a_stopped_copy_of_a_file_is_taken_up_again<Script>);
  suite.add("a_copy_to_a_disk_that_is_full_tells_how_much_is_there",
            a_copy_to_a_disk_that_is_full_tells_how_much_is_there<Task>,
            a_copy_to_a_disk_that_is_full_tells_how_much_is_there<Script>);
  suite.add("standard_streams_are_copied", standard_streams_are_copied<Task>,
            standard_streams_are_copied<Script>);
  suite.add("a_terminal_is_copied_to_a_file", a_terminal_is_copied_to_a_file<Task>,
            a_terminal_is_copied_to_a_file<Script>);
  suite.add("a_file_is_a_stream_with_a_position", a_file_is_a_stream_with_a_position<Task>,
            a_file_is_a_stream_with_a_position<Script>);
  suite.add("a_file_is_read_and_written_through_buffers",
            a_file_is_read_and_written_through_buffers<Task>,
            a_file_is_read_and_written_through_buffers<Script>);
}

}  // namespace rota::testing_tasks

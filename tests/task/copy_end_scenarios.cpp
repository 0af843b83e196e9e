#include "task/copying.hpp"
#include "task/suite.hpp"
#include "task/temporary_path.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace rota::testing_tasks {
namespace {

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
  rota::Pipe pipe = rota::Pipe::make().value();
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
  rota::Pipe pipe = rota::Pipe::make().value();
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
Task<void> copy_to_standard(From& from, const std::string& path, int flags) {
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
    const std::string path = place.in(appends ? "appended" : "to");
    Task<void> copying = copy_to_standard(*from, path, flags);
    co_await std::move(copying);
    Result<void> closed = co_await from->close();
    EXPECT_EQ(code_of(closed), 0);
  }
  EXPECT_EQ(contents_of(place.in("to")), "through a pipe");
  EXPECT_EQ(contents_of(place.in("appended")), "head through a pipe");
  const OwnedFd file(::open(place.in("from").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(::lseek(file.number(), 10, SEEK_SET), 10);
  Result<InputStream> from = InputStream::borrow(file.number());
  const std::string whole = place.in("whole");
  Task<void> copying = copy_to_standard(*from, whole, O_WRONLY | O_CREAT);
  co_await std::move(copying);
  EXPECT_TRUE(contents_of(whole) == text.substr(10));
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

}  // namespace

void add_copy_end_scenarios(Suite& suite) {
  suite.add("what_cannot_be_copied_is_told_and_can_be_read_again",
            what_cannot_be_copied_is_told_and_can_be_read_again<Task>,
            what_cannot_be_copied_is_told_and_can_be_read_again<Script>);
  suite.add("a_copy_to_a_disk_that_is_full_tells_how_much_is_there",
            a_copy_to_a_disk_that_is_full_tells_how_much_is_there<Task>,
            a_copy_to_a_disk_that_is_full_tells_how_much_is_there<Script>);
  suite.add("standard_streams_are_copied", standard_streams_are_copied<Task>,
            standard_streams_are_copied<Script>);
  suite.add("a_terminal_is_copied_to_a_file", a_terminal_is_copied_to_a_file<Task>,
            a_terminal_is_copied_to_a_file<Script>);
}

}  // namespace rota::testing_tasks

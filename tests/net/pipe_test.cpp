#include "net/net_fixture.hpp"

#include <rota/pipe.hpp>
#include <rota/standard_stream.hpp>

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <system_error>

namespace rota::testing_net {
namespace {

class PipeTest : public NetTest {};
INSTANTIATE_TEST_SUITE_P(Drivers, PipeTest, kDrivers, name_of);

Task<void> write_and_close(PipeWriter& writer, std::string text) {
  Result<void> written = co_await writer.write_all(bytes_of(text));
  EXPECT_TRUE(written.has_value());
  Result<void> closed = co_await writer.close();
  EXPECT_TRUE(closed.has_value());
}

Task<void> send_through_a_pipe() {
  Pipe pipe = Pipe::make().value();
  const std::string text(300'000, 'p');
  JoinHandle<void> writing = spawn(write_and_close(pipe.writer, text));
  Task<std::string> reading = read_to_end(pipe.reader);
  std::string received = co_await std::move(reading);
  EXPECT_TRUE(received == text);
  Joined<void> ended = co_await writing.join();
  EXPECT_TRUE(ended.has_value());
}

TEST_P(PipeTest, what_is_written_is_read_until_the_writer_closes) { run(send_through_a_pipe()); }

Task<void> write_without_a_reader() {
  Pipe pipe = Pipe::make().value();
  Result<void> closed = co_await pipe.reader.close();
  EXPECT_TRUE(closed.has_value());
  Result<std::size_t> written = co_await pipe.writer.write(bytes_of("x"));
  EXPECT_EQ(written.error(), std::errc::broken_pipe);
}

TEST_P(PipeTest, a_write_without_a_reader_is_an_error_and_no_signal) {
  void (*before)(int) = ::signal(SIGPIPE, SIG_DFL);
  run(write_without_a_reader());
  ::signal(SIGPIPE, before);
}

Task<std::string> read_fifo(std::string path) {
  Task<Result<PipeReader>> opening = PipeReader::open(path);
  Result<PipeReader> reader = co_await std::move(opening);
  if (!reader) co_return reader.error().message();
  Task<std::string> reading = read_to_end(*reader);
  std::string text = co_await std::move(reading);
  // The next writer must not find this reader.
  Result<void> closed = co_await reader->close();
  EXPECT_TRUE(closed.has_value());
  co_return text;
}

Task<std::error_code> write_fifo(std::string path) {
  Task<Result<PipeWriter>> opening = PipeWriter::open(path);
  Result<PipeWriter> writer = co_await std::move(opening);
  if (!writer) co_return writer.error();
  Result<void> written = co_await writer->write_all(bytes_of("through a fifo"));
  co_return written ? std::error_code() : written.error();
}

Task<void> meet_in_a_fifo(std::string path) {
  EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
  // The reader is first, and then the writer, on the one worker: neither blocks it.
  JoinHandle<std::string> reading = spawn(read_fifo(path));
  Result<void> parked = co_await sleep(Duration(1'000'000));
  EXPECT_TRUE(parked.has_value());
  JoinHandle<std::error_code> writing = spawn(write_fifo(path));
  Joined<std::string> text = co_await reading.join();
  EXPECT_EQ(std::move(text).value(), "through a fifo");
  Joined<std::error_code> written = co_await writing.join();
  EXPECT_EQ(std::move(written).value(), std::error_code());
  // And the other way round.
  JoinHandle<std::error_code> early = spawn(write_fifo(path));
  Result<void> waited = co_await sleep(Duration(3'000'000));
  EXPECT_TRUE(waited.has_value());
  JoinHandle<std::string> late = spawn(read_fifo(path));
  Joined<std::string> again = co_await late.join();
  EXPECT_EQ(std::move(again).value(), "through a fifo");
  Joined<std::error_code> early_ended = co_await early.join();
  EXPECT_EQ(std::move(early_ended).value(), std::error_code());
}

TEST_P(PipeTest, a_fifo_is_opened_without_blocking_the_worker) {
  const ScratchFolder folder;
  run(meet_in_a_fifo(folder / "fifo"));
}

Task<void> open_alone(std::string path) {
  EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
  JoinHandle<std::string> reading = spawn(read_fifo(path));
  JoinHandle<std::error_code> absent = spawn(write_fifo(path + ".not"));
  Result<void> parked = co_await sleep(Duration(1'000'000));
  EXPECT_TRUE(parked.has_value());
  reading.request_stop();
  Joined<std::string> ended = co_await reading.join();
  EXPECT_EQ(std::move(ended).value(), os_error(ECANCELED).message());
  Joined<std::error_code> refused = co_await absent.join();
  EXPECT_EQ(std::move(refused).value(), std::errc::no_such_file_or_directory);
  JoinHandle<std::error_code> waiting = spawn(write_fifo(path));
  Result<void> waited = co_await sleep(Duration(3'000'000));
  EXPECT_TRUE(waited.has_value());
  waiting.request_stop();
  Joined<std::error_code> stopped = co_await waiting.join();
  EXPECT_EQ(std::move(stopped).value(), std::errc::operation_canceled);
}

TEST_P(PipeTest, waiting_for_the_other_end_of_a_fifo_is_stopped) {
  const ScratchFolder folder;
  run(open_alone(folder / "fifo"));
}

/// A terminal as a shell would hand it on, with the master in the test's hands.
struct Terminal {
  Terminal() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::openpty(&ends[0], &ends[1], nullptr, nullptr, nullptr), 0);
    master = OwnedFd(ends[0]);
    slave = OwnedFd(ends[1]);
  }
  OwnedFd master;
  OwnedFd slave;
};

Task<std::string> read_once(InputStream& input) {
  std::string text(64, '\0');
  Result<std::size_t> got = co_await input.read(room_in(text));
  text.resize(got.value_or(0));
  co_return text;
}

Task<void> read_a_terminal() {
  const Terminal terminal;
  InputStream input = InputStream::borrow(terminal.slave.number()).value();
  EXPECT_TRUE(input.is_terminal());
  JoinHandle<std::string> reading = spawn(read_once(input));
  Result<void> parked = co_await sleep(Duration(1'000'000));
  EXPECT_TRUE(parked.has_value());
  EXPECT_EQ(::write(terminal.master.number(), "typed\n", 6), 6);
  Joined<std::string> line = co_await reading.join();
  EXPECT_EQ(std::move(line).value(), "typed\n");
  EXPECT_EQ(::fcntl(terminal.slave.number(), F_GETFL) & O_NONBLOCK, 0) << "others have it too";
  Result<void> closed = co_await input.close();
  EXPECT_TRUE(closed.has_value());
  EXPECT_NE(::fcntl(terminal.slave.number(), F_GETFD), -1) << "it was only borrowed";
}

TEST_P(PipeTest, a_terminal_is_read_without_changing_it) { run(read_a_terminal()); }

Task<bool> write_text(OutputStream& output, const std::string& text) {
  Result<void> written = co_await output.write_all(bytes_of(text));
  co_return written.has_value();
}

Task<void> write_to_a_shared_pipe() {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const OwnedFd reader(ends[0]);
  const OwnedFd writer(ends[1]);
  InputStream input = InputStream::borrow(reader.number()).value();
  {
    OutputStream output = OutputStream::borrow(writer.number()).value();
    EXPECT_FALSE(output.is_terminal());
    const std::string text(200'000, 'o');
    JoinHandle<bool> writing = spawn(write_text(output, text));
    std::string received;
    std::string part(4096, '\0');
    while (received.size() < text.size()) {
      Result<std::size_t> got = co_await input.read(room_in(part));
      if (got.value_or(0) == 0) break;
      received.append(part, 0, *got);
    }
    EXPECT_TRUE(received == text);
    Joined<bool> written = co_await writing.join();
    EXPECT_TRUE(std::move(written).value());
  }
  EXPECT_EQ(::fcntl(writer.number(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_P(PipeTest, a_shared_pipe_is_written_without_changing_it) { run(write_to_a_shared_pipe()); }

Task<void> read_a_borrowed_file(std::string path) {
  const OwnedFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  OutputStream output = OutputStream::borrow(file.number()).value();
  Result<void> written = co_await output.write_all(bytes_of("kept in a file"));
  EXPECT_TRUE(written.has_value());
  Result<void> forgotten = co_await output.close();
  EXPECT_TRUE(forgotten.has_value());
  EXPECT_EQ(::lseek(file.number(), 0, SEEK_SET), 0);
  InputStream input = InputStream::borrow(file.number()).value();
  Task<std::string> reading = read_to_end(input);
  std::string text = co_await std::move(reading);
  EXPECT_EQ(text, "kept in a file");
}

TEST_P(PipeTest, a_file_as_standard_stream_is_read_to_its_end) {
  const ScratchFolder folder;
  run(read_a_borrowed_file(folder / "file"));
}

}  // namespace
}  // namespace rota::testing_net

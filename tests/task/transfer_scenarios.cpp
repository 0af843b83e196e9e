#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace rota::testing_tasks {
namespace {

/// More than the buffers of both ends of a connection hold.
constexpr std::size_t kTooMuch = 32 << 20;

struct Written {
  std::size_t bytes = 0;
  int error = 0;
};

template <template <class> class Routine>
Routine<void> write_too_much(TcpStream& stream, Written& written) {
  const std::vector<std::byte> bytes(kTooMuch);
  Result<void> result = co_await stream.write_all(bytes, &written.bytes);
  written.error = result ? 0 : result.error().value();
}

template <template <class> class Routine>
Routine<std::size_t> count_until_the_end(TcpStream& stream) {
  std::vector<std::byte> buffer(1 << 20);
  std::size_t count = 0;
  for (;;) {
    Result<std::size_t> read = co_await stream.read(buffer);
    EXPECT_TRUE(read.has_value());
    if (!read || *read == 0) break;
    count += *read;
  }
  co_return count;
}

template <template <class> class Routine>
Routine<void> what_is_written_in_place_arrives(World) {
  Result<TcpListener> listener = TcpListener::bind(Address::loopback(0));
  const Address address = listener->local_address().value();
  Result<TcpStream> near = co_await TcpStream::connect(address);
  Result<TcpStream> far = co_await listener->accept();
  JoinHandle<std::size_t> reader = spawn_routine(count_until_the_end<Routine>(*far));
  const std::vector<std::byte> bytes(3 << 20);
  std::size_t count = 0;
  Result<void> written = co_await near->write_all_in_place(bytes, &count);
  EXPECT_TRUE(written.has_value());
  EXPECT_EQ(count, bytes.size());
  Result<void> nothing = co_await near->write_all_in_place({});
  EXPECT_TRUE(nothing.has_value());
  EXPECT_TRUE(near->shutdown(ShutdownHalf::write).has_value());
  Joined<std::size_t> read = co_await reader.join();
  EXPECT_EQ(std::move(read).value(), bytes.size());
}

template <template <class> class Routine>
Routine<void> a_stopped_write_of_every_byte_tells_how_many_went(World) {
  Result<TcpListener> listener = TcpListener::bind(Address::loopback(0));
  const Address address = listener->local_address().value();
  Result<TcpStream> near = co_await TcpStream::connect(address);
  Result<TcpStream> far = co_await listener->accept();
  Written written;
  JoinHandle<void> writer = spawn_routine(write_too_much<Routine>(*near, written));
  for (int i = 0; i < 4; ++i) co_await yield();
  EXPECT_FALSE(writer.is_done()) << "nobody reads";
  writer.request_stop();
  Joined<void> joined = co_await writer.join();
  EXPECT_TRUE(joined.has_value());
  EXPECT_EQ(written.error, ECANCELED);
  EXPECT_LT(written.bytes, kTooMuch);
  EXPECT_TRUE(near->shutdown(ShutdownHalf::write).has_value());
  std::size_t received = co_await as_task(count_until_the_end<Routine>(*far));
  EXPECT_EQ(received, written.bytes);
}

template <template <class> class Routine>
Routine<void> a_write_that_the_peer_resets_has_its_own_error(World) {
  Result<TcpListener> listener = TcpListener::bind(Address::loopback(0));
  const Address address = listener->local_address().value();
  Result<TcpStream> near = co_await TcpStream::connect(address);
  Result<TcpStream> far = co_await listener->accept();
  Written written;
  JoinHandle<void> writer = spawn_routine(write_too_much<Routine>(*near, written));
  for (int i = 0; i < 4; ++i) co_await yield();
  EXPECT_TRUE(far->set_linger(0).has_value());
  Result<void> closed = co_await far->close();
  EXPECT_TRUE(closed.has_value());
  Joined<void> joined = co_await writer.join();
  EXPECT_TRUE(joined.has_value());
  EXPECT_TRUE(written.error == ECONNRESET || written.error == EPIPE) << written.error;
  EXPECT_LT(written.bytes, kTooMuch);
}

/// To the kernel an offset of -1 is the current position, which belongs to nobody here.
template <template <class> class Routine>
Routine<void> an_offset_beyond_the_kernels_numbers_is_refused(World) {
  constexpr std::uint64_t kBeyond = std::uint64_t{1} << 63;
  constexpr std::uint64_t kCurrent = std::numeric_limits<std::uint64_t>::max();
  const std::string path = testing::TempDir();
  Result<File> file = co_await File::open(path, OpenMode::read);
  EXPECT_TRUE(file.has_value());
  std::array<std::byte, 4> bytes{};
  iovec part{bytes.data(), bytes.size()};
  for (std::uint64_t offset : {kBeyond, kCurrent}) {
    Result<std::size_t> read = co_await file->read_at(offset, bytes);
    EXPECT_EQ(read.error(), std::errc::invalid_argument);
    Result<void> written = co_await file->write_at(offset, bytes);
    EXPECT_EQ(written.error(), std::errc::invalid_argument);
    read = co_await file->read_vector_at(offset, std::span(&part, 1));
    EXPECT_EQ(read.error(), std::errc::invalid_argument);
    read = co_await file->write_vector_at(offset, std::span(&part, 1));
    EXPECT_EQ(read.error(), std::errc::invalid_argument);
  }
}

template <template <class> class Routine>
Routine<void> what_was_closed_answers_bad_file_descriptor(World) {
  Result<TcpListener> listener = TcpListener::bind(Address::loopback(0));
  const Address address = listener->local_address().value();
  Result<TcpStream> stream = co_await TcpStream::connect(address);
  Result<void> closed = co_await stream->close();
  EXPECT_TRUE(closed.has_value());
  std::array<std::byte, 4> bytes{};
  Result<std::size_t> read = co_await stream->read(bytes);
  EXPECT_EQ(read.error(), std::errc::bad_file_descriptor);
  Result<void> written = co_await stream->write_all(bytes);
  EXPECT_EQ(written.error(), std::errc::bad_file_descriptor);
  Result<void> again = co_await stream->close();
  EXPECT_EQ(again.error(), std::errc::bad_file_descriptor);
  EXPECT_EQ(stream->set_no_delay(true).error(), std::errc::bad_file_descriptor);
  EXPECT_EQ(stream->fd(), -1);
  closed = co_await listener->close();
  EXPECT_TRUE(closed.has_value());
  Result<TcpStream> accepted = co_await listener->accept();
  EXPECT_EQ(accepted.error(), std::errc::bad_file_descriptor);
}

template <template <class> class Routine>
Routine<void> a_close_that_nobody_awaits_closes_all_the_same(World) {
  Result<TcpListener> listener = TcpListener::bind(Address::loopback(0));
  const Address address = listener->local_address().value();
  Result<TcpStream> near = co_await TcpStream::connect(address);
  Result<TcpStream> far = co_await listener->accept();
  static_cast<void>(near->close());
  std::array<std::byte, 4> bytes{};
  Result<std::size_t> read = co_await far->read(bytes);
  EXPECT_EQ(read.value(), 0u) << "the end of the stream";
}

/// Whether this file system can tell that a read would not block.
bool reads_without_blocking(int fd) {
  std::byte byte{};
  iovec part{&byte, 1};
  return ::preadv2(fd, &part, 1, 0, RWF_NOWAIT) == 1;
}

template <template <class> class Routine>
Routine<void> a_lone_read_of_a_page_that_is_cached_does_not_suspend(World world) {
  const std::string path = testing::TempDir() + "/rota-lone-read";
  Result<File> file = co_await File::open(
      path, OpenMode::read | OpenMode::write | OpenMode::create | OpenMode::truncate);
  EXPECT_TRUE(file.has_value());
  ::unlink(path.c_str());
  std::array<std::byte, 4096> bytes{};
  Result<void> written = co_await file->write_at(0, bytes);
  EXPECT_TRUE(written.has_value());
  const bool simulated = world.driver == DriverKind::sim;
  if (!simulated && reads_without_blocking(file->fd())) {
    const std::uint64_t before = world.runtime.counters().immediate;
    Result<std::size_t> read = co_await file->read_at(0, bytes);
    EXPECT_EQ(read.value(), bytes.size());
    EXPECT_EQ(world.runtime.counters().immediate, before + 1);
  }
}

}  // namespace

void add_transfer_scenarios(Suite& suite) {
  suite.add("what_is_written_in_place_arrives", what_is_written_in_place_arrives<Task>,
            what_is_written_in_place_arrives<Script>);
  suite.add("a_stopped_write_of_every_byte_tells_how_many_went",
            a_stopped_write_of_every_byte_tells_how_many_went<Task>,
            a_stopped_write_of_every_byte_tells_how_many_went<Script>);
  suite.add("a_write_that_the_peer_resets_has_its_own_error",
            a_write_that_the_peer_resets_has_its_own_error<Task>,
            a_write_that_the_peer_resets_has_its_own_error<Script>);
  suite.add("an_offset_beyond_the_kernels_numbers_is_refused",
            an_offset_beyond_the_kernels_numbers_is_refused<Task>,
            an_offset_beyond_the_kernels_numbers_is_refused<Script>);
  suite.add("what_was_closed_answers_bad_file_descriptor",
            what_was_closed_answers_bad_file_descriptor<Task>,
            what_was_closed_answers_bad_file_descriptor<Script>);
  suite.add("a_lone_read_of_a_page_that_is_cached_does_not_suspend",
            a_lone_read_of_a_page_that_is_cached_does_not_suspend<Task>,
            a_lone_read_of_a_page_that_is_cached_does_not_suspend<Script>, RunOrder::queue);
  suite.add("a_close_that_nobody_awaits_closes_all_the_same",
            a_close_that_nobody_awaits_closes_all_the_same<Task>,
            a_close_that_nobody_awaits_closes_all_the_same<Script>);
}

}  // namespace rota::testing_tasks

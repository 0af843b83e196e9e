#include "net/net_fixture.hpp"
#include "open_fds.hpp"

#include <unistd.h>

#include <array>
#include <system_error>

namespace rota::testing_net {
namespace {

class UnixStreamTest : public NetTest {};
INSTANTIATE_TEST_SUITE_P(Drivers, UnixStreamTest, kDrivers, name_of);

TEST(UnixAddressTest, a_path_and_a_name_come_back_as_they_were_given) {
  EXPECT_EQ(UnixAddress::path("/run/x").value().path(), "/run/x");
  EXPECT_EQ(UnixAddress::abstract(std::string_view("a\0b", 3)).value().abstract().size(), 3u);
  EXPECT_TRUE(UnixAddress().is_nowhere());
  EXPECT_EQ(UnixAddress::abstract("x").value().to_string(), "@x");
  EXPECT_NE(UnixAddress::abstract("x").value(), UnixAddress::path("x").value());
}

TEST(UnixAddressTest, what_is_no_name_is_refused) {
  EXPECT_EQ(UnixAddress::path("").error(), std::errc::invalid_argument);
  EXPECT_EQ(UnixAddress::path(std::string_view("a\0b", 3)).error(), std::errc::invalid_argument);
  const std::string long_name(108, 'x');
  EXPECT_EQ(UnixAddress::path(long_name).error(), std::errc::filename_too_long);
  EXPECT_EQ(UnixAddress::abstract(long_name).error(), std::errc::filename_too_long);
  const std::string longest(107, 'x');
  EXPECT_EQ(UnixAddress::path(longest).value().path(), longest);
  EXPECT_EQ(UnixAddress::abstract(longest).value().abstract(), longest);
}

Task<void> serve_once(UnixListener& listener) {
  Result<UnixStream> peer = co_await listener.accept();
  if (!peer) co_return;
  std::string request(5, '\0');
  for (std::size_t done = 0; done < 5;) {
    Result<std::size_t> got = co_await peer->read(room_in(request).subspan(done));
    if (got.value_or(0) == 0) co_return;
    done += *got;
  }
  Result<void> answered = co_await peer->write_all(bytes_of("you said " + request));
  EXPECT_TRUE(answered.has_value());
}

Task<void> ask(UnixListener& listener) {
  JoinHandle<void> server = spawn(serve_once(listener));
  Task<Result<UnixStream>> connecting = UnixStream::connect(listener.local_address().value());
  Result<UnixStream> connected = co_await std::move(connecting);
  EXPECT_TRUE(connected.has_value()) << connected.error().message();
  if (!connected) co_return;
  const PeerCredentials server_is = connected->peer_credentials().value();
  EXPECT_EQ(server_is.process, ::getpid());
  EXPECT_EQ(server_is.user, ::geteuid());
  EXPECT_EQ(server_is.group, ::getegid());
  EXPECT_EQ(connected->peer_address().value(), listener.local_address().value());
  EXPECT_TRUE(connected->local_address().value().is_nowhere());
  Result<void> asked = co_await connected->write_all(bytes_of("hello"));
  EXPECT_TRUE(asked.has_value());
  Task<std::string> reading = read_to_end(*connected);
  std::string answer = co_await std::move(reading);
  EXPECT_EQ(answer, "you said hello");
  Joined<void> served = co_await server.join();
  EXPECT_TRUE(served.has_value());
}

Task<void> ask_at(UnixAddress at) {
  Result<UnixListener> listener = UnixListener::bind(at);
  EXPECT_TRUE(listener.has_value()) << listener.error().message();
  if (!listener) co_return;
  Task<void> asking = ask(*listener);
  co_await std::move(asking);
}

TEST_P(UnixStreamTest, a_request_is_answered_at_a_path) {
  const ScratchFolder folder;
  run(ask_at(UnixAddress::path(folder / "socket").value()));
}

TEST_P(UnixStreamTest, a_request_is_answered_at_an_abstract_name) {
  run(ask_at(UnixAddress::abstract("rota-test-" + std::to_string(::getpid())).value()));
}

TEST_P(UnixStreamTest, the_kernel_chooses_a_name_where_none_is_given) {
  run(ask_at(UnixAddress()));
}

Task<void> leave_a_path_behind(UnixAddress at) {
  {
    Result<UnixListener> first = UnixListener::bind(at);
    EXPECT_TRUE(first.has_value());
    UnixListenOptions replace;
    replace.stale_path = StalePath::replace;
    Result<UnixListener> second = UnixListener::bind(at, replace);
    EXPECT_EQ(second.error(), std::errc::address_in_use) << "somebody listens there";
    Result<void> closed = co_await first->close();
    EXPECT_TRUE(closed.has_value());
  }
  Task<Result<UnixStream>> connecting = UnixStream::connect(at);
  Result<UnixStream> connected = co_await std::move(connecting);
  EXPECT_EQ(connected.error(), std::errc::connection_refused);
  Result<UnixListener> careful = UnixListener::bind(at);
  EXPECT_EQ(careful.error(), std::errc::address_in_use);
  UnixListenOptions replace;
  replace.stale_path = StalePath::replace;
  Result<UnixListener> next = UnixListener::bind(at, replace);
  EXPECT_TRUE(next.has_value()) << next.error().message();
  Task<void> asking = ask(*next);
  co_await std::move(asking);
}

TEST_P(UnixStreamTest, a_path_that_was_left_behind_is_replaced_only_on_request) {
  const ScratchFolder folder;
  run(leave_a_path_behind(UnixAddress::path(folder / "socket").value()));
}

Task<void> bind_over_a_file(std::string path) {
  Result<File> file = co_await File::open(path, OpenMode::write | OpenMode::create);
  EXPECT_TRUE(file.has_value());
  UnixListenOptions replace;
  replace.stale_path = StalePath::replace;
  Result<UnixListener> listener = UnixListener::bind(UnixAddress::path(path).value(), replace);
  EXPECT_EQ(listener.error(), std::errc::address_in_use);
  EXPECT_EQ(::access(path.c_str(), F_OK), 0) << "a file is nobody's stale socket";
}

TEST_P(UnixStreamTest, a_file_is_never_replaced) {
  const ScratchFolder folder;
  run(bind_over_a_file(folder / "file"));
}

Task<void> talk_in_a_pair() {
  auto ends = UnixStream::pair();
  EXPECT_TRUE(ends.has_value());
  Result<void> sent = co_await ends->first.write_all(bytes_of("over"));
  EXPECT_TRUE(sent.has_value());
  Result<void> ended = ends->first.shutdown(ShutdownHalf::write);
  EXPECT_TRUE(ended.has_value());
  Task<std::string> reading = read_to_end(ends->second);
  std::string received = co_await std::move(reading);
  EXPECT_EQ(received, "over");
}

TEST_P(UnixStreamTest, a_pair_is_connected) { run(talk_in_a_pair()); }

Task<std::error_code> connect_to(UnixAddress at, std::vector<UnixStream>& kept) {
  Task<Result<UnixStream>> connecting = UnixStream::connect(at);
  Result<UnixStream> connected = co_await std::move(connecting);
  if (!connected) co_return connected.error();
  kept.push_back(std::move(*connected));
  co_return std::error_code();
}

/// A queue of one is full after two connects; the third waits, until one is accepted.
Task<void> connect_to_a_full_listener() {
  UnixListenOptions options;
  options.backlog = 0;
  UnixListener listener = UnixListener::bind(UnixAddress(), options).value();
  const UnixAddress at = listener.local_address().value();
  std::vector<UnixStream> kept;
  JoinHandle<std::error_code> first = spawn(connect_to(at, kept));
  Joined<std::error_code> first_ended = co_await first.join();
  EXPECT_EQ(std::move(first_ended).value(), std::error_code());
  JoinHandle<std::error_code> second = spawn(connect_to(at, kept));
  Result<void> waited = co_await sleep(Duration(5'000'000));
  EXPECT_TRUE(waited.has_value());
  EXPECT_EQ(kept.size(), 1u) << "there was room for one";
  Result<UnixStream> accepted = co_await listener.accept();
  EXPECT_TRUE(accepted.has_value());
  Joined<std::error_code> second_ended = co_await second.join();
  EXPECT_EQ(std::move(second_ended).value(), std::error_code());
}

TEST_P(UnixStreamTest, a_connect_waits_for_room_in_the_listeners_queue) {
  run(connect_to_a_full_listener());
}

Task<void> pass_two_fds() {
  auto ends = UnixStream::pair();
  int pipe_ends[2];
  EXPECT_EQ(::pipe(pipe_ends), 0);
  const OwnedFd reader(pipe_ends[0]);
  const OwnedFd writer(pipe_ends[1]);
  Result<std::size_t> sent = co_await ends->first.send_with_fds(bytes_of("two"), pipe_ends);
  EXPECT_EQ(sent.value_or(0), 3u);
  std::string text(16, '\0');
  std::array<OwnedFd, 4> fds;
  Result<BytesAndFds> got = co_await ends->second.receive_with_fds(room_in(text), fds);
  EXPECT_TRUE(got.has_value());
  EXPECT_EQ(got->bytes, 3u);
  EXPECT_EQ(got->fds, 2u);
  EXPECT_FALSE(got->fds_truncated);
  EXPECT_EQ(::write(fds[1].number(), "x", 1), 1);
  char byte = 0;
  EXPECT_EQ(::read(fds[0].number(), &byte, 1), 1);
}

TEST_P(UnixStreamTest, fds_travel_beside_bytes) { run(pass_two_fds()); }

Task<void> pass_more_than_there_is_room_for() {
  auto ends = UnixStream::pair();
  const std::array<OwnedFd, 2> passed = socket_ends();
  const std::array<int, 2> numbers{passed[0].number(), passed[1].number()};
  const std::size_t before = leaks::open_fds();
  {
    Result<std::size_t> sent = co_await ends->first.send_with_fds(bytes_of("two"), numbers);
    EXPECT_EQ(sent.value_or(0), 3u);
    std::string text(16, '\0');
    std::array<OwnedFd, 1> fds;
    Result<BytesAndFds> got = co_await ends->second.receive_with_fds(room_in(text), fds);
    EXPECT_EQ(got->fds, 1u);
    EXPECT_TRUE(got->fds_truncated);
    EXPECT_EQ(leaks::open_fds(), before + 1);
  }
  EXPECT_EQ(leaks::open_fds(), before);
  const std::vector<int> too_many(300, numbers[0]);
  Result<std::size_t> refused = co_await ends->first.send_with_fds(bytes_of("x"), too_many);
  EXPECT_EQ(refused.error(), std::errc::invalid_argument);
}

TEST_P(UnixStreamTest, fds_for_which_there_is_no_room_are_closed) {
  run(pass_more_than_there_is_room_for());
}

}  // namespace
}  // namespace rota::testing_net

#include "driver/perform_fixture.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/uio.h>

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace rota::perform_fixture {
namespace {

using testing_sockets::Fd;
using testing_sockets::SocketPair;

TEST_F(Perform, AReadOfAnEmptySocketWouldBlockEvenWithoutNonblockingMode) {
  SocketPair pair = SocketPair::blocking_unix();
  std::string buffer(16, '\0');
  Prepared read(OpCode::read, adopt(pair.near.number(), FdKind::socket), bytes_of(buffer));
  EXPECT_FALSE(perform(read));
  pair.far.send("hi");
  EXPECT_TRUE(perform(read));
  EXPECT_EQ(read.result, 2);
}

TEST_F(Perform, AWholeReadKeepsWhatCameAndWaitsForTheRest) {
  SocketPair pair = SocketPair::tcp();
  std::string buffer(4, '\0');
  Prepared read(OpCode::read, adopt(pair.near.number(), FdKind::socket), bytes_of(buffer),
                op_whole);
  pair.far.send("ab");
  pair.near.wait_for(POLLIN);
  EXPECT_FALSE(perform(read));
  EXPECT_EQ(read.moved, 2u);
  pair.far.send("cdef");
  pair.near.wait_for(POLLIN);
  EXPECT_TRUE(perform(read));
  EXPECT_EQ(read.result, 4);
  EXPECT_EQ(buffer, "abcd");
}

TEST_F(Perform, AWholeReadEndsShortAtTheEndOfTheStream) {
  SocketPair pair = SocketPair::tcp();
  std::string buffer(8, '\0');
  Prepared read(OpCode::read, adopt(pair.near.number(), FdKind::socket), bytes_of(buffer),
                op_whole);
  pair.far.send("abc");
  pair.far.close();
  pair.near.wait_for(POLLRDHUP);
  EXPECT_TRUE(perform(read));
  EXPECT_EQ(read.result, 3);
}

TEST_F(Perform, AWholeWriteIntoATinyBufferMovesOnlyWhatFits) {
  SocketPair pair = SocketPair::tcp();
  pair.near.set_option(SO_SNDBUF, 4096);
  std::string data(4u << 20, 'x');
  Descriptor& near = adopt(pair.near.number(), FdKind::socket);
  Prepared write(OpCode::write, near, bytes_of(data), op_whole);
  ASSERT_FALSE(perform(write));
  EXPECT_GT(write.moved, 0u);
  EXPECT_LT(write.moved, data.size());

  std::thread receiver([&] {
    std::size_t received = 0;
    while (received < data.size()) received += pair.far.receive_some(1u << 16);
  });
  do {
    pair.near.wait_for(POLLOUT);
  } while (!perform(write));
  receiver.join();
  EXPECT_EQ(write.result, static_cast<std::int32_t>(data.size()));
}

TEST_F(Perform, APlainWriteIsCompleteWithAShortCount) {
  SocketPair pair = SocketPair::tcp();
  pair.near.set_option(SO_SNDBUF, 4096);
  std::string data(4u << 20, 'x');
  Prepared write(OpCode::write, adopt(pair.near.number(), FdKind::socket), bytes_of(data));
  ASSERT_TRUE(perform(write));
  EXPECT_GT(write.result, 0);
  EXPECT_LT(write.result, static_cast<std::int32_t>(data.size()));
}

TEST_F(Perform, WritingToAClosedPeerIsAnErrorAndNoSignal) {
  SocketPair pair = SocketPair::blocking_unix();
  pair.far.close();
  std::string data = "x";
  Prepared write(OpCode::write, adopt(pair.near.number(), FdKind::socket), bytes_of(data));
  EXPECT_TRUE(perform(write));
  EXPECT_EQ(write.result, -EPIPE);
}

TEST_F(Perform, AWholeWriteThatFailsHasItsOwnErrorAndTheCount) {
  SocketPair pair = SocketPair::tcp();
  pair.near.set_option(SO_SNDBUF, 4096);
  std::string data(4u << 20, 'x');
  Prepared write(OpCode::write, adopt(pair.near.number(), FdKind::socket), bytes_of(data),
                 op_whole);
  ASSERT_FALSE(perform(write));
  const std::size_t moved = write.moved;
  EXPECT_GT(moved, 0u);
  pair.far.reset();
  pair.near.wait_for(POLLHUP);
  EXPECT_TRUE(perform(write));
  EXPECT_TRUE(write.result == -EPIPE || write.result == -ECONNRESET) << write.result;
  EXPECT_EQ(write.moved, moved);
}

TEST_F(Perform, PeekingLeavesTheBytesAndNeverContinues) {
  SocketPair pair = SocketPair::tcp();
  pair.far.send("abc");
  pair.near.wait_for(POLLIN);
  Descriptor& near = adopt(pair.near.number(), FdKind::socket);
  std::string buffer(8, '\0');
  Prepared peek(OpCode::read, near, bytes_of(buffer), op_peek | op_whole);
  EXPECT_TRUE(perform(peek));
  EXPECT_EQ(peek.result, 3);
  Prepared read(OpCode::read, near, bytes_of(buffer));
  EXPECT_TRUE(perform(read));
  EXPECT_EQ(read.result, 3);
}

TEST_F(Perform, UrgentDataIsReadBesideTheStream) {
  SocketPair pair = SocketPair::tcp();
  Descriptor& near = adopt(pair.near.number(), FdKind::socket);
  Descriptor& far = adopt(pair.far.number(), FdKind::socket);
  std::string sent = "!";
  Prepared urgent(OpCode::write, far, bytes_of(sent), op_out_of_band);
  EXPECT_TRUE(perform(urgent));
  pair.near.wait_for(POLLPRI);
  std::string buffer(1, '\0');
  Prepared read(OpCode::read, near, bytes_of(buffer), op_out_of_band);
  EXPECT_TRUE(perform(read));
  EXPECT_EQ(buffer, "!");
}

TEST_F(Perform, VectoredTransfersAreOneAttemptWithAnHonestCount) {
  SocketPair pair = SocketPair::tcp();
  pair.far.send("abcde");
  pair.near.wait_for(POLLIN);
  std::array<char, 2> head{};
  std::array<char, 16> tail{};
  std::array<iovec, 2> parts{iovec{head.data(), 2}, iovec{tail.data(), 16}};
  VectorTransfer read(OpCode::read_vector, parts.data(), 2);
  read.descriptor = &adopt(pair.near.number(), FdKind::socket);
  EXPECT_TRUE(perform(read));
  EXPECT_EQ(read.result, 5);
  EXPECT_EQ(std::string_view(tail.data(), 3), "cde");
}

TEST_F(Perform, AcceptTakesConnectionsThatDoNotBlockAndCloseOnExec) {
  testing_sockets::Listener listener;
  Operation accept(OpCode::accept);
  accept.descriptor = &adopt(listener.number(), FdKind::socket);
  EXPECT_FALSE(perform(accept));
  Fd client = listener.connect_client();
  listener.wait_for(POLLIN);
  ASSERT_TRUE(perform(accept));
  ASSERT_GE(accept.result, 0);
  Fd accepted(accept.result);
  EXPECT_NE(::fcntl(accepted.number(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(accepted.number(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(Perform, AcceptWithoutAFreeNumberReportsIt) {
  testing_sockets::Listener listener;
  Fd client = listener.connect_client();
  listener.wait_for(POLLIN);
  Operation accept(OpCode::accept);
  accept.descriptor = &adopt(listener.number(), FdKind::socket);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const bool complete = perform(accept);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(complete);
  EXPECT_EQ(accept.result, -EMFILE);
}

TEST_F(Perform, ConnectIsInProgressThenConnected) {
  testing_sockets::Listener listener;
  Fd client = Fd::tcp_socket();
  Connect connect(listener.address(), listener.address_bytes());
  connect.descriptor = &adopt(client.number(), FdKind::socket);
  if (!perform(connect)) {
    client.wait_for(POLLOUT);
    EXPECT_TRUE(perform(connect));
  }
  EXPECT_EQ(connect.result, 0);
  Connect second(listener.address(), listener.address_bytes());
  second.descriptor = connect.descriptor;
  EXPECT_TRUE(perform(second));
  EXPECT_TRUE(second.result == 0 || second.result == -EISCONN);
}

TEST_F(Perform, ConnectReportsTheErrorThatWasPending) {
  testing_sockets::Listener listener;
  const sockaddr_storage address = listener.stored_address();
  listener.close();
  Fd client = Fd::tcp_socket();
  Connect connect(&address, sizeof(sockaddr_in));
  connect.descriptor = &adopt(client.number(), FdKind::socket);
  if (!perform(connect)) {
    client.wait_for(POLLOUT);
    EXPECT_TRUE(perform(connect));
  }
  EXPECT_EQ(connect.result, -ECONNREFUSED);
}

TEST_F(Perform, ConnectToAFullUnixListenerFailsSinceNothingWouldWakeIt) {
  testing_sockets::UnixListener listener(0);
  std::vector<Fd> clients;
  std::int32_t result = 0;
  while (result == 0 && clients.size() < 8) {
    clients.push_back(Fd::unix_socket());
    Connect connect(listener.address(), listener.address_bytes());
    connect.descriptor = &adopt(clients.back().number(), FdKind::socket);
    ASSERT_TRUE(perform(connect));
    result = connect.result;
  }
  EXPECT_EQ(result, -EAGAIN);
}

TEST_F(Perform, PollReportsTheEventsThatHoldNow) {
  SocketPair pair = SocketPair::tcp();
  Poll poll(POLLIN);
  poll.descriptor = &adopt(pair.near.number(), FdKind::socket);
  EXPECT_FALSE(perform(poll));
  pair.far.send("x");
  pair.near.wait_for(POLLIN);
  EXPECT_TRUE(perform(poll));
  EXPECT_EQ(poll.result, POLLIN);
}

TEST_F(Perform, PollOfANumberThatIsNotOpenIsAnError) {
  Poll poll(POLLIN);
  poll.descriptor = &adopt(testing_sockets::closed_number(), FdKind::socket);
  EXPECT_TRUE(perform(poll));
  EXPECT_EQ(poll.result, -EBADF);
}

TEST_F(Perform, APipeIsReadAndWrittenByItsOwnCalls) {
  testing_sockets::Pipe pipe;
  std::string in = "pipe";
  std::string out(8, '\0');
  Prepared read(OpCode::read, adopt(pipe.reader.number(), FdKind::stream), bytes_of(out));
  EXPECT_FALSE(perform(read));
  Prepared write(OpCode::write, adopt(pipe.writer.number(), FdKind::stream), bytes_of(in));
  EXPECT_TRUE(perform(write));
  EXPECT_TRUE(perform(read));
  EXPECT_EQ(read.result, 4);
}

TEST_F(Perform, AThreadThatMayBlockWaitsForAFdInNonblockingMode) {
  SocketPair pair = SocketPair::tcp();
  std::string buffer(3, '\0');
  Prepared read(OpCode::read, adopt(pair.near.number(), FdKind::socket), bytes_of(buffer),
                op_whole);
  std::thread sender([&] {
    pair.far.send("a");
    pair.far.send("bc");
  });
  perform_blocking(read);
  sender.join();
  EXPECT_EQ(read.result, 3);
}

TEST_F(Perform, AnInterruptedAttemptIsStartedAgainUnlessItIsStopping) {
  std::string buffer(4, '\0');
  SocketPair pair = SocketPair::tcp();
  Prepared read(OpCode::read, adopt(pair.near.number(), FdKind::socket), bytes_of(buffer));
  EXPECT_EQ(absorb(read, -EINTR), Attempt::again);
  EXPECT_EQ(absorb(read, -EAGAIN), Attempt::would_block);
  read.stopping = true;
  EXPECT_EQ(absorb(read, -EINTR), Attempt::complete);
  EXPECT_EQ(read.result, -ECANCELED);
}

TEST_F(Perform, AConnectionThatDiedInTheQueueIsPassedOver) {
  Operation accept(OpCode::accept);
  EXPECT_EQ(absorb(accept, -ECONNABORTED), Attempt::again);
  EXPECT_EQ(absorb(accept, -EMFILE), Attempt::complete);
  EXPECT_EQ(accept.result, -EMFILE);
}

TEST_F(Perform, SuccessWinsOverACancelUnlessEveryByteWasAskedFor) {
  std::string buffer(4, '\0');
  SocketPair pair = SocketPair::tcp();
  Descriptor& near = adopt(pair.near.number(), FdKind::socket);
  Prepared some(OpCode::read_at, near, bytes_of(buffer), 0);
  EXPECT_EQ(absorb(some, 3), Attempt::again);
  conclude(some, -ECANCELED);
  EXPECT_EQ(some.result, 3);
  Prepared every(OpCode::read, near, bytes_of(buffer), op_whole);
  EXPECT_EQ(absorb(every, 3), Attempt::again);
  conclude(every, -ECANCELED);
  EXPECT_EQ(every.result, -ECANCELED);
  EXPECT_EQ(every.moved, 3u);
}

}  // namespace
}  // namespace rota::perform_fixture

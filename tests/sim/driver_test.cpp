#include "sim/driver_bench.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <set>
#include <string>
#include <thread>

namespace rota::simulation {
namespace {

constexpr std::uint64_t kSeeds = 100;
constexpr Duration kDay{86'400'000'000'000};

struct Read : Transfer {
  std::array<std::byte, 8192> memory{};

  explicit Read(Descriptor& from, std::size_t length = 8192)
      : Transfer(OpCode::read, nullptr, length) {
    data = memory.data();
    descriptor = &from;
  }
};

struct Write : Transfer {
  std::string memory;

  Write(Descriptor& to, std::size_t length)
      : Transfer(OpCode::write, nullptr, length), memory(length, 'w') {
    data = reinterpret_cast<std::byte*>(memory.data());
    descriptor = &to;
  }
};

TEST(SimDriver, TimeMovesToTheDeadlineWhenNothingCanComplete) {
  DriverBench bench(1);
  Read read(*bench.pipe()[0]);
  OpList todo;
  todo.push_back(read);
  OpList done;
  const Instant tomorrow = bench.driver.now() + kDay;
  bench.driver.turn(std::move(todo), Deadline::at(tomorrow), done);
  EXPECT_TRUE(done.empty());
  EXPECT_GE(bench.driver.now(), tomorrow);
  EXPECT_LT(bench.driver.now(), tomorrow + Duration{1'000'000'000});
  bench.driver.cancel(read);
  bench.collect(1);
  EXPECT_EQ(read.result, -ECANCELED);
}

TEST(SimDriver, ClockStartsShortlyBeforeACounterWraps) {
  constexpr Instant y2038{(std::int64_t{1} << 31) * 1'000'000'000};
  std::set<std::int64_t> starts_s;
  bool crosses_2038 = false;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const SimDriver driver(SimOptions{.seed = seed});
    starts_s.insert(driver.now().ns / 1'000'000'000);
    crosses_2038 |= driver.now() < y2038 && driver.now() + Duration{50'000'001} >= y2038;
  }
  EXPECT_TRUE(crosses_2038);
  EXPECT_GE(starts_s.size(), 8u);
}

TEST(SimDriver, WithoutADeadlineItSleepsUntilAnotherThreadWakesItAndNoTimePasses) {
  DriverBench bench(2);
  OpList done;
  const Instant before = bench.driver.now();
  std::thread other([&bench] { bench.driver.wake(); });
  bench.driver.turn({}, Deadline::never(), done);
  other.join();
  EXPECT_TRUE(done.empty());
  EXPECT_LT(bench.driver.now(), before + Duration{1'000'000});
}

TEST(SimDriver, WithoutADeadlineItSleepsUntilAPeerActs) {
  DriverBench bench(3);
  const auto ends = bench.pipe();
  Read read(*ends[0]);
  OpList todo;
  todo.push_back(read);
  std::thread other([&ends] { put(*ends[1], "late"); });
  OpList done;
  while (done.empty()) {
    bench.driver.turn(std::exchange(todo, OpList{}), Deadline::never(), done);
  }
  other.join();
  EXPECT_GT(read.result, 0);
}

TEST(SimDriver, ManyWakesBeforeATurnEndOneTurn) {
  DriverBench bench(4);
  for (int i = 0; i < 3; ++i) bench.driver.wake();
  OpList done;
  bench.driver.turn({}, Deadline::never(), done);
  const Instant tomorrow = bench.driver.now() + kDay;
  bench.driver.turn({}, Deadline::at(tomorrow), done);
  EXPECT_GE(bench.driver.now(), tomorrow) << "a second turn was ended as well";
}

TEST(SimDriver, ReadsOfOneLaneKeepTheirOrderUnderEverySeed) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    DriverBench bench(seed);
    const auto ends = bench.sockets(SOCK_STREAM);
    put(*ends[1], "abc");
    Read first(*ends[0], 1), second(*ends[0], 1), third(*ends[0], 1);
    bench.start({&first, &second, &third});
    EXPECT_EQ(bench.collect(3), (std::vector<Operation*>{&first, &second, &third}));
    EXPECT_EQ(second.memory[0], std::byte{'b'});
  }
}

TEST(SimDriver, EveryOrderOfIndependentOperationsIsMet) {
  std::set<std::string> orders;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    DriverBench bench(seed);
    std::array<Descriptor*, 3> readers{};
    for (Descriptor*& reader : readers) {
      const auto ends = bench.pipe();
      put(*ends[1], "x");
      reader = ends[0];
    }
    Read a(*readers[0]), b(*readers[1]), c(*readers[2]);
    bench.start({&a, &b, &c});
    std::string order;
    for (const Operation* back : bench.collect(3)) {
      order += back == &a ? 'a' : back == &b ? 'b' : 'c';
    }
    orders.insert(order);
  }
  EXPECT_EQ(orders.size(), 6u);
}

TEST(SimDriver, AStreamComesShortAndAWholeTransferDoesNot) {
  std::set<std::int32_t> counts;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    DriverBench bench(seed);
    const auto ends = bench.sockets(SOCK_STREAM);
    put(*ends[1], std::string(2000, 'x'));
    Read some(*ends[0], 1000);
    bench.start({&some});
    bench.collect(1);
    counts.insert(some.result);
    const std::size_t left = 2000 - static_cast<std::size_t>(some.result);
    Read rest(*ends[0], left);
    rest.flags = op_whole;
    bench.start({&rest});
    bench.collect(1);
    EXPECT_EQ(rest.result, static_cast<std::int32_t>(left));
  }
  EXPECT_GT(counts.size(), 10u);
  EXPECT_TRUE(counts.contains(1000));
}

TEST(SimDriver, WhatMovesAsAWholeNeverComesShort) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    DriverBench bench(seed);
    const auto datagrams = bench.sockets(SOCK_DGRAM);
    const auto pipe = bench.pipe();
    Write datagram(*datagrams[0], 500), packet(*pipe[1], PIPE_BUF);
    bench.start({&datagram, &packet});
    bench.collect(2);
    EXPECT_EQ(datagram.result, 500);
    EXPECT_EQ(packet.result, PIPE_BUF) << "a pipe takes up to PIPE_BUF in one piece";
    Read received(*datagrams[1]);
    bench.start({&received});
    bench.collect(1);
    EXPECT_EQ(received.result, 500);
  }
}

TEST(SimDriver, ACancelWinsUnderSomeSeedsAndLosesUnderOthers) {
  std::set<std::int32_t> results;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    DriverBench bench(seed);
    const auto ends = bench.sockets(SOCK_STREAM);
    Read read(*ends[0]);
    OpList todo;
    todo.push_back(read);
    OpList done;
    bench.driver.turn(std::move(todo), Deadline::now(), done);
    put(*ends[1], "x");
    bench.driver.cancel(read);
    bench.driver.cancel(read);
    bench.collect(1);
    results.insert(read.result);
  }
  EXPECT_EQ(results, (std::set<std::int32_t>{-ECANCELED, 1}));
}

TEST(SimDriver, ACloseComesBackAfterWhatItEnded) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    DriverBench bench(seed);
    Descriptor& reader = *bench.sockets(SOCK_STREAM)[0];
    Read first(reader), second(reader);
    Operation close(OpCode::close);
    close.descriptor = &reader;
    bench.start({&first, &second, &close});
    EXPECT_EQ(bench.collect(3).back(), &close);
    EXPECT_EQ(first.result, -ECANCELED);
    EXPECT_EQ(second.result, -ECANCELED);
    EXPECT_EQ(close.result, 0);
    bench.forget(reader);
  }
}

TEST(SimDriver, NothingStartsOnADescriptorThatIsBeingClosed) {
  DriverBench bench(8);
  Descriptor& reader = *bench.sockets(SOCK_STREAM)[0];
  Operation close(OpCode::close), again(OpCode::close);
  close.descriptor = again.descriptor = &reader;
  Read late(reader);
  bench.start({&close, &late, &again});
  bench.collect(3);
  EXPECT_EQ(close.result, 0);
  EXPECT_EQ(late.result, -EBADF);
  EXPECT_EQ(again.result, -EBADF);
  bench.forget(reader);
}

TEST(SimDriver, AnInterruptedOrRefusedAttemptIsRepeatedInvisibly) {
  SimOptions options;
  options.faults.set(EINTR, 400);
  options.faults.set(EAGAIN, 400);
  DriverBench bench(options);
  const auto ends = bench.sockets(SOCK_STREAM);
  for (int i = 0; i < 50; ++i) {
    put(*ends[1], "x");
    Read read(*ends[0], 1);
    bench.start({&read});
    bench.collect(1);
    EXPECT_EQ(read.result, 1);
  }
}

TEST(SimDriver, APeerLearnsOfAnInjectedReset) {
  SimOptions options;
  options.faults.set(ECONNRESET, 1000);
  DriverBench bench(options);
  const auto ends = bench.sockets(SOCK_STREAM);
  Read read(*ends[0]);
  bench.start({&read});
  bench.collect(1);
  EXPECT_EQ(read.result, -ECONNRESET);
  char byte = 0;
  EXPECT_EQ(::read(ends[1]->fd, &byte, 1), 0);
}

TEST(SimDriver, ALoopbackPeerIsWaitedForBeforeTimeMovesOn) {
  DriverBench bench(5);
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t bytes = sizeof address;
  ASSERT_EQ(::bind(listener, generic, bytes), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  ASSERT_EQ(::getsockname(listener, generic, &bytes), 0);
  Descriptor& client =
      bench.adopt(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), FdKind::socket);
  Connect connect(&address, bytes);
  connect.descriptor = &client;
  bench.start({&connect});
  bench.collect(1);
  EXPECT_EQ(connect.result, 0);
  const int server = ::accept(listener, nullptr, nullptr);
  ASSERT_GE(server, 0);
  Read read(client);
  bench.start({&read});
  ASSERT_EQ(::send(server, "x", 1, 0), 1);
  bench.collect(1);
  EXPECT_EQ(read.result, 1);
  ::close(server);
  ::close(listener);
}

TEST(SimDriver, TheTraceHasTextOnlyWhenAskedAndTellsSeedsApart) {
  SimOptions options{.seed = 6, .keep = SimTrace::Keep::text};
  SimDriver talkative(options);
  SimDriver silent(SimOptions{.seed = 6});
  SimDriver other(SimOptions{.seed = 7});
  OpList done;
  for (SimDriver* driver : {&talkative, &silent, &other}) {
    driver->turn({}, Deadline::at(driver->now() + kDay), done);
  }
  EXPECT_NE(talkative.trace_text(), "");
  EXPECT_EQ(silent.trace_text(), "");
  EXPECT_EQ(talkative.trace_hash(), silent.trace_hash());
  EXPECT_NE(other.trace_hash(), silent.trace_hash());
}

}  // namespace
}  // namespace rota::simulation

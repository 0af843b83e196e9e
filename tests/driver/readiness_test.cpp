#include "driver/lender.hpp"
#include "driver/readiness/epoll.hpp"
#include "driver/readiness/poll.hpp"
#include "driver/readiness/select.hpp"
#include "driver/readiness_fixture.hpp"

#include <sys/resource.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace rota::readiness_fixture {
namespace {

using testing_sockets::Listener;
using testing_sockets::SocketPair;
using testing_sockets::TemporaryFile;

TEST_P(Readiness, DataAndTheEndInOneReportAreBothSeen) {
  SocketPair pair = SocketPair::tcp();
  Descriptor& near = adopt(pair.near);
  Reading first(near, 16);
  start(first);
  turn();
  pair.far.send("abc");
  pair.far.close();
  testing_sockets::wait_for(near.fd, POLLRDHUP);
  finish(first);
  EXPECT_EQ(first.text(), "abc");
  Reading second(near, 16);
  start(second);
  finish(second);
  EXPECT_EQ(second.result, 0);
}

TEST_P(Readiness, AShortReadAtTheUrgentMarkLosesNothingBehindIt) {
  SocketPair pair = SocketPair::tcp();
  Descriptor& near = adopt(pair.near);
  Reading first(near, 16);
  start(first);
  turn();
  pair.far.send("ab");
  pair.far.send("!", MSG_OOB);
  pair.far.send("cd");
  testing_sockets::wait_for_bytes(near.fd, 2);
  std::string all;
  finish(first);
  all += first.text();
  while (all.size() < 4) {
    Reading next(near, 16);
    start(next);
    finish(next);
    ASSERT_GT(next.result, 0);
    all += next.text();
  }
  EXPECT_EQ(all, "abcd");
}

TEST_P(Readiness, EveryDatagramIsReadThoughEachIsShort) {
  Fd near = Fd::udp_socket();
  Fd far = Fd::udp_socket();
  testing_sockets::connect_to_each_other(near, far);
  Descriptor& descriptor = adopt(near);
  Reading first(descriptor, 16);
  Reading second(descriptor, 16);
  Reading third(descriptor, 16);
  for (Reading* each : {&first, &second, &third}) start(*each);
  turn();
  far.send("a");
  far.send("b");
  far.send("c");
  for (const Reading* each : {&first, &second, &third}) finish(*each);
  EXPECT_EQ(first.text() + second.text() + third.text(), "abc");
}

TEST_P(Readiness, AReadAfterAShortOneMakesNoAttempt) {
  SocketPair pair = SocketPair::tcp();
  Descriptor& near = adopt(pair.near);
  Reading first(near, 16);
  start(first);
  pair.far.send("a");
  finish(first);
  EXPECT_FALSE(may_try(near, OpCode::read)) << "the short read proved the socket empty";
  pair.far.send("b");
  Reading second(near, 16);
  start(second);
  finish(second);
  EXPECT_EQ(second.text(), "b");
}

TEST_P(Readiness, AnFdIsNotArmedBeforeSomethingWouldBlock) {
  SocketPair pair = SocketPair::tcp();
  Descriptor& near = adopt(pair.near);
  pair.far.send("a");
  testing_sockets::wait_for(near.fd, POLLIN);
  Reading reading(near, 16);
  Exchange writing(OpCode::write, near, "reply");
  start(reading);
  start(writing);
  turn();
  EXPECT_EQ(reading.text(), "a");
  EXPECT_EQ(writing.result, 5);
  EXPECT_EQ(counts_.arms, 0);
}

TEST_P(Readiness, AnEdgePollerIsArmedOnceAndALevelPollerAgainEachTime) {
  SocketPair pair = SocketPair::tcp();
  Descriptor& near = adopt(pair.near);
  constexpr int kRounds = 5;
  for (int i = 0; i < kRounds; ++i) {
    Reading reading(near, 16);
    start(reading);
    turn();
    ASSERT_FALSE(is_back(reading));
    pair.far.send("x");
    finish(reading);
    back_.clear();
  }
  if (GetParam().make == &make_epoll_poller) {
    EXPECT_EQ(counts_.arms, 1);
  } else {
    EXPECT_EQ(counts_.arms, kRounds);
  }
}

TEST_P(Readiness, AGreedyTransferGoesOnInLaterTurnsWithoutANewEvent) {
  SocketPair pair = SocketPair::tcp();
  pair.far.set_option(SO_RCVBUF, 4 << 20);
  Descriptor& near = adopt(pair.near);
  // More system calls than one service of a lane may make, since each moves one byte: what is
  // left must be found by a visit, as no edge comes for what is there already.
  std::vector<std::unique_ptr<Reading>> reads;
  constexpr std::size_t kReads = 100;
  for (std::size_t i = 0; i < kReads; ++i) {
    reads.push_back(std::make_unique<Reading>(near, 1));
    start(*reads.back());
  }
  turn();
  pair.far.send(std::string(kReads, 'x'));
  finish(*reads.back());
  EXPECT_EQ(back_.size(), kReads);
  for (std::size_t i = 0; i < kReads; ++i) EXPECT_EQ(back_[i], reads[i].get());
}

TEST_P(Readiness, WhatIsClosedBeforeItsVisitIsLeftToWhoeverGetsItsPlace) {
  SocketPair pair = SocketPair::tcp();
  Descriptor& near = adopt(pair.near);
  std::vector<std::unique_ptr<Reading>> reads;
  constexpr std::size_t kReads = 100;  // So many that the lane is to be visited again.
  for (std::size_t i = 0; i < kReads; ++i) {
    reads.push_back(std::make_unique<Reading>(near, 1));
    start(*reads.back());
  }
  turn();
  pair.far.send(std::string(kReads, 'x'));
  finish(*reads.front());
  close(near);
  SocketPair other = SocketPair::tcp();
  Descriptor& again = adopt(other.near);
  ASSERT_EQ(&again, &near);
  other.far.send("y");
  Reading theirs(again, 1);  // Another worker's driver has it.
  theirs.state = OpState::queued;
  again.reading.push_back(theirs);
  turn();
  EXPECT_FALSE(is_back(theirs));
  EXPECT_EQ(again.reading.front(), &theirs);
  if (!again.reading.empty()) again.reading.remove(theirs);
}

TEST_P(Readiness, OneTurnIsSharedOutBetweenConnections) {
  SocketPair busy = SocketPair::tcp();
  SocketPair quiet = SocketPair::tcp();
  Descriptor& greedy = adopt(busy.near);
  Descriptor& modest = adopt(quiet.near);
  std::vector<std::unique_ptr<Reading>> reads;
  for (std::size_t i = 0; i < 100; ++i) {
    reads.push_back(std::make_unique<Reading>(greedy, 1));
    start(*reads.back());
  }
  Reading patient(modest, 1);
  start(patient);
  turn();
  busy.far.send(std::string(100, 'x'));
  quiet.far.send("y");
  testing_sockets::wait_for_bytes(greedy.fd, 100);
  testing_sockets::wait_for(modest.fd, POLLIN);
  turn();
  EXPECT_TRUE(is_back(patient));
  EXPECT_FALSE(is_back(*reads.back()));
  finish(*reads.back());
}

/// A connection that is lent a buffer when bytes come.
struct Lending {
  SocketPair pair = SocketPair::tcp();
  Receive receive;
};

TEST_P(Readiness, OneTurnLendsNoMoreThanStaysInTheCacheAndTheNextGoesOn) {
  constexpr std::size_t kConnections = 16;
  constexpr std::size_t kInOneTurn = 512 * 1024 / bytes_of(LentSize::large);
  static_assert(kInOneTurn < kConnections);
  std::vector<std::unique_ptr<Lending>> all;
  for (std::size_t i = 0; i < kConnections; ++i) {
    Lending& one = *all.emplace_back(std::make_unique<Lending>());
    Descriptor& near = adopt(one.pair.near);
    near.receives_much = true;
    one.receive.descriptor = &near;
    one.receive.lender = driver_->lender();
    one.pair.far.send("x");
    testing_sockets::wait_for(near.fd, POLLIN);
    start(one.receive);
  }
  turn();
  EXPECT_EQ(back_.size(), kInOneTurn);
  turn();
  EXPECT_EQ(back_.size(), kConnections);
  while (!adopted_.empty()) close(*adopted_.back());
  for (const auto& each : all) {
    EXPECT_EQ(each->receive.result, 1);
    if (each->receive.buffer != nullptr) give_back(*each->receive.buffer);
  }
}

TEST_P(Readiness, ALateReportForAClosedDescriptorHarmsNobody) {
  SocketPair pair = SocketPair::tcp();
  SocketPair fresh = SocketPair::tcp();
  Descriptor& near = adopt(pair.near);
  Reading reading(near, 1);
  start(reading);
  turn();
  Closing closing(near);
  start(closing);
  pair.far.send("x");
  finish(closing);
  ASSERT_TRUE(is_back(reading));
  EXPECT_TRUE(reading.result == -ECANCELED || reading.result == 1);
  table_.release(near);
  std::erase(adopted_, &near);
  back_.clear();
  Descriptor& next = adopt(fresh.near);
  EXPECT_EQ(&next, &near) << "the place is used again at once";
  Reading waits(next, 1);
  start(waits);
  turn();
  EXPECT_FALSE(is_back(waits));
  fresh.far.send("y");
  finish(waits);
  EXPECT_EQ(waits.text(), "y");
}

TEST_P(Readiness, AnArmThatIsClosedBeforeThePollerSawItIsDropped) {
  SocketPair pair = SocketPair::tcp();
  Descriptor& near = adopt(pair.near);
  Reading reading(near, 1);
  start(reading);
  close(near);  // In the same batch as the read.
  EXPECT_EQ(reading.result, -ECANCELED);
  EXPECT_EQ(counts_.arms, 0);
}

TEST_P(Readiness, WhatComesAfterACloseFails) {
  SocketPair pair = SocketPair::tcp();
  Fd& fd = pair.near;
  TemporaryFile file;
  Descriptor& near = table_.adopt(fd.release(), FdKind::socket, nullptr);
  Closing closing(near);
  near.closing = &closing;  // As while a close waits for what is in flight.
  Reading late(near, 1);
  start(late);
  turn();
  EXPECT_EQ(late.result, -EBADF);
  near.closing = nullptr;
  close(near);
}

TEST_P(Readiness, AnAcceptStreamReportsTheLackOfNumbersAndStops) {
  Listener listener;
  std::vector<Fd> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(listener.connect_client());
  testing_sockets::wait_for(listener.number(), POLLIN);
  Descriptor& listening = adopt(listener);
  std::array<StreamResult, 8> ring{};
  Stream stream(OpCode::accept, ring);
  stream.descriptor = &listening;
  start(stream);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  // Not zero: ppoll takes no more entries than there may be numbers.
  none.rlim_cur = static_cast<rlim_t>(testing_sockets::closed_number());
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  turn();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_TRUE(is_back(stream));
  EXPECT_FALSE(stream.armed);
  EXPECT_EQ(stream.pop().result, -EMFILE);
  EXPECT_TRUE(stream.empty()) << "one refusal, not a storm of them";
  back_.clear();
  start(stream);
  finish(stream);
  for (int i = 0; i < 3; ++i) Fd taken(stream.pop().result);
  driver_->cancel(stream);
  back_.clear();
  finish(stream);
  EXPECT_EQ(stream.pop().result, -ECANCELED);
}

TEST_P(Readiness, AFullStreamIsDisarmedAndTheRestWaitsInTheKernel) {
  Listener listener;
  std::vector<Fd> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(listener.connect_client());
  Descriptor& listening = adopt(listener);
  std::array<StreamResult, 2> ring{};
  Stream stream(OpCode::accept, ring);
  stream.descriptor = &listening;
  std::size_t taken = 0;
  while (taken < clients.size()) {
    if (!stream.armed) start(stream);
    turn(Deadline::never());
    while (!stream.empty()) {
      const Fd connection(stream.pop().result);
      ASSERT_GE(connection.number(), 0);
      ++taken;
    }
  }
  ASSERT_TRUE(stream.armed) << "its ring has room again";
  back_.clear();
  driver_->cancel(stream);
  finish(stream);
}

TEST_P(Readiness, AFileThatIsNotCachedWaitsForTheEngineAndEndsTheTurn) {
  TemporaryFile file;
  file.write_at(std::string(100, 'f'), 0);
  Descriptor& on = table_.adopt(file.release(), FdKind::file, nullptr);
  adopted_.push_back(&on);
  on.ready_hint = interest_none;  // As for a file whose system cannot tell what is cached.
  Exchange reading(OpCode::read_at, on, std::string(200, '\0'));
  start(reading);
  finish(reading);
  EXPECT_EQ(reading.result, 100);
}

TEST_P(Readiness, ACloseWaitsForWhatTheEngineHas) {
  TemporaryFile file;
  file.write_at(std::string(100, 'f'), 0);
  Descriptor& on = table_.adopt(file.release(), FdKind::file, nullptr);
  on.ready_hint = interest_none;
  std::vector<std::unique_ptr<Exchange>> reads;
  for (int i = 0; i < 20; ++i) {
    reads.push_back(std::make_unique<Exchange>(OpCode::read_at, on, std::string(100, '\0')));
    start(*reads.back());
  }
  Closing closing(on);
  start(closing);
  finish(closing);
  EXPECT_EQ(back_.back(), &closing);
  EXPECT_EQ(back_.size(), reads.size() + 1);
  for (const auto& each : reads) {
    EXPECT_TRUE(each->result == 100 || each->result == -ECANCELED) << each->result;
  }
  table_.release(on);
}

TEST_P(Readiness, AWakeIsStickyAndASpuriousReportIsNoEndOfAWait) {
  driver_->wake();
  turn(Deadline::never());
  SocketPair pair = SocketPair::tcp();
  Descriptor& near = adopt(pair.near);
  Reading whole(near, 2, op_whole);
  start(whole);
  turn();
  pair.far.send("a");  // A report that completes nothing.
  testing_sockets::wait_for(near.fd, POLLIN);
  const Instant until = driver_->now() + Duration{5'000'000};
  turn(Deadline::at(until));
  EXPECT_FALSE(is_back(whole));
  EXPECT_GE(driver_->now(), until);
  pair.far.send("b");
  finish(whole);
  EXPECT_EQ(whole.text(), "ab");
}

INSTANTIATE_TEST_SUITE_P(Pollers, Readiness,
                         ::testing::Values(Named{"select", &make_select_poller},
                                           Named{"poll", &make_poll_poller},
                                           Named{"epoll", &make_epoll_poller}),
                         [](const auto& named) { return std::string(named.param.name); });

}  // namespace
}  // namespace rota::readiness_fixture

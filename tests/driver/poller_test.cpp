#include "driver/readiness/poller.hpp"

#include "core/descriptor_table.hpp"
#include "driver/readiness/epoll.hpp"
#include "driver/readiness/linux_aio.hpp"
#include "driver/readiness/poll.hpp"
#include "driver/readiness/select.hpp"
#include "driver/sockets.hpp"
#include "driver/wait_span.hpp"

#include <gtest/gtest.h>

#include <sys/resource.h>

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace rota {
namespace {

using testing_sockets::Fd;
using testing_sockets::Pipe;
using testing_sockets::SocketPair;
using testing_sockets::TemporaryFile;

using MakePoller = MadePoller (*)();

struct Named {
  const char* name;
  MakePoller make;
};

/// What poller.hpp promises, for each poller.
class EveryPoller : public ::testing::TestWithParam<Named> {
 protected:
  void SetUp() override {
    auto made = GetParam().make();
    ASSERT_TRUE(made.has_value()) << made.error().reason;
    poller_ = std::move(*made);
  }

  Descriptor& adopt(const Fd& fd, FdKind kind = FdKind::socket) {
    return table_.adopt(fd.number(), kind, nullptr);
  }

  /// The reports of one turn, with the arms that a driver would give.
  std::vector<Ready> turn(std::vector<Arm> arms, Deadline until) {
    std::vector<Ready> out(64);
    out.resize(poller_->turn(arms, until, out));
    return out;
  }

  std::vector<Ready> turn_now(std::vector<Arm> arms = {}) {
    return turn(std::move(arms), Deadline::now());
  }

  /// Whether one of the reports says it.
  static bool reported(const std::vector<Ready>& reports, const Descriptor& descriptor,
                       unsigned interest) {
    for (const Ready& report : reports) {
      if (report.descriptor == &descriptor && (report.interest & interest) == interest) return true;
    }
    return false;
  }

  static bool reported_at_all(const std::vector<Ready>& reports, const Descriptor& descriptor) {
    return reported(reports, descriptor, interest_none);
  }

  DescriptorTable table_;
  std::unique_ptr<Poller> poller_;
};

TEST_P(EveryPoller, ReportsWhatAlreadyHoldsWhenItIsArmed) {
  SocketPair pair = SocketPair::tcp();
  pair.far.send("x");
  pair.near.wait_for(POLLIN);
  Descriptor& near = adopt(pair.near);
  EXPECT_TRUE(reported(turn({{&near, interest_read}}, Deadline::never()), near, interest_read));
  poller_->forget(near);
}

TEST_P(EveryPoller, ReportsWhatComesLater) {
  SocketPair pair = SocketPair::tcp();
  Descriptor& near = adopt(pair.near);
  EXPECT_FALSE(reported(turn_now({{&near, interest_read}}), near, interest_read));
  std::thread peer([&] { pair.far.send("x"); });
  bool seen = false;
  while (!seen) seen = reported(turn({{&near, interest_read}}, Deadline::never()), near, 1);
  peer.join();
  poller_->forget(near);
}

TEST_P(EveryPoller, ReportsRoomToWrite) {
  SocketPair pair = SocketPair::tcp();
  Descriptor& near = adopt(pair.near);
  EXPECT_TRUE(reported(turn({{&near, interest_write}}, Deadline::never()), near, interest_write));
  poller_->forget(near);
}

TEST_P(EveryPoller, ReportsUrgentData) {
  SocketPair pair = SocketPair::tcp();
  pair.far.send("!", MSG_OOB);
  Descriptor& near = adopt(pair.near);
  EXPECT_TRUE(
      reported(turn({{&near, interest_priority}}, Deadline::never()), near, interest_priority));
  poller_->forget(near);
}

TEST_P(EveryPoller, ReportsTheEndOfTheStreamAsReadable) {
  SocketPair pair = SocketPair::tcp();
  pair.far.close();
  Descriptor& near = adopt(pair.near);
  EXPECT_TRUE(reported(turn({{&near, interest_read}}, Deadline::never()), near, interest_read));
  poller_->forget(near);
}

TEST_P(EveryPoller, ReportsAWriterWithoutReaders) {
  Pipe pipe;
  pipe.reader.close();
  Descriptor& writer = adopt(pipe.writer, FdKind::stream);
  const auto reports = turn({{&writer, interest_write}}, Deadline::never());
  EXPECT_TRUE(reported_at_all(reports, writer));
  poller_->forget(writer);
}

TEST_P(EveryPoller, DoesNotReportAgainWhatNobodyArmed) {
  SocketPair pair = SocketPair::tcp();
  pair.far.send("x");
  pair.near.wait_for(POLLIN);
  Descriptor& near = adopt(pair.near);
  ASSERT_TRUE(reported_at_all(turn({{&near, interest_read}}, Deadline::never()), near));
  EXPECT_TRUE(turn_now().empty());
  poller_->forget(near);
}

TEST_P(EveryPoller, KeepsAnArmThatWasNotReported) {
  SocketPair quiet = SocketPair::tcp();
  SocketPair busy = SocketPair::tcp();
  busy.far.send("x");
  busy.near.wait_for(POLLIN);
  Descriptor& waits = adopt(quiet.near);
  Descriptor& ready = adopt(busy.near);
  const auto first =
      turn({{&waits, interest_read}, {&ready, interest_read}}, Deadline::never());
  EXPECT_TRUE(reported(first, ready, interest_read));
  quiet.far.send("x");
  bool seen = false;
  while (!seen) seen = reported(turn({}, Deadline::never()), waits, interest_read);
  poller_->forget(waits);
  poller_->forget(ready);
}

TEST_P(EveryPoller, AForgottenDescriptorIsSilentThoughItsSocketLivesOn) {
  SocketPair pair = SocketPair::tcp();
  Descriptor& near = adopt(pair.near);
  turn_now({{&near, interest_read}});
  const Fd twin(::dup(pair.near.number()));
  poller_->forget(near);
  pair.near.close();
  pair.far.send("x");
  twin.wait_for(POLLIN);
  EXPECT_TRUE(turn_now().empty());
}

TEST_P(EveryPoller, AReusedNumberIsReportedToItsNewOwnerOnly) {
  SocketPair old_pair = SocketPair::tcp();
  SocketPair fresh = SocketPair::blocking_unix();
  const int number = old_pair.near.number();
  Descriptor& old_owner = adopt(old_pair.near);
  turn_now({{&old_owner, interest_read}});
  poller_->forget(old_owner);
  old_pair.near.close();
  const Fd moved(::dup2(fresh.near.number(), number));
  ASSERT_EQ(moved.number(), number);
  Descriptor& new_owner = adopt(moved);
  fresh.far.send("x");
  const auto reports = turn({{&new_owner, interest_read}}, Deadline::never());
  EXPECT_TRUE(reported(reports, new_owner, interest_read));
  EXPECT_FALSE(reported_at_all(reports, old_owner));
  poller_->forget(new_owner);
}

TEST_P(EveryPoller, ANumberThatIsNotOpenIsRefusedWithItsErrno) {
  Descriptor& gone = table_.adopt(testing_sockets::closed_number(), FdKind::socket, nullptr);
  const auto reports = turn({{&gone, interest_read}}, Deadline::never());
  ASSERT_TRUE(reported_at_all(reports, gone));
  EXPECT_EQ(reports.front().refused, EBADF);
  poller_->forget(gone);
}

TEST_P(EveryPoller, AWakeEndsTheNextTurnOnce) {
  for (int i = 0; i < 1000; ++i) poller_->wake();
  EXPECT_TRUE(turn({}, Deadline::never()).empty());
  const Instant until = monotonic_now() + Duration(std::chrono::milliseconds(5));
  EXPECT_TRUE(turn({}, Deadline::at(until)).empty());
  EXPECT_GE(monotonic_now(), until) << "the wakes were one, and it was answered";
}

TEST_P(EveryPoller, EveryWakeAfterAnAnsweredOneEndsAnotherTurn) {
  for (int i = 0; i < 100; ++i) {
    poller_->wake();
    turn({}, Deadline::never());
  }
}

TEST_P(EveryPoller, AWakeFromAnotherThreadEndsTheWait) {
  std::thread waker([&] { poller_->wake(); });
  turn({}, Deadline::never());
  waker.join();
}

Poller* signalled_poller = nullptr;

TEST_P(EveryPoller, AWakeFromASignalHandlerEndsTheWait) {
  signalled_poller = poller_.get();
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) { signalled_poller->wake(); };
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &before), 0);
  const pthread_t self = ::pthread_self();
  std::thread sender([&] { ::pthread_kill(self, SIGUSR1); });
  turn({}, Deadline::never());
  sender.join();
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST_P(EveryPoller, ASignalDoesNotShortenAWait) {
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) {};
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &before), 0);
  const pthread_t self = ::pthread_self();
  const Instant until = monotonic_now() + Duration(std::chrono::milliseconds(20));
  std::thread sender([&] {
    while (monotonic_now() < until) {
      ::pthread_kill(self, SIGUSR1);
      std::this_thread::yield();
    }
  });
  turn({}, Deadline::at(until));
  EXPECT_GE(monotonic_now(), until);
  sender.join();
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST_P(EveryPoller, ADeadlineInThePastDoesNotWait) {
  turn({}, Deadline::at(monotonic_now() - Duration(std::chrono::seconds(1))));
}

TEST_P(EveryPoller, MoreReadyThanThereIsRoomForComesInLaterTurns) {
  std::vector<SocketPair> pairs;
  std::vector<Arm> arms;
  for (int i = 0; i < 10; ++i) {
    pairs.push_back(SocketPair::blocking_unix());
    pairs.back().far.send("x");
    arms.push_back({&adopt(pairs.back().near), interest_read});
  }
  std::array<Ready, 10> out{};
  std::size_t seen = poller_->turn(arms, Deadline::now(), out);
  EXPECT_EQ(seen, arms.size());

  // Once more, with new data for all and room for three reports in each turn.
  for (SocketPair& pair : pairs) pair.far.send("x");
  seen = 0;
  for (const Arm& arm : arms) {
    seen += poller_->turn({&arm, 1}, Deadline::now(), std::span(out).first(3));
  }
  EXPECT_EQ(seen, arms.size());
  for (const Arm& arm : arms) poller_->forget(*arm.descriptor);
}

INSTANTIATE_TEST_SUITE_P(Pollers, EveryPoller,
                         ::testing::Values(Named{"select", &make_select_poller},
                                           Named{"poll", &make_poll_poller},
                                           Named{"epoll", &make_epoll_poller},
                                           Named{"linux_aio", &make_linux_aio_poller}),
                         [](const auto& named) { return std::string(named.param.name); });

TEST(EpollPoller, AFileIsRefusedAsTheKernelRefusesIt) {
  auto poller = make_epoll_poller().value();
  DescriptorTable table;
  TemporaryFile file;
  Descriptor& descriptor = table.adopt(file.number(), FdKind::file, nullptr);
  const Arm arm{&descriptor, interest_read};
  std::array<Ready, 4> out{};
  ASSERT_EQ(poller->turn({&arm, 1}, Deadline::never(), out), 1u);
  EXPECT_EQ(out[0].refused, EPERM);
}

/// How many fds the epolls of this process watch: the kernel lists each as a line "tfd:".
std::size_t watched_fds() {
  std::size_t watched = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
    std::ifstream info(entry.path());
    for (std::string line; std::getline(info, line);) watched += line.starts_with("tfd:") ? 1 : 0;
  }
  return watched;
}

TEST(EpollPoller, AForgottenFdIsTakenOutOfTheKernelsSet) {
  auto poller = make_epoll_poller().value();
  DescriptorTable table;
  SocketPair pair = SocketPair::tcp();
  Descriptor& descriptor = table.adopt(pair.near.number(), FdKind::socket, nullptr);
  const Arm arm{&descriptor, interest_read};
  std::array<Ready, 4> out{};
  const std::size_t before = watched_fds();
  ASSERT_EQ(poller->turn({&arm, 1}, Deadline::never(), out), 1u);
  EXPECT_EQ(watched_fds(), before + 1);
  poller->forget(descriptor);
  EXPECT_EQ(watched_fds(), before);
}

TEST(EpollPoller, AnEventOfAnEarlierGenerationIsDropped) {
  auto poller = make_epoll_poller().value();
  DescriptorTable table;
  SocketPair pair = SocketPair::tcp();
  Descriptor& descriptor = table.adopt(pair.near.number(), FdKind::socket, nullptr);
  const Arm arm{&descriptor, interest_read};
  std::array<Ready, 4> out{};
  ASSERT_EQ(poller->turn({&arm, 1}, Deadline::never(), out), 1u);
  next_generation(descriptor);  // As when the place was given out anew.
  pair.far.send("x");
  pair.near.wait_for(POLLIN);
  EXPECT_EQ(poller->turn({}, Deadline::now(), out), 0u);
  poller->forget(descriptor);
}

TEST(SelectPoller, ANumberBeyondItsSetsIsRefused) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  if (limit.rlim_cur <= FD_SETSIZE) {
    limit.rlim_cur = FD_SETSIZE + 1;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0) << "the hard limit is too low for this test";
  }
  auto poller = make_select_poller().value();
  SocketPair pair = SocketPair::tcp();
  const Fd high(::fcntl(pair.near.number(), F_DUPFD_CLOEXEC, FD_SETSIZE));
  ASSERT_GE(high.number(), FD_SETSIZE);
  DescriptorTable table;
  EXPECT_EQ(poller->arm_refused(table.adopt(pair.near.number(), FdKind::socket, nullptr)), 0);
  EXPECT_EQ(poller->arm_refused(table.adopt(high.number(), FdKind::socket, nullptr)), EINVAL);
}

}  // namespace
}  // namespace rota

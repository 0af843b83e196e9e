// What the poller over Linux aio does beside what poller.hpp promises of each.

#include "driver/readiness/linux_aio_poller.hpp"

#include "core/descriptor_table.hpp"
#include "driver/aio_context.hpp"
#include "driver/readiness/linux_aio.hpp"
#include "driver/sockets.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace rota {
namespace {

using testing_sockets::checked;
using testing_sockets::Fd;
using testing_sockets::SocketPair;

class LinuxAioPollerTest : public testing::Test {
 protected:
  LinuxAioPollerTest() : out_(2 * LinuxAioPoller::kRequests) {
    auto made = make_linux_aio_poller();
    if (made) poller_ = std::move(*made);
    refused_ = made ? std::string() : made.error().reason;
  }
  void SetUp() override {
    if (poller_ == nullptr) GTEST_SKIP() << "no context: " << refused_;
  }

  Descriptor& adopt(const Fd& fd) { return table_.adopt(fd.number(), FdKind::stream, nullptr); }

  /// The Descriptors that one turn reports.
  std::vector<Descriptor*> turn(const std::vector<Arm>& arms, Deadline until) {
    std::vector<Descriptor*> reported;
    const std::size_t count = poller_->turn(arms, until, out_);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(out_[i].refused, 0);
      reported.push_back(out_[i].descriptor);
    }
    return reported;
  }

  DescriptorTable table_;
  std::unique_ptr<Poller> poller_;
  std::string refused_;
  std::vector<Ready> out_;
};

using Reported = std::vector<Descriptor*>;

/// Open both ways, so that it has a wait queue for each; the kernel's polls know one.
class Fifo {
 public:
  Fifo() {
    const std::string path = testing::TempDir() + "rota-fifo-" + std::to_string(::getpid());
    checked(::mkfifo(path.c_str(), 0600), "mkfifo");
    fd_ = Fd(checked(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC), "open"));
    std::filesystem::remove(path);
  }
  [[nodiscard]] const Fd& fd() const { return fd_; }
  void write() const { checked(static_cast<int>(::write(fd_.number(), "x", 1)), "write"); }
  void read() const {
    char byte = 0;
    checked(static_cast<int>(::read(fd_.number(), &byte, 1)), "read");
  }

 private:
  Fd fd_;
};

TEST_F(LinuxAioPollerTest, AFifoThatIsOpenBothWaysIsWaitedForInTheEpollInstance) {
  const Fifo fifo;
  Descriptor& descriptor = adopt(fifo.fd());
  const Arm arm{&descriptor, interest_read};
  EXPECT_EQ(turn({arm}, Deadline::now()), Reported{});
  for (int i = 0; i < 3; ++i) {
    fifo.write();
    EXPECT_EQ(turn({}, Deadline::never()), Reported{&descriptor});
    fifo.read();
    EXPECT_EQ(turn({arm}, Deadline::now()), Reported{});
  }
  poller_->forget(descriptor);
  fifo.write();
  EXPECT_EQ(turn({}, Deadline::now()), Reported{});
}

/// What the epoll instance was ready for may be gone when it is asked: read by somebody else, or
/// nobody's any more.
TEST_F(LinuxAioPollerTest, AReadinessThatWasForNobodyHidesNoLaterOne) {
  for (const bool is_forgotten : {false, true}) {
    const Fifo first;
    const Fifo second;
    Descriptor& taken = adopt(first.fd());
    Descriptor& waiting = adopt(second.fd());
    EXPECT_EQ(turn({{&taken, interest_read}, {&waiting, interest_read}}, Deadline::now()),
              Reported{});
    first.write();
    if (is_forgotten) poller_->forget(taken);
    first.read();
    EXPECT_EQ(turn({}, Deadline::now()), Reported{});
    second.write();
    EXPECT_EQ(turn({}, Deadline::never()), Reported{&waiting});
    poller_->forget(taken);
    poller_->forget(waiting);
  }
}

/// The same within one wait: what ended it for nobody must not be the last that is looked at.
TEST_F(LinuxAioPollerTest, AWaitThatNothingEndedIsAskedForAgain) {
  const Fifo first;
  const Fifo second;
  Descriptor& taken = adopt(first.fd());
  Descriptor& waiting = adopt(second.fd());
  const std::vector<Arm> arms{{&taken, interest_read}, {&waiting, interest_read}};
  EXPECT_EQ(turn(arms, Deadline::now()), Reported{});
  first.write();
  poller_->forget(taken);  // The instance's own request has ended, and has nothing to tell.
  std::thread writer([&] { second.write(); });
  EXPECT_EQ(turn({}, Deadline::never()), Reported{&waiting});
  writer.join();
  poller_->forget(waiting);
}

/// In the very turn in which the kernel has refused to wait for it.
TEST_F(LinuxAioPollerTest, TheFirstThatComesToTheEpollInstanceEndsTheWaitInWhichItCame) {
  constexpr int how = O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;
  const Fd terminal(checked(::open("/dev/ptmx", how), "ptmx"));
  checked(::unlockpt(terminal.number()), "unlockpt");
  const Fd child(checked(::open(::ptsname(terminal.number()), how), "pts"));
  Descriptor& descriptor = adopt(terminal);
  std::thread writer([&] { checked(static_cast<int>(::write(child.number(), "x", 1)), "write"); });
  EXPECT_EQ(turn({{&descriptor, interest_read}}, Deadline::never()), Reported{&descriptor});
  writer.join();
  poller_->forget(descriptor);
}

TEST_F(LinuxAioPollerTest, WhatFindsNoRoomInTheContextIsWaitedForInTheEpollInstance) {
  constexpr std::size_t count = LinuxAioPoller::kRequests + 100;
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = files.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  if (files.rlim_cur < count + 100) GTEST_SKIP() << "RLIMIT_NOFILE has no room for the eventfds";
  std::vector<Fd> fds;
  std::vector<Arm> arms;
  for (std::size_t i = 0; i < count; ++i) {
    fds.emplace_back(checked(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd"));
    arms.push_back({&adopt(fds.back()), interest_read});
  }
  EXPECT_EQ(turn(arms, Deadline::now()), Reported{});
  for (const std::size_t i : {count - 1, std::size_t{0}, count - 100, count / 2}) {
    checked(::eventfd_write(fds[i].number(), 1), "eventfd_write");
    EXPECT_EQ(turn({}, Deadline::never()), Reported{arms[i].descriptor}) << i;
  }
  for (const Fd& fd : fds) checked(::eventfd_write(fd.number(), 1), "eventfd_write");
  std::size_t reported = 0;
  while (reported < count - 4) reported += turn({}, Deadline::never()).size();
  EXPECT_EQ(reported, count - 4) << "those that were reported before are not armed any more";
  for (const Arm& arm : arms) poller_->forget(*arm.descriptor);
}

TEST_F(LinuxAioPollerTest, ARequestThatEndsAfterItsDescriptorWasReportedIsDropped) {
  SocketPair pair = SocketPair::tcp();
  Descriptor& near = adopt(pair.near);
  // There is room to write at once, and nothing to read before the test says so.
  EXPECT_EQ(turn({{&near, interest_read}}, Deadline::now()), Reported{});
  EXPECT_EQ(turn({{&near, interest_write}}, Deadline::never()), Reported{&near});
  pair.far.send("x");
  pair.near.wait_for(POLLIN);
  EXPECT_EQ(turn({}, Deadline::now()), Reported{}) << "nobody has armed it since";
  EXPECT_EQ(turn({{&near, interest_read}}, Deadline::never()), Reported{&near});
  poller_->forget(near);
}

TEST_F(LinuxAioPollerTest, AnInterestThatIsArmedAgainNeedsNoSecondRequest) {
  SocketPair pair = SocketPair::tcp();
  Descriptor& near = adopt(pair.near);
  EXPECT_EQ(turn({{&near, interest_read}}, Deadline::now()), Reported{});
  EXPECT_EQ(turn({{&near, interest_write}}, Deadline::never()), Reported{&near});
  EXPECT_EQ(turn({{&near, interest_read}}, Deadline::now()), Reported{});
  pair.far.send("x");
  EXPECT_EQ(turn({}, Deadline::never()), Reported{&near}) << "the first request has ended";
  EXPECT_EQ(turn({}, Deadline::now()), Reported{});
  poller_->forget(near);
}

/// The kernel holds the file of each request: one that was not cancelled would keep it open.
TEST_F(LinuxAioPollerTest, WhatIsForgottenAndClosedIsGoneForItsPeer) {
  for (int i = 0; i < 300; ++i) {  // More than there is room for, if their places stayed taken.
    SocketPair pair = SocketPair::tcp();
    Descriptor& near = adopt(pair.near);
    for (const std::uint8_t interest : {interest_read, interest_priority, interest_hang_up}) {
      EXPECT_EQ(turn({{&near, interest}}, Deadline::now()), Reported{});
    }
    poller_->forget(near);
    pair.near.close();
    EXPECT_EQ(pair.far.receive_some(1), 0u);
    table_.release(near);
  }
}

/// A signal that is pending interrupts a call that has nothing to do, and says nothing of it.
TEST(LinuxAioContext, a_signal_does_not_refuse_it) {
  struct sigaction ignored_by_handler {};
  ignored_by_handler.sa_handler = [](int) {};
  struct sigaction before {};
  ASSERT_EQ(::sigaction(SIGALRM, &ignored_by_handler, &before), 0);
  const itimerval often{.it_interval = {0, 20}, .it_value = {0, 20}};
  ASSERT_EQ(::setitimer(ITIMER_REAL, &often, nullptr), 0);
  int refused = 0;
  for (int i = 0; i < 30 && refused == 0; ++i) {
    AioContext context;
    refused = context.set_up(1);
  }
  const itimerval never{};
  ::setitimer(ITIMER_REAL, &never, nullptr);
  ::sigaction(SIGALRM, &before, nullptr);
  const bool denied = refused == EAGAIN || refused == ENOSYS || refused == EPERM;
  EXPECT_TRUE(refused == 0 || denied) << refused;
}

}  // namespace
}  // namespace rota

// Waits that gather: one that is not over with the first completion.
#include "base/first_line.hpp"
#include "driver/driver_rig.hpp"
#include "driver/ring_rig.hpp"

#include <gtest/gtest.h>

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace rota {
namespace {

using testing_sockets::DriverRig;
using testing_sockets::Fd;
using testing_sockets::made;
using testing_sockets::request_of;
using testing_sockets::SocketPair;

constexpr std::uint32_t kTenMinutesUs = 600'000'000;
constexpr std::uint32_t kMillisecondUs = 1000;

RingRequest gathering(std::uint32_t min_wait_us) {
  // Movable: its operations are done when they can be, and not when the wait is over, so that this
  // can be seen from outside.
  RingRequest request = request_of(RingProfile::movable, 8, 16);
  request.min_wait_us = min_wait_us;
  return request;
}

void await_sleep_of(pid_t thread) {
  const std::string stat = "/proc/self/task/" + std::to_string(thread) + "/stat";
  while (first_line_of(stat).find(") S ") == std::string::npos) std::this_thread::yield();
}

/// Until somebody has read what was sent.
void await_empty(const Fd& sender) {
  int unread = 1;
  while (::ioctl(sender.number(), SIOCOUTQ, &unread) == 0 && unread > 0) std::this_thread::yield();
}

/// Two reads that wait, on a ring that gathers; and what another thread does about them.
class UringMinWait : public testing::Test {
 protected:
  /// False where the kernel does not gather.
  bool park_two_reads(std::uint32_t min_wait_us) {
    auto driver = made(gathering(min_wait_us));
    if (!driver->ring().can(ring_gathers)) return false;
    rig_ = std::make_unique<DriverRig>(std::move(driver));
    for (std::size_t i = 0; i < reads_.size(); ++i) {
      SocketPair pair = SocketPair::blocking_unix();
      far_.push_back(std::move(pair.far));
      near_.push_back(&rig_->adopt(std::move(pair.near)));
      rig_->give(reads_[i], near_.back());
    }
    return true;
  }

  void TearDown() override {
    for (Descriptor* each : near_) EXPECT_EQ(rig_->close(*each), 0);
  }

  std::unique_ptr<DriverRig> rig_;
  std::array<std::byte, 2> bytes_{};
  std::array<Transfer, 2> reads_{Transfer{OpCode::read, &bytes_[0], 1},
                                 Transfer{OpCode::read, &bytes_[1], 1}};
  std::vector<Fd> far_;
  std::vector<Descriptor*> near_;
};

constexpr const char* kNoGathering = "a kernel before 6.12: a wait is over with one completion";

TEST_F(UringMinWait, gives_what_comes_within_it_with_one_turn) {
  if (!park_two_reads(kTenMinutesUs)) GTEST_SKIP() << kNoGathering;
  std::thread sender([this, owner = ::gettid()] {
    await_sleep_of(owner);
    far_[0].send("x");
    await_empty(far_[0]);
    await_sleep_of(owner);  // In the same wait still, or behind it.
    far_[1].send("x");
  });
  rig_->turn();
  EXPECT_EQ(rig_->returned(), 2u);
  sender.join();
}

TEST_F(UringMinWait, is_over_with_the_only_operation_that_there_is) {
  if (!park_two_reads(kTenMinutesUs)) GTEST_SKIP() << kNoGathering;
  far_[0].send("x");
  far_[1].send("x");
  rig_->turn_until_returned(2);
  reads_[0].moved = 0;
  rig_->give(reads_[0], near_[0]);
  std::thread sender([this, owner = ::gettid()] {
    await_sleep_of(owner);
    far_[0].send("x");
  });
  rig_->turn();  // It would last for ten minutes.
  EXPECT_EQ(rig_->returned(), 3u);
  sender.join();
}

TEST_F(UringMinWait, ends_with_what_came_when_its_time_is_over) {
  if (!park_two_reads(kMillisecondUs)) GTEST_SKIP() << kNoGathering;
  std::thread sender([this, owner = ::gettid()] {
    await_sleep_of(owner);
    far_[0].send("x");
  });
  rig_->turn();  // The second is never sent.
  EXPECT_EQ(rig_->returned(), 1u);
  sender.join();
}

TEST_F(UringMinWait, does_not_outlast_the_deadline) {
  if (!park_two_reads(kTenMinutesUs)) GTEST_SKIP() << kNoGathering;
  const Deadline until = Deadline::at(rig_->driver().now() + Duration{2'000'000});
  rig_->turn(until);
  EXPECT_EQ(rig_->returned(), 0u);
  EXPECT_TRUE(until.passed(rig_->driver().now()));
}

TEST(UringMinWaitRefusal, by_an_older_kernel_is_told_and_changes_nothing_else) {
  RingRequest request = gathering(kTenMinutesUs);
  request.withheld_abilities = ring_gathers;
  std::vector<Refusal> refusals;
  auto driver = UringDriver::make(request, refusals);
  ASSERT_TRUE(driver.has_value());
  ASSERT_FALSE(refusals.empty());
  EXPECT_EQ(refusals.back().error, EOPNOTSUPP);
  EXPECT_NE(refusals.back().reason.find("Linux 6.12"), std::string::npos);
  EXPECT_FALSE((*driver)->ring().can(ring_gathers));
}

}  // namespace
}  // namespace rota

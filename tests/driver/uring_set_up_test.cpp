// How a ring is set up, and which threads may use it.
#include "driver/driver_rig.hpp"
#include "driver/ring_rig.hpp"
#include "driver/uring_abi.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <thread>
#include <vector>

namespace rota {
namespace {

using testing_sockets::DriverRig;
using testing_sockets::made;
using testing_sockets::request_of;
using testing_sockets::SocketPair;

TEST(UringProfile, a_movable_ring_is_taken_over_by_another_thread) {
  DriverRig rig(made(request_of(RingProfile::movable, 8, 16)));
  ASSERT_TRUE(rig.driver().traits().any_carrier);
  SocketPair pair = SocketPair::blocking_unix();
  Descriptor& near = rig.adopt(std::move(pair.near));
  std::byte byte{};
  Transfer read(OpCode::read, &byte, 1);
  rig.give(read, &near);
  rig.turn(Deadline::now());  // This thread submits and stays alive,
  pair.far.send("x");
  std::thread([&] {           // another collects, submits and closes.
    rig.turn_until_returned(1);
    EXPECT_EQ(rig.close(near), 0);
  }).join();
  EXPECT_EQ(read.result, 1);
}

TEST(UringProfile, what_a_thread_submitted_before_it_ended_goes_on) {
  DriverRig rig(made(request_of(RingProfile::movable, 8, 16)));
  SocketPair pair = SocketPair::blocking_unix();
  Descriptor& near = rig.adopt(std::move(pair.near));
  std::byte byte{};
  Transfer read(OpCode::read, &byte, 1);
  rig.give(read, &near);
  std::thread([&] { rig.turn(Deadline::now()); }).join();
  pair.far.send("x");
  rig.turn_until_returned(1);
  EXPECT_EQ(read.result, 1);
  EXPECT_EQ(rig.close(near), 0);
}

TEST(UringProfileDeathTest, a_pinned_ring_says_who_entered_it_twice) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto enter_twice = [] {
    DriverRig rig(made(request_of(RingProfile::pinned, 8, 16)));
    rig.turn(Deadline::now());
    rig.driver().wake();
    std::thread([&] { rig.turn(); }).join();
  };
  EXPECT_DEATH(enter_twice(), "entered by a second thread");
}

TEST(UringSetUp, a_flag_that_the_kernel_refuses_is_named_and_given_up) {
  RingRequest request = request_of(RingProfile::pinned, 8, 16);
  request.withheld_setup_flags = IORING_SETUP_DEFER_TASKRUN;
  std::vector<Refusal> refusals;
  auto driver = UringDriver::make(request, refusals);
  ASSERT_TRUE(driver.has_value());
  ASSERT_EQ(refusals.size(), 1u);
  EXPECT_EQ(refusals[0].mechanism, "io_uring pinned");
  EXPECT_EQ(refusals[0].error, EINVAL);
  EXPECT_NE(refusals[0].reason.find("IORING_SETUP_DEFER_TASKRUN"), std::string::npos);
  const std::uint32_t flags = (*driver)->ring().setup_flags();
  EXPECT_EQ(flags & IORING_SETUP_DEFER_TASKRUN, 0u);
  EXPECT_NE(flags & IORING_SETUP_SINGLE_ISSUER, 0u);
}

TEST(UringSetUp, a_kernel_that_knows_all_of_it_refuses_nothing_to_either_profile) {
  for (const RingProfile profile : {RingProfile::pinned, RingProfile::movable}) {
    std::vector<Refusal> refusals;
    auto driver = UringDriver::make(request_of(profile, 8, 16), refusals);
    ASSERT_TRUE(driver.has_value());
    const std::uint32_t flags = (*driver)->ring().setup_flags();
    const bool pinned = profile == RingProfile::pinned;
    // A kernel before 6.1 refuses some of them, and then says so.
    if (!refusals.empty()) continue;
    EXPECT_EQ((flags & IORING_SETUP_DEFER_TASKRUN) != 0, pinned);
    EXPECT_EQ((flags & IORING_SETUP_COOP_TASKRUN) != 0, !pinned);
  }
}

}  // namespace
}  // namespace rota

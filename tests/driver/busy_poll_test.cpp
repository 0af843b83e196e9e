// Waits that poll the queues of network cards before they sleep: what is asked of the kernel, and
// that a kernel which cannot is a refusal and no more. On loopback and on most virtual cards there
// is no queue to poll, so that the time it saves cannot be seen here.
#include "driver/choose.hpp"
#include "driver/driver_rig.hpp"
#include "driver/readiness/epoll_abi.hpp"
#include "driver/ring_rig.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace rota {
namespace {

using testing_sockets::DriverRig;
using testing_sockets::Fd;
using testing_sockets::made;
using testing_sockets::profile_name;
using testing_sockets::request_of;
using testing_sockets::SocketPair;

constexpr std::uint32_t kBusyPollUs = 37;

void expect_a_byte_through(DriverRig& rig) {
  SocketPair pair = SocketPair::tcp();
  Descriptor& near = rig.adopt(std::move(pair.near));
  std::byte byte{};
  Transfer read(OpCode::read, &byte, 1);
  rig.give(read, &near);
  rig.turn(Deadline::now());
  pair.far.send("x");
  rig.turn_until_returned(1);
  EXPECT_EQ(read.result, 1);
  EXPECT_EQ(rig.close(near), 0);
}

/// The numbers of this process that name an epoll instance.
std::vector<int> epoll_numbers() {
  std::vector<int> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;  // The one that this loop reads the folder by.
    const auto target = std::filesystem::read_symlink(entry.path(), gone);
    if (target == "anon_inode:[eventpoll]") found.push_back(std::stoi(entry.path().filename()));
  }
  return found;
}

TEST(EpollBusyPoll, is_asked_of_the_instance_of_the_driver) {
  DriverConfig config;
  config.kind = DriverKind::epoll;
  config.napi_busy_poll_us = kBusyPollUs;
  std::vector<Refusal> refusals;
  auto chosen = choose_driver(config, &refusals);
  ASSERT_TRUE(chosen.has_value());
  if (!refusals.empty()) GTEST_SKIP() << refusals.front().reason;
  const std::vector<int> numbers = epoll_numbers();
  ASSERT_EQ(numbers.size(), 1u);
  EpollParameters parameters{};
  ASSERT_EQ(::ioctl(numbers.front(), kEpollGetParameters, &parameters), 0);
  EXPECT_EQ(parameters.busy_poll_us, kBusyPollUs);
  DriverRig rig(std::move(chosen->driver));
  expect_a_byte_through(rig);
}

TEST(EpollBusyPoll, that_the_kernel_refuses_is_told_and_changes_nothing_else) {
  DriverConfig config;
  config.kind = DriverKind::epoll;
  config.napi_busy_poll_us = ~std::uint32_t{0};  // More than the kernel takes.
  std::vector<Refusal> refusals;
  auto chosen = choose_driver(config, &refusals);
  ASSERT_TRUE(chosen.has_value());
  ASSERT_EQ(refusals.size(), 1u);
  EXPECT_EQ(refusals.front().mechanism, "epoll");
  EXPECT_NE(refusals.front().reason.find("network cards"), std::string::npos);
  DriverRig rig(std::move(chosen->driver));
  expect_a_byte_through(rig);
}

/// What the kernel says of the rings of this process.
std::string facts_of_rings() {
  std::string facts;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
    std::ifstream file(entry.path());
    facts.append(std::istreambuf_iterator<char>(file), {});
  }
  return facts;
}

class RingBusyPoll : public testing::TestWithParam<RingProfile> {};

INSTANTIATE_TEST_SUITE_P(Profiles, RingBusyPoll,
                         testing::Values(RingProfile::pinned, RingProfile::movable,
                                         RingProfile::sqpoll),
                         profile_name);

TEST_P(RingBusyPoll, is_asked_of_the_ring) {
  RingRequest request = request_of(GetParam(), 8, 16);
  request.napi_busy_poll_us = kBusyPollUs;
  auto driver = made(request);
  if (!driver->ring().can(ring_polls_network)) GTEST_SKIP() << "a kernel before 6.9, or without it";
  const std::string facts = facts_of_rings();
  EXPECT_NE(facts.find("NAPI:\tenabled"), std::string::npos) << facts;
  EXPECT_NE(facts.find("napi_busy_poll_dt:\t" + std::to_string(kBusyPollUs)), std::string::npos)
      << facts;
  DriverRig rig(std::move(driver));
  expect_a_byte_through(rig);
}

TEST_P(RingBusyPoll, that_an_older_kernel_refuses_is_told_and_changes_nothing_else) {
  RingRequest request = request_of(GetParam(), 8, 16);
  request.napi_busy_poll_us = kBusyPollUs;
  request.withheld_abilities = ring_polls_network;
  std::vector<Refusal> refusals;
  auto driver = UringDriver::make(request, refusals);
  ASSERT_TRUE(driver.has_value());
  ASSERT_FALSE(refusals.empty());
  EXPECT_EQ(refusals.back().error, EINVAL);
  EXPECT_NE(refusals.back().reason.find("network cards"), std::string::npos);
  EXPECT_FALSE((*driver)->ring().can(ring_polls_network));
  DriverRig rig(std::move(*driver));
  expect_a_byte_through(rig);
}

}  // namespace
}  // namespace rota

// Wakes that are messages to the ring instead of writes to its eventfd.
#include "driver/driver_rig.hpp"
#include "driver/ring_rig.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace rota {
namespace {

using testing_sockets::DriverRig;
using testing_sockets::made;
using testing_sockets::profile_name;
using testing_sockets::request_of;

/// How often the eventfds of this process were written to: those of rings are never read.
std::uint64_t eventfd_writes() {
  std::uint64_t writes = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      const std::string name = "eventfd-count:";
      if (line.starts_with(name)) writes += std::stoull(line.substr(name.size()), nullptr, 16);
    }
  }
  return writes;
}

class MessageWake : public testing::TestWithParam<RingProfile> {
 protected:
  /// Null where the kernel has none.
  std::unique_ptr<DriverRig> woken_by_messages() {
    RingRequest request = request_of(GetParam(), 8, 16);
    request.message_wakes = true;
    auto driver = made(request);
    if (!driver->ring().can(ring_takes_messages)) return nullptr;
    return std::make_unique<DriverRig>(std::move(driver));
  }
};

constexpr const char* kNoMessages = "a kernel before 6.13";

INSTANTIATE_TEST_SUITE_P(Profiles, MessageWake,
                         testing::Values(RingProfile::pinned, RingProfile::movable,
                                         RingProfile::sqpoll),
                         profile_name);

TEST_P(MessageWake, writes_to_no_eventfd) {
  auto rig = woken_by_messages();
  if (rig == nullptr) GTEST_SKIP() << kNoMessages;
  rig->turn(Deadline::now());
  for (int i = 0; i < 3; ++i) {
    rig->driver().wake();
    rig->turn();  // Without a deadline: it would never end.
  }
  EXPECT_EQ(eventfd_writes(), 0u);
}

TEST_P(MessageWake, is_not_made_unasked) {
  DriverRig rig(made(request_of(GetParam(), 8, 16)));
  rig.turn(Deadline::now());
  rig.driver().wake();
  rig.turn();
  EXPECT_EQ(eventfd_writes(), 1u);
}

TEST_P(MessageWake, that_the_ring_cannot_take_yet_is_no_wake_lost) {
  auto rig = woken_by_messages();
  if (rig == nullptr) GTEST_SKIP() << kNoMessages;
  rig->driver().wake();
  rig->turn();  // Without a deadline: it would never end.
  EXPECT_EQ(rig->returned(), 0u);
}

TEST_P(MessageWake, that_an_older_kernel_refuses_is_told_and_the_eventfd_is_written) {
  RingRequest request = request_of(GetParam(), 8, 16);
  request.message_wakes = true;
  request.withheld_abilities = ring_takes_messages;
  std::vector<Refusal> refusals;
  auto driver = UringDriver::make(request, refusals);
  ASSERT_TRUE(driver.has_value());
  ASSERT_FALSE(refusals.empty());
  EXPECT_EQ(refusals.back().error, EINVAL);
  EXPECT_NE(refusals.back().reason.find("Linux 6.13"), std::string::npos);
  DriverRig rig(std::move(*driver));
  rig.turn(Deadline::now());
  rig.driver().wake();
  rig.turn();
  EXPECT_EQ(eventfd_writes(), 1u);
}

}  // namespace
}  // namespace rota

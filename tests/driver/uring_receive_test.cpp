// The buffers that a ring lends: many connections at once, queues that are far too small, and
// kernels that have no such buffers.
#include "driver/driver_rig.hpp"
#include "driver/lender.hpp"
#include "driver/ring_rig.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace rota {
namespace {

using testing_sockets::DriverRig;
using testing_sockets::Fd;
using testing_sockets::made;
using testing_sockets::request_of;
using testing_sockets::SocketPair;

struct LendingCase {
  const char* name;
  RingRequest request;
};

RingRequest without_buffers(RingProfile profile) {
  RingRequest request = request_of(profile, 8, 16);
  request.withheld_abilities = ring_lends | ring_cancels_by_fd;
  return request;
}

std::vector<LendingCase> lending_cases() {
  return {
      {"pinned", request_of(RingProfile::pinned, 256, 4096)},
      {"movable", request_of(RingProfile::movable, 256, 4096)},
      {"pinned_tiny", request_of(RingProfile::pinned, 2, 4)},
      {"movable_tiny", request_of(RingProfile::movable, 2, 4)},
      {"sqpoll", request_of(RingProfile::sqpoll, 256, 4096)},
      {"sqpoll_tiny", request_of(RingProfile::sqpoll, 2, 4)},
      {"pinned_without_buffers", without_buffers(RingProfile::pinned)},
      {"movable_without_buffers", without_buffers(RingProfile::movable)},
  };
}

/// A connection with a receive that waits.
struct Receiving {
  Descriptor* descriptor = nullptr;
  Fd far;
  Receive receive;

  [[nodiscard]] std::string text() const {
    return std::string(reinterpret_cast<const char*>(receive.data), receive.moved);
  }
};

class UringReceive : public testing::TestWithParam<LendingCase> {
 protected:
  UringReceive() : rig_(made(GetParam().request)) {}

  std::deque<Receiving>& park(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      SocketPair pair = SocketPair::blocking_unix();
      Receiving& one = receivings_.emplace_back();
      one.descriptor = &rig_.adopt(std::move(pair.near));
      one.far = std::move(pair.far);
      give(one);
    }
    return receivings_;
  }
  void give(Receiving& one) {
    one.receive.lender = rig_.driver().lender();
    rig_.give(one.receive, one.descriptor);
  }
  static void give_buffer_back(Receiving& one) {
    if (one.receive.buffer != nullptr) give_back(*std::exchange(one.receive.buffer, nullptr));
  }
  void close_all() {
    for (Receiving& one : receivings_) {
      EXPECT_EQ(rig_.close(*one.descriptor), 0);
      give_buffer_back(one);
    }
  }

  DriverRig rig_;
  std::deque<Receiving> receivings_;
};

INSTANTIATE_TEST_SUITE_P(Rings, UringReceive, testing::ValuesIn(lending_cases()),
                         [](const auto& ring) { return std::string(ring.param.name); });

TEST_P(UringReceive, the_kernel_is_offered_buffers_unless_it_refuses_them) {
  park(1);
  rig_.turn(Deadline::now());
  const auto& driver = static_cast<UringDriver&>(rig_.driver());
  const bool offers = driver.ring().can(ring_lends);
  EXPECT_EQ(rig_.driver().lender()->lent() > 0, offers);
  const bool withheld = (GetParam().request.withheld_abilities & ring_lends) != 0;
  if (!offers && !withheld) GTEST_SKIP() << "this kernel has no rings of buffers";
  EXPECT_NE(offers, withheld);
  close_all();
}

TEST_P(UringReceive, more_wait_than_there_are_buffers_and_bytes_come_for_all_at_once) {
  constexpr std::size_t kConnections = 300;
  auto& receivings = park(kConnections);
  rig_.turn(Deadline::now());
  for (std::size_t i = 0; i < kConnections; ++i) receivings[i].far.send(std::to_string(i));
  rig_.turn_until_returned(kConnections);
  for (std::size_t i = 0; i < kConnections; ++i) {
    EXPECT_EQ(receivings[i].text(), std::to_string(i));
    EXPECT_NE(receivings[i].receive.buffer, nullptr);
  }
  close_all();
}

/// The large ones are few, and no more of them are offered: those that find none wait for those
/// that come back, and where none comes back they get one of their own.
TEST_P(UringReceive, more_large_loans_are_kept_than_there_are_large_buffers) {
  constexpr std::size_t kConnections = most_kept(LentSize::large) + 20;
  auto& receivings = park(kConnections);
  for (Receiving& one : receivings) one.descriptor->receives_much = true;
  rig_.turn(Deadline::now());
  for (std::size_t i = 0; i < kConnections; ++i) receivings[i].far.send(std::to_string(i));
  rig_.turn_until_returned(kConnections);
  std::size_t singles = 0;
  for (std::size_t i = 0; i < kConnections; ++i) {
    ASSERT_NE(receivings[i].receive.buffer, nullptr);
    EXPECT_EQ(receivings[i].text(), std::to_string(i));
    EXPECT_EQ(receivings[i].receive.buffer->bytes, bytes_of(LentSize::large));
    singles += receivings[i].receive.buffer->single ? 1 : 0;
  }
  EXPECT_GE(singles, 20u);
  if (GetParam().request.entries >= kConnections) {  // All waited before the first bytes came.
    const bool offers = static_cast<UringDriver&>(rig_.driver()).ring().can(ring_lends);
    EXPECT_EQ(rig_.driver().counters().dry_receives > 0, offers);
  }
  close_all();
}

TEST_P(UringReceive, a_storm_of_cancels_ends_everything_and_loses_no_byte) {
  constexpr std::size_t kConnections = 200;
  auto& receivings = park(kConnections);
  rig_.turn(Deadline::now());
  for (Receiving& one : receivings) one.far.send("x");
  for (Receiving& one : receivings) rig_.driver().cancel(one.receive);
  rig_.turn_until_returned(kConnections);
  std::size_t again = 0;
  for (Receiving& one : receivings) {
    if (one.receive.result == 1) continue;
    EXPECT_EQ(one.receive.result, -ECANCELED);
    EXPECT_EQ(one.receive.buffer, nullptr);
    give(one);
    again += 1;
  }
  rig_.turn_until_returned(kConnections + again);
  for (Receiving& one : receivings) EXPECT_EQ(one.text(), "x");
  close_all();
}

TEST_P(UringReceive, closes_end_what_found_no_buffer) {
  constexpr std::size_t kConnections = 100;
  auto& receivings = park(kConnections);
  rig_.turn(Deadline::now());
  for (Receiving& one : receivings) one.far.send("x");
  std::deque<Operation> closings;
  for (Receiving& one : receivings) {
    rig_.give(closings.emplace_back(OpCode::close), one.descriptor);
  }
  rig_.turn_until_returned(2 * kConnections);
  for (const Receiving& one : receivings) {
    EXPECT_EQ(one.receive.result == 1, one.receive.buffer != nullptr) << one.receive.result;
    EXPECT_TRUE(one.receive.result == 1 || one.receive.result == -ECANCELED);
  }
  for (Receiving& one : receivings) give_buffer_back(one);
}

/// Each close needs an entry of the ring, and there are more of them than entries.
TEST_P(UringReceive, closes_end_what_waits_for_a_large_buffer) {
  constexpr std::size_t kConnections = 300;
  auto& receivings = park(kConnections);
  for (Receiving& one : receivings) one.descriptor->receives_much = true;
  rig_.turn(Deadline::now());
  for (Receiving& one : receivings) one.far.send("x");
  rig_.turn(Deadline::now());
  std::deque<Operation> closings;
  for (Receiving& one : receivings) {
    rig_.give(closings.emplace_back(OpCode::close), one.descriptor);
  }
  rig_.turn_until_returned(2 * kConnections);
  for (const Operation& closing : closings) EXPECT_EQ(closing.result, 0);
  for (Receiving& one : receivings) {
    EXPECT_EQ(one.receive.result == 1, one.receive.buffer != nullptr) << one.receive.result;
    give_buffer_back(one);
  }
}

}  // namespace
}  // namespace rota

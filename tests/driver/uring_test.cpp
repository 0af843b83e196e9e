// What is of the ring alone, in every profile, on older kernels and with queues that are far too
// small. What every driver promises is in tests/conformance.
#include <rota/core/atomic.hpp>

#include "driver/driver_rig.hpp"
#include "driver/ring_rig.hpp"
#include "driver/uring/abi.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <deque>
#include <string>
#include <thread>
#include <vector>

namespace rota {
namespace {

using testing_sockets::checked;
using testing_sockets::DriverRig;
using testing_sockets::Fd;
using testing_sockets::Listener;
using testing_sockets::made;
using testing_sockets::request_of;
using testing_sockets::SocketPair;
using testing_sockets::TemporaryFile;

constexpr std::uint32_t kEveryOptionalFlag =
    IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_TASKRUN_FLAG |
    IORING_SETUP_COOP_TASKRUN | IORING_SETUP_SUBMIT_ALL;
constexpr std::uint32_t kEveryAbility =
    ring_accepts_multishot | ring_cancels_by_fd | ring_truncates | ring_changes_paths | ring_lends |
    ring_sends_in_place | ring_polls_network | ring_gathers | ring_keeps_files |
    ring_keeps_memory | ring_waits_for_children | ring_takes_messages | ring_waits_for_words;

struct RingCase {
  const char* name;
  RingRequest request;
};

RingRequest older_kernel(RingProfile profile) {
  RingRequest request = request_of(profile, 8, 16);
  request.withheld_setup_flags = kEveryOptionalFlag;
  request.withheld_abilities = kEveryAbility;
  return request;
}

RingRequest woken_by_messages(RingProfile profile) {
  RingRequest request = request_of(profile, 256, 4096);
  request.message_wakes = true;
  return request;
}

std::vector<RingCase> ring_cases() {
  return {
      {"pinned", request_of(RingProfile::pinned, 256, 4096)},
      {"movable", request_of(RingProfile::movable, 256, 4096)},
      {"pinned_tiny", request_of(RingProfile::pinned, 2, 4)},
      {"sqpoll", request_of(RingProfile::sqpoll, 256, 4096)},
      {"sqpoll_tiny", request_of(RingProfile::sqpoll, 2, 4)},
      {"pinned_woken_by_messages", woken_by_messages(RingProfile::pinned)},
      {"movable_woken_by_messages", woken_by_messages(RingProfile::movable)},
      {"sqpoll_woken_by_messages", woken_by_messages(RingProfile::sqpoll)},
      {"movable_tiny", request_of(RingProfile::movable, 2, 4)},
      {"pinned_on_an_older_kernel", older_kernel(RingProfile::pinned)},
      {"movable_on_an_older_kernel", older_kernel(RingProfile::movable)},
      {"sqpoll_on_an_older_kernel", older_kernel(RingProfile::sqpoll)},
  };
}

/// A read that waits, and memory for it.
struct Reading {
  Descriptor* descriptor = nullptr;
  Fd far;
  std::byte byte{};
  Transfer read{OpCode::read, &byte, 1};
};

class Uring : public testing::TestWithParam<RingCase> {
 protected:
  Uring() : rig_(made(GetParam().request)) {}

  std::deque<Reading>& park_reads(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      SocketPair pair = SocketPair::blocking_unix();
      Reading& one = readings_.emplace_back();
      one.descriptor = &rig_.adopt(std::move(pair.near));
      one.far = std::move(pair.far);
      rig_.give(one.read, one.descriptor);
    }
    return readings_;
  }

  void close_all() {
    for (Reading& one : readings_) EXPECT_EQ(rig_.close(*one.descriptor), 0);
  }

  DriverRig rig_;
  std::deque<Reading> readings_;
};

INSTANTIATE_TEST_SUITE_P(Rings, Uring, testing::ValuesIn(ring_cases()),
                         [](const auto& ring) { return std::string(ring.param.name); });

TEST_P(Uring, more_reads_park_than_both_queues_hold_and_all_complete_at_once) {
  constexpr std::size_t kReads = 300;
  auto& readings = park_reads(kReads);
  rig_.turn(Deadline::now());
  EXPECT_EQ(rig_.returned(), 0u);
  for (Reading& one : readings) one.far.send("x");
  rig_.turn_until_returned(kReads);
  for (Reading& one : readings) EXPECT_EQ(one.read.result, 1);
  close_all();
}

TEST_P(Uring, the_last_of_many_parked_reads_does_not_wait_for_the_others) {
  auto& readings = park_reads(100);
  readings.back().far.send("x");
  rig_.turn_until_returned(1);
  EXPECT_EQ(readings.back().read.result, 1);
  close_all();
}

TEST_P(Uring, a_storm_of_cancels_ends_everything) {
  constexpr std::size_t kReads = 300;
  auto& readings = park_reads(kReads);
  rig_.turn(Deadline::now());
  for (Reading& one : readings) {
    rig_.driver().cancel(one.read);
    rig_.driver().cancel(one.read);  // Asking twice is harmless.
  }
  rig_.turn_until_returned(kReads);
  for (Reading& one : readings) EXPECT_EQ(one.read.result, -ECANCELED);
  close_all();
}

TEST_P(Uring, a_late_cancel_does_not_hit_the_next_use_of_the_operation) {
  constexpr std::size_t kReads = 60;
  auto& readings = park_reads(kReads);
  rig_.turn(Deadline::now());
  // Each is complete in the kernel when its cancel is asked for; a small ring cannot submit all
  // of these before the first of the operations are back.
  for (Reading& one : readings) one.far.send("x");
  for (Reading& one : readings) rig_.driver().cancel(one.read);
  rig_.turn_until_returned(kReads);
  for (Reading& one : readings) {
    EXPECT_TRUE(one.read.result == 1 || one.read.result == -ECANCELED);
    const bool taken = one.read.result == 1;
    one.read.moved = 0;
    rig_.give(one.read, one.descriptor);
    if (taken) one.far.send("y");
  }
  rig_.turn_until_returned(2 * kReads);
  for (Reading& one : readings) EXPECT_EQ(one.read.result, 1);
  close_all();
}

TEST_P(Uring, file_operations_beyond_the_completion_queue_all_complete) {
  constexpr std::size_t kWrites = 500;
  TemporaryFile file;
  Descriptor& descriptor = rig_.adopt(Fd(file.release()), FdKind::file);
  std::byte value{42};
  std::deque<Transfer> writes;
  for (std::size_t i = 0; i < kWrites; ++i) {
    rig_.give(writes.emplace_back(OpCode::write_at, &value, 1, i), &descriptor);
  }
  rig_.turn_until_returned(kWrites);
  for (const Transfer& one : writes) EXPECT_EQ(one.result, 1);
  EXPECT_EQ(rig_.close(descriptor), 0);
}

TEST_P(Uring, a_stream_delivers_two_hundred_connections_through_a_ring_of_eight) {
  constexpr std::size_t kConnections = 200;
  Listener listener;
  std::vector<Fd> clients;
  for (std::size_t i = 0; i < kConnections; ++i) clients.push_back(listener.connect_client());
  Descriptor& listening = rig_.adopt(Fd(listener.release()));
  std::vector<StreamResult> storage(8);
  Stream stream(OpCode::accept, storage);
  std::vector<Fd> servers;
  while (servers.size() < kConnections) {
    while (!stream.empty()) {
      const StreamResult taken = stream.pop();
      ASSERT_GE(taken.result, 0);
      servers.emplace_back(taken.result);
    }
    if (!stream.armed && stream.state == OpState::idle) rig_.give(stream, &listening);
    if (servers.size() < kConnections) rig_.turn();
  }
  const auto& ring = static_cast<UringDriver&>(rig_.driver()).ring();
  const bool ends_early = ring.can(ring_accepts_multishot) && ring.completion_entries() < 8;
  EXPECT_EQ(rig_.driver().counters().restarted_streams > 0, ends_early);
  // In the order of the listener's queue, whatever was kept aside on the way.
  for (std::size_t i = 0; i < kConnections; ++i) {
    const std::string mark = std::to_string(i);
    clients[i].send(mark);
    char received[8] = {};
    ASSERT_GT(::recv(servers[i].number(), received, sizeof received - 1, 0), 0);
    EXPECT_EQ(received, mark);
  }
  EXPECT_EQ(rig_.close(listening), 0);
}

TEST_P(Uring, connections_beyond_a_cancelled_stream_go_to_the_next_accept) {
  constexpr std::size_t kConnections = 20;
  Listener listener;
  std::vector<Fd> clients;
  for (std::size_t i = 0; i < kConnections; ++i) clients.push_back(listener.connect_client());
  Descriptor& listening = rig_.adopt(Fd(listener.release()));
  std::vector<StreamResult> storage(4);
  Stream stream(OpCode::accept, storage);
  rig_.give(stream, &listening);
  rig_.turn();
  if (stream.armed) rig_.driver().cancel(stream);
  while (stream.armed) rig_.turn();
  std::vector<Fd> servers;
  while (!stream.empty()) {
    const StreamResult taken = stream.pop();
    if (taken.result >= 0) servers.emplace_back(taken.result);
  }
  EXPECT_LE(servers.size(), storage.size());
  while (servers.size() < kConnections) {
    Operation accept(OpCode::accept);
    const std::size_t before = rig_.returned();
    rig_.give(accept, &listening);
    rig_.turn_until_returned(before + 1);
    ASSERT_GE(accept.result, 0);
    servers.emplace_back(accept.result);
  }
  clients.back().send("x");
  EXPECT_EQ(servers.back().receive_some(1), 1u);
  EXPECT_EQ(rig_.close(listening), 0);
}

TEST_P(Uring, a_close_leaves_alone_what_is_parked_on_a_duplicate) {
  auto& readings = park_reads(1);
  Reading& one = readings.front();
  Descriptor& duplicate =
      rig_.adopt(Fd(checked(::dup(one.descriptor->fd), "dup")));
  std::byte byte{};
  Transfer other(OpCode::read, &byte, 1);
  rig_.give(other, &duplicate);
  rig_.turn(Deadline::now());
  EXPECT_EQ(rig_.close(duplicate), 0);
  EXPECT_EQ(other.result, -ECANCELED);
  EXPECT_NE(one.read.state, OpState::idle);
  const std::size_t before = rig_.returned();
  one.far.send("x");
  rig_.turn_until_returned(before + 1);
  EXPECT_EQ(one.read.result, 1);
  close_all();
}

TEST_P(Uring, an_fd_that_does_not_block_is_waited_for_all_the_same) {
  SocketPair pair = SocketPair::tcp();
  Descriptor& near = rig_.adopt(std::move(pair.near));
  std::byte byte{};
  Transfer read(OpCode::read, &byte, 1);
  rig_.give(read, &near);
  rig_.turn(Deadline::now());
  rig_.turn(Deadline::now());
  EXPECT_NE(read.state, OpState::idle);
  pair.far.send("x");
  rig_.turn_until_returned(1);
  EXPECT_EQ(read.result, 1);
  EXPECT_EQ(rig_.close(near), 0);
}

TEST_P(Uring, a_connect_on_an_fd_that_does_not_block_completes) {
  Listener listener;
  Descriptor& client = rig_.adopt(Fd::tcp_socket());
  Connect connect(listener.address(), Listener::address_bytes());
  rig_.give(connect, &client);
  rig_.turn_until_returned(1);
  EXPECT_EQ(connect.result, 0);
  EXPECT_EQ(rig_.close(client), 0);
}

TEST_P(Uring, truncate_works_whether_or_not_the_ring_knows_it) {
  TemporaryFile file;
  file.write_at("0123456789", 0);
  Descriptor& descriptor = rig_.adopt(Fd(checked(::dup(file.number()), "dup")), FdKind::file);
  Truncate truncate(4);
  rig_.give(truncate, &descriptor);
  rig_.turn_until_returned(1);
  EXPECT_EQ(truncate.result, 0);
  EXPECT_EQ(::lseek(file.number(), 0, SEEK_END), 4);
  EXPECT_EQ(rig_.close(descriptor), 0);
}

/// What the ring cannot do is with a file engine of one thread, behind which the rest waits. How
/// far that thread has come when the cancels arrive is the system's affair, but not that it was at
/// the end every time.
TEST(UringEngine, what_has_not_begun_is_cancelled) {
  constexpr std::size_t kTruncates = 2000;
  constexpr int kRounds = 20;
  RingRequest request = request_of(RingProfile::pinned, 256, 4096);
  request.withheld_abilities = ring_truncates;
  request.bounded_workers = 1;
  DriverRig rig(made(request));
  TemporaryFile file;
  Descriptor& descriptor = rig.adopt(Fd(checked(::dup(file.number()), "dup")), FdKind::file);
  std::size_t cancelled = 0;
  for (int round = 0; round < kRounds && cancelled == 0; ++round) {
    const std::size_t before = rig.returned();
    std::deque<Truncate> truncates;
    for (std::size_t i = 0; i < kTruncates; ++i) {
      rig.give(truncates.emplace_back(i * 1000), &descriptor);
    }
    rig.turn(Deadline::now());
    for (auto each = truncates.rbegin(); each != truncates.rend(); ++each) {
      if (each->state != OpState::idle) rig.driver().cancel(*each);
    }
    rig.turn_until_returned(before + kTruncates);
    for (const Truncate& each : truncates) cancelled += each.result == -ECANCELED ? 1 : 0;
  }
  EXPECT_GT(cancelled, 0u);
  EXPECT_EQ(rig.close(descriptor), 0);
}

TEST_P(Uring, a_wake_before_the_first_turn_counts) {
  rig_.driver().wake();
  rig_.turn();  // Without a deadline: it would never end.
  EXPECT_EQ(rig_.returned(), 0u);
}

TEST_P(Uring, every_sleep_is_ended_by_a_wake_from_another_thread) {
  constexpr int kWakes = 200;
  Atomic<int> turns{0};
  std::thread waker([&] {
    for (int i = 0; i < kWakes; ++i) {
      rig_.driver().wake();
      // The next wake is for the next sleep: none of them may be merged with this one.
      while (turns.load(MemoryOrder::acquire) <= i) std::this_thread::yield();
    }
  });
  for (int i = 0; i < kWakes; ++i) {
    rig_.turn();
    turns.store(i + 1, MemoryOrder::release);
  }
  waker.join();
  EXPECT_EQ(rig_.returned(), 0u);
}

TEST_P(Uring, a_wake_storm_from_two_threads_hides_no_completion) {
  auto& readings = park_reads(1);
  const auto storm = [&] {
    for (int i = 0; i < 5000; ++i) rig_.driver().wake();
  };
  std::thread one(storm);
  std::thread two([&] {
    storm();
    readings.front().far.send("x");
  });
  rig_.turn_until_returned(1);
  one.join();
  two.join();
  EXPECT_EQ(readings.front().read.result, 1);
  close_all();
}

TEST_P(Uring, it_runs_on_another_thread_than_it_was_made_on) {
  auto& readings = park_reads(3);
  for (Reading& one : readings) one.far.send("x");
  std::thread([&] { rig_.turn_until_returned(3); close_all(); }).join();
  EXPECT_EQ(readings.front().read.result, 1);
}

}  // namespace
}  // namespace rota

// A ring that goes from thread to thread; one that a neighbour drains while its owner is blocked.

#include "base/membarrier.hpp"
#include "driver/driver_rig.hpp"
#include "driver/ring_rig.hpp"
#include "sched/runtime_core.hpp"
#include "sched/single.hpp"
#include "sched/worker.hpp"

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <poll.h>

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <source_location>
#include <thread>
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

class MovingRing : public testing::TestWithParam<RingProfile> {};

INSTANTIATE_TEST_SUITE_P(UringProfile, MovingRing,
                         testing::Values(RingProfile::movable, RingProfile::sqpoll), profile_name);

TEST_P(MovingRing, is_taken_over_by_another_thread) {
  DriverRig rig(made(request_of(GetParam(), 8, 16)));
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

TEST_P(MovingRing, goes_on_with_what_a_thread_submitted_before_it_ended) {
  DriverRig rig(made(request_of(GetParam(), 8, 16)));
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

/// Its owner sleeps in a system call of another kind, as a task does that blocks: the kernel has it
/// do its part of what completes, and another thread collects that. One sleep ends as the other
/// thread wants it, so a ring that waits for its owner hangs.
TEST_P(MovingRing, is_drained_by_another_thread_while_its_owner_is_blocked) {
  constexpr std::size_t kReads = 100;
  DriverRig rig(made(request_of(GetParam(), 8, 16)));
  SocketPair gate = SocketPair::blocking_unix();
  std::deque<SocketPair> pairs;
  std::deque<Transfer> reads;
  std::vector<Descriptor*> descriptors;
  std::byte byte{};
  for (std::size_t i = 0; i < kReads; ++i) {
    SocketPair& pair = pairs.emplace_back(SocketPair::blocking_unix());
    descriptors.push_back(&rig.adopt(std::move(pair.near)));
    rig.give(reads.emplace_back(OpCode::read, &byte, 1), descriptors.back());
  }
  std::atomic<bool> submitted = false;
  std::thread owner([&] {
    rig.turn(Deadline::now());
    submitted = true;
    EXPECT_EQ(gate.near.receive_some(1), 1u);
  });
  while (!submitted) std::this_thread::yield();
  EXPECT_EQ(rig.returned(), 0u);
  for (SocketPair& pair : pairs) pair.far.send("x");
  rig.turn_until_returned(kReads);
  for (const Transfer& one : reads) EXPECT_EQ(one.result, 1);
  gate.far.send("x");
  owner.join();
  for (Descriptor* each : descriptors) EXPECT_EQ(rig.close(*each), 0);
}

Task<void> block_in_a_call(const Fd& gate, std::atomic<bool>& blocks) {
  blocks = true;
  EXPECT_EQ(gate.receive_some(1), 1u);
  co_return;
}

Task<void> wait_for(int readable, std::atomic<bool>& seen) {
  FdWatch watch(readable);
  Result<PollEvents> events = co_await watch.wait(POLLIN);
  EXPECT_TRUE(events.has_value());
  seen = true;
}

/// What its worker waits for completes while a task keeps the worker in a system call: a neighbour
/// has turned the ring, and the first thing that the worker finds when it is back is what came.
TEST_P(MovingRing, of_a_worker_that_a_task_blocks_is_collected_by_a_neighbour) {
  ASSERT_TRUE(register_process_barrier());
  const std::unique_ptr<Driver> driver = made(request_of(GetParam(), 8, 16));
  RuntimeCore core;
  Worker worker(core, *driver);
  SingleScheduler scheduler(worker);
  core.use(scheduler);
  const auto spawn = [&core](Task<void> task) {
    return spawn_into(core.common_root(), std::move(task), {}, std::source_location::current());
  };
  SocketPair pair = SocketPair::blocking_unix();
  SocketPair gate = SocketPair::blocking_unix();
  std::atomic<bool> blocks = false;
  std::atomic<bool> seen = false;
  const JoinHandle<void> waits = spawn(wait_for(pair.near.number(), seen));
  std::thread carrier([&worker] { worker.carry(current_seat()); });
  while (worker.counters().sleeps == 0) std::this_thread::yield();  // In flight, by the owner.
  const JoinHandle<void> other = spawn(block_in_a_call(gate.near, blocks));
  while (!blocks) std::this_thread::yield();
  pair.far.send("x");
  while (worker.counters().completions == 0) worker.try_tend(worker.tick());
  EXPECT_FALSE(seen);  // Tasks of one worker never overlap.
  gate.far.send("x");
  while (!waits.is_done() || !other.is_done()) std::this_thread::yield();
  EXPECT_TRUE(seen);
  worker.leave();
  carrier.join();
}

}  // namespace
}  // namespace rota

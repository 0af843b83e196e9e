// The ring while the kernel has no memory for requests: io_uring_enter answers EAGAIN to whoever
// submits. A filter says so in its place, to one thread.
#include "driver/driver_rig.hpp"
#include "driver/ring_rig.hpp"

#include <gtest/gtest.h>
#include <seccomp.h>

#include <cerrno>
#include <thread>

namespace rota {
namespace {

using testing_sockets::DriverRig;
using testing_sockets::made;
using testing_sockets::request_of;
using testing_sockets::SocketPair;

constexpr Duration kWithoutMemory{50'000'000};
/// A turn without memory waits for a millisecond. Fewer turns are no failure: the machine was busy.
constexpr int kMostTurns = 60;

/// For the calling thread, for the rest of its life.
bool deny_memory_for_requests() {
  const scmp_arg_cmp submits{1, SCMP_CMP_GT, 0, 0};  // The second argument is how many.
  scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_ALLOW);
  const bool loaded =
      filter != nullptr &&
      ::seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EAGAIN), SCMP_SYS(io_uring_enter), 1,
                               &submits) == 0 &&
      ::seccomp_load(filter) == 0;
  ::seccomp_release(filter);
  return loaded;
}

TEST(UringMemory, a_turn_without_memory_waits_instead_of_asking_again_and_again) {
  // Movable, so that a thread with memory can end what this one began.
  DriverRig rig(made(request_of(RingProfile::movable, 8, 16)));
  SocketPair pair = SocketPair::tcp();
  Descriptor& near = rig.adopt(std::move(pair.near));
  std::byte byte{};
  Transfer read(OpCode::read, &byte, 1);
  int turns = 0;
  std::thread([&] {
    rig.turn(Deadline::now());  // From here on a wake can be seen.
    ASSERT_TRUE(deny_memory_for_requests());
    rig.give(read, &near);
    const Deadline until = Deadline::at(rig.driver().now() + kWithoutMemory);
    for (; !until.passed(rig.driver().now()); ++turns) rig.turn(until);
  }).join();
  EXPECT_LE(turns, kMostTurns);
  EXPECT_EQ(rig.returned(), 0u);
  pair.far.send("x");
  rig.turn_until_returned(1);
  EXPECT_EQ(read.result, 1);
  EXPECT_EQ(rig.close(near), 0);
}

}  // namespace
}  // namespace rota

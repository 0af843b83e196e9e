// What is of the ring alone that has a submitter, a thread of the kernel: when it is woken, who
// shares it, what it does while the program's own thread can do nothing, and what there is without
// it.
#include "base/cpu_affinity.hpp"
#include "base/first_line.hpp"
#include "driver/choose.hpp"
#include "driver/driver_rig.hpp"
#include "driver/ring_rig.hpp"
#include "driver/uring/abi.hpp"

#include <rota/rota.hpp>

#include <gtest/gtest.h>
#include <seccomp.h>

#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace rota {
namespace {

using testing_sockets::checked;
using testing_sockets::DriverRig;
using testing_sockets::Fd;
using testing_sockets::made;
using testing_sockets::request_of;
using testing_sockets::SocketPair;

constexpr std::uint32_t kMinuteMs = 60'000;

RingRequest sqpoll() { return request_of(RingProfile::sqpoll, 8, 16); }

/// The submitters of rings that the calling thread has made. A submitter has this name from when it
/// has done something.
std::vector<int> submitters() {
  const std::string name = "iou-sqp-" + std::to_string(::gettid());
  std::vector<int> found;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    if (first_line_of(task.path() / "comm") == name) {
      found.push_back(std::stoi(task.path().filename()));
    }
  }
  return found;
}

/// On a thread that has made no ring before: those of earlier ones end when the kernel likes.
template <class Run>
void on_new_thread(Run run) {
  std::thread(run).join();
}

/// A byte there and back: whatever the rig's ring is, it works.
void expect_a_byte_through(DriverRig& rig) {
  SocketPair pair = SocketPair::blocking_unix();
  Descriptor& near = rig.adopt(std::move(pair.near));
  std::byte byte{};
  Transfer read(OpCode::read, &byte, 1);
  const std::size_t before = rig.returned();
  rig.give(read, &near);
  pair.far.send("x");
  rig.turn_until_returned(before + 1);
  EXPECT_EQ(read.result, 1);
  EXPECT_EQ(rig.close(near), 0);
}

TEST(UringSubmitter, is_a_thread_of_the_kernel_and_any_carrier_may_have_the_ring) {
  on_new_thread([] {
    std::vector<Refusal> refusals;
    auto driver = UringDriver::make(sqpoll(), refusals);
    ASSERT_TRUE(driver.has_value());
    if (!refusals.empty()) GTEST_SKIP() << refusals.front().reason;
    EXPECT_TRUE((*driver)->ring().has_submitter());
    EXPECT_TRUE((*driver)->traits().any_carrier);
    DriverRig rig(std::move(*driver));
    expect_a_byte_through(rig);
    EXPECT_EQ(submitters().size(), 1u);
  });
}

TEST(UringSubmitter, that_sleeps_is_woken_by_the_next_operation) {
  auto driver = made(sqpoll());
  if (!driver->ring().has_submitter()) GTEST_SKIP() << "the kernel refuses a submitter";
  const UringRing& ring = driver->ring();
  DriverRig rig(std::move(driver));
  for (int round = 0; round < 3; ++round) {
    expect_a_byte_through(rig);
    while (!ring.submitter_sleeps()) std::this_thread::yield();
  }
}

/// For the calling thread, for the rest of its life.
bool deny_entering_the_ring() {
  scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_ALLOW);
  const bool loaded = filter != nullptr &&
                      ::seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM),
                                               SCMP_SYS(io_uring_enter), 0, nullptr) == 0 &&
                      ::seccomp_load(filter) == 0;
  ::seccomp_release(filter);
  return loaded;
}

TEST(UringSubmitter, that_is_awake_is_given_operations_without_a_system_call) {
  constexpr int kTransfers = 20;
  RingRequest request = sqpoll();
  request.sqpoll_idle_ms = kMinuteMs;
  auto driver = made(request);
  if (!driver->ring().has_submitter()) GTEST_SKIP() << "the kernel refuses a submitter";
  DriverRig rig(std::move(driver));
  SocketPair pair = SocketPair::blocking_unix();
  Descriptor& near = rig.adopt(std::move(pair.near));
  std::byte byte{};
  Transfer write(OpCode::write, &byte, 1);
  // A new submitter may go to sleep before its first operation.
  expect_a_byte_through(rig);
  const std::size_t before = rig.returned();
  std::thread([&] {
    // Who enters all the same gets an answer that ends the program.
    ASSERT_TRUE(deny_entering_the_ring());
    for (std::size_t i = 1; i <= kTransfers; ++i) {
      write.moved = 0;
      rig.give(write, &near);
      while (rig.returned() < before + i) {
        rig.turn(Deadline::now());
        std::this_thread::yield();
      }
      ASSERT_EQ(write.result, 1);
      ASSERT_EQ(pair.far.receive_some(1), 1u);
    }
  }).join();
  EXPECT_EQ(rig.close(near), 0);
}

/// A thread in vfork is as one in a page fault: nothing but a fatal signal disturbs it. Its child
/// says that it has begun and waits for a byte.
TEST(UringSubmitter, serves_a_ring_whose_thread_is_in_a_sleep_that_nothing_interrupts) {
  if (thread_sanitizer) GTEST_SKIP() << "it does not see what a child of vfork orders";
  auto driver = made(sqpoll());
  if (!driver->ring().has_submitter()) GTEST_SKIP() << "the kernel refuses a submitter";
  DriverRig rig(std::move(driver));
  SocketPair pair = SocketPair::blocking_unix();
  Descriptor& near = rig.adopt(std::move(pair.near));
  std::byte byte{};
  Transfer read(OpCode::read, &byte, 1);
  const SocketPair child_end = SocketPair::blocking_unix();
  std::thread owner([&] {
    rig.give(read, &near);
    rig.turn(Deadline::now());
    const int number = child_end.near.number();
    const pid_t child = ::vfork();
    if (child == 0) {
      char any = 'x';
      const bool told = ::write(number, &any, 1) == 1 && ::read(number, &any, 1) == 1;
      ::_exit(told ? 0 : 1);
    }
    EXPECT_GT(child, 0);
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  });
  ASSERT_EQ(child_end.far.receive_some(1), 1u);
  pair.far.send("x");
  rig.turn_until_returned(1);
  EXPECT_EQ(read.result, 1);
  child_end.far.send("x");
  owner.join();
  EXPECT_EQ(rig.close(near), 0);
}

Task<void> use_the_ring() {
  Result<File> file = co_await File::open("/dev/null", OpenMode::read);
  EXPECT_TRUE(file.has_value());
}

TEST(UringSubmitter, is_one_for_the_rings_of_a_runtime) {
  on_new_thread([] {
    Config config;
    config.driver.kind = DriverKind::io_uring;
    config.driver.ring = RingProfile::sqpoll;
    config.scheduler.kind = SchedulerKind::per_core;
    config.scheduler.workers = 3;
    auto runtime = Runtime::make(config);
    ASSERT_TRUE(runtime.has_value());
    if (!runtime->refused().empty()) GTEST_SKIP() << runtime->refused().front().reason;
    for (std::uint16_t i = 0; i < config.scheduler.workers; ++i) {
      JoinHandle<void> used = runtime->spawn_on(WorkerIndex(i), use_the_ring());
      while (!used.is_done()) std::this_thread::yield();
    }
    EXPECT_EQ(submitters().size(), 1u);
  });
}

TEST(UringSubmitter, is_each_ring_s_own_where_nothing_is_shared) {
  on_new_thread([] {
    DriverRig one(made(sqpoll()));
    auto driver = made(sqpoll());
    if (!driver->ring().has_submitter()) GTEST_SKIP() << "the kernel refuses a submitter";
    DriverRig other(std::move(driver));
    expect_a_byte_through(one);
    expect_a_byte_through(other);
    EXPECT_EQ(submitters().size(), 2u);
  });
}

TEST(UringSubmitter, that_several_rings_share_serves_each) {
  std::vector<std::unique_ptr<DriverRig>> rigs;
  RingRequest request = sqpoll();
  for (int i = 0; i < 3; ++i) {
    auto driver = made(request);
    if (i == 0) request.sqpoll_ring = driver->ring().submitter_number();
    rigs.push_back(std::make_unique<DriverRig>(std::move(driver)));
  }
  for (const auto& rig : rigs) expect_a_byte_through(*rig);
  rigs.erase(rigs.begin());  // The one that brought the thread.
  for (const auto& rig : rigs) expect_a_byte_through(*rig);
}

TEST(UringSubmitter, runs_where_it_was_told) {
  for (const int cpu : allowed_cpus()) {
    on_new_thread([cpu] {
      RingRequest request = sqpoll();
      request.sqpoll_cpu = cpu;
      auto driver = made(request);
      if (!driver->ring().has_submitter()) GTEST_SKIP() << "the kernel refuses a submitter";
      DriverRig rig(std::move(driver));
      expect_a_byte_through(rig);
      const std::vector<int> found = submitters();
      ASSERT_EQ(found.size(), 1u);
      cpu_set_t set{};
      ASSERT_EQ(::sched_getaffinity(found.front(), sizeof set, &set), 0);
      EXPECT_EQ(CPU_COUNT(&set), 1);
      EXPECT_TRUE(CPU_ISSET(cpu, &set));
    });
  }
}

TEST(UringSubmitter, that_is_sent_to_a_cpu_that_does_not_exist_runs_anywhere) {
  RingRequest request = sqpoll();
  request.sqpoll_cpu = 60'000;
  std::vector<Refusal> refusals;
  auto driver = UringDriver::make(request, refusals);
  ASSERT_TRUE(driver.has_value());
  if (!(*driver)->ring().has_submitter()) GTEST_SKIP() << "the kernel refuses a submitter";
  ASSERT_FALSE(refusals.empty());
  EXPECT_NE(refusals.front().reason.find("CPU 60000"), std::string::npos)
      << refusals.front().reason;
  DriverRig rig(std::move(*driver));
  expect_a_byte_through(rig);
}

void expect_a_movable_ring_instead(const RingRequest& request, int error) {
  std::vector<Refusal> refusals;
  auto driver = UringDriver::make(request, refusals);
  ASSERT_TRUE(driver.has_value());
  ASSERT_FALSE(refusals.empty());
  EXPECT_EQ(refusals.front().mechanism, "io_uring sqpoll");
  EXPECT_EQ(refusals.back().error, error);
  EXPECT_FALSE((*driver)->ring().has_submitter());
  EXPECT_EQ((*driver)->ring().profile(), RingProfile::movable);
  EXPECT_TRUE((*driver)->traits().any_carrier);
  DriverRig rig(std::move(*driver));
  expect_a_byte_through(rig);
}

/// Nothing else is given up for a CPU, and a flag that is refused as well has a line of its own.
TEST(UringSubmitter, that_is_sent_to_a_cpu_that_does_not_exist_keeps_every_flag_that_is_known) {
  RingRequest request = sqpoll();
  request.sqpoll_cpu = 60'000;
  for (const std::uint32_t withheld : {0U, static_cast<unsigned>(IORING_SETUP_SUBMIT_ALL)}) {
    request.withheld_setup_flags = withheld;
    std::vector<Refusal> refusals;
    auto driver = UringDriver::make(request, refusals);
    ASSERT_TRUE(driver.has_value());
    const UringRing& ring = (*driver)->ring();
    if (!ring.has_submitter()) GTEST_SKIP() << "the kernel refuses a submitter";
    EXPECT_EQ((ring.setup_flags() & IORING_SETUP_SUBMIT_ALL) != 0, withheld == 0);
    std::size_t about_flags = 0;
    for (const Refusal& refusal : refusals) {
      about_flags += refusal.reason.find("IORING_SETUP_") != std::string::npos ? 1 : 0;
    }
    EXPECT_EQ(about_flags, withheld == 0 ? 0u : 1u);
  }
}

TEST(UringSubmitter, that_the_kernel_does_not_know_leaves_a_movable_ring) {
  RingRequest request = sqpoll();
  request.withheld_setup_flags = IORING_SETUP_SQPOLL;
  expect_a_movable_ring_instead(request, EINVAL);
}

/// Who asks for a submitter and gets a ring without one reads that, wherever drivers are named.
void expect_that_a_movable_ring_is_called_one() {
  DriverConfig config;
  config.kind = DriverKind::io_uring;
  config.ring = RingProfile::sqpoll;
  const auto chosen = choose_driver(config, nullptr);
  ASSERT_TRUE(chosen.has_value());
  EXPECT_STREQ(chosen->name, "io_uring movable");
  EXPECT_TRUE(chosen->reason.starts_with("io_uring movable: instead of io_uring sqpoll"))
      << chosen->reason;
  for (const Capability& found : probe_capabilities()) {
    if (found.group != "driver" || found.name != "io_uring sqpoll") continue;
    EXPECT_EQ(found.available, Availability::no);
    EXPECT_NE(found.detail.find("Instead there is io_uring movable."), std::string::npos)
        << found.detail;
  }
}

/// The limit of threads counts against whoever is not privileged.
TEST(UringSubmitterDeathTest, that_is_one_thread_too_many_leaves_a_movable_ring) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto without_threads = [] {
    const rlimit none{0, 0};
    checked(::setrlimit(RLIMIT_NPROC, &none), "setrlimit");
    constexpr uid_t nobody = 65'534;
    if (::geteuid() == 0) checked(::setuid(nobody), "setuid");
    expect_a_movable_ring_instead(sqpoll(), EAGAIN);
    expect_that_a_movable_ring_is_called_one();
    // At once: a sanitizer that looks for leaks at the end would need a thread.
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  };
  EXPECT_EXIT(without_threads(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace rota

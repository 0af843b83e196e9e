// How a ring is set up, and which threads may use it.
#include "base/cpu_affinity.hpp"
#include "base/first_line.hpp"
#include "base/membarrier.hpp"
#include "driver/choose.hpp"
#include "driver/driver_rig.hpp"
#include "driver/ring_rig.hpp"
#include "driver/uring/abi.hpp"
#include "sched/runtime_core.hpp"
#include "sched/single.hpp"
#include "sched/worker.hpp"

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <source_location>
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
using testing_sockets::TemporaryFile;

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

bool any_says(const std::vector<Refusal>& refusals, const char* part) {
  return std::ranges::any_of(refusals, [part](const Refusal& refusal) {
    return refusal.reason.find(part) != std::string::npos;
  });
}

TEST(UringSetUp, on_an_older_kernel_does_without_what_came_later_and_says_so) {
  RingRequest request = request_of(RingProfile::pinned, 8, 16);
  request.cpu = allowed_cpus().back();
  const auto newest = made(request);
  struct Expected {
    KernelRelease kernel;
    std::uint32_t flag;  ///< the newest one that it has
    bool truncates, accepts, limits, places;
  };
  const Expected all[] = {{{6, 9}, IORING_SETUP_DEFER_TASKRUN, true, true, true, true},
                          {{6, 1}, IORING_SETUP_DEFER_TASKRUN, false, true, true, true},
                          {{6, 0}, IORING_SETUP_SINGLE_ISSUER, false, true, true, true},
                          {{5, 19}, IORING_SETUP_COOP_TASKRUN, false, true, true, true},
                          {{5, 18}, IORING_SETUP_SUBMIT_ALL, false, false, true, true},
                          {{5, 15}, 0, false, false, true, true},
                          {{5, 14}, 0, false, false, false, true},
                          {{5, 13}, 0, false, false, false, false}};
  constexpr std::uint32_t optional = IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SINGLE_ISSUER |
                                     IORING_SETUP_COOP_TASKRUN | IORING_SETUP_SUBMIT_ALL;
  for (const Expected& expected : all) {
    SCOPED_TRACE(expected.kernel.patchlevel);
    request.as_kernel = expected.kernel;
    std::vector<Refusal> refusals;
    auto driver = UringDriver::make(request, refusals);
    ASSERT_TRUE(driver.has_value());
    const UringRing& ring = (*driver)->ring();
    EXPECT_EQ(std::bit_floor(ring.setup_flags() & optional), expected.flag);
    // The kernel that is there may itself be too old for one of them.
    const bool truncates = expected.truncates && newest->ring().can(ring_truncates);
    EXPECT_EQ(ring.can(ring_truncates), truncates);
    EXPECT_EQ(ring.can(ring_accepts_multishot), expected.accepts);
    EXPECT_EQ(ring.can(ring_limits_workers), expected.limits);
    EXPECT_EQ(ring.can(ring_places_workers), expected.places);
    EXPECT_NE(any_says(refusals, "IORING_OP_FTRUNCATE came with Linux 6.9"), truncates);
    EXPECT_NE(any_says(refusals, "IORING_ACCEPT_MULTISHOT came with Linux 5.19"),
              expected.accepts);
  }
}

TEST(UringSetUp, a_kernel_before_the_oldest_ring_is_refused) {
  RingRequest request = request_of(RingProfile::movable, 8, 16);
  request.as_kernel = {5, 12};
  std::vector<Refusal> refusals;
  EXPECT_FALSE(UringDriver::make(request, refusals).has_value());
  ASSERT_FALSE(refusals.empty());
  EXPECT_EQ(refusals.back().error, EOPNOTSUPP);
  EXPECT_TRUE(any_says(refusals, "need Linux 5.13"));
}

TEST(UringSetUp, a_kernel_that_knows_all_of_it_refuses_nothing_to_any_profile) {
  for (const RingProfile profile :
       {RingProfile::pinned, RingProfile::movable, RingProfile::sqpoll}) {
    std::vector<Refusal> refusals;
    auto driver = UringDriver::make(request_of(profile, 8, 16), refusals);
    ASSERT_TRUE(driver.has_value());
    const std::uint32_t flags = (*driver)->ring().setup_flags();
    // A kernel before 6.1 refuses some of them, and then says so.
    if (!refusals.empty()) continue;
    EXPECT_EQ((flags & IORING_SETUP_DEFER_TASKRUN) != 0, profile == RingProfile::pinned);
    EXPECT_EQ((flags & IORING_SETUP_COOP_TASKRUN) != 0, profile == RingProfile::movable);
    EXPECT_EQ((flags & IORING_SETUP_SQPOLL) != 0, profile == RingProfile::sqpoll);
  }
}

/// The CPUs that the kernel's worker threads of the calling thread may run on.
std::vector<std::vector<int>> cpus_of_workers() {
  const std::string name = "iou-wrk-" + std::to_string(::gettid());
  std::vector<std::vector<int>> found;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    if (first_line_of(task.path() / "comm") != name) continue;
    cpu_set_t set{};
    EXPECT_EQ(::sched_getaffinity(std::stoi(task.path().filename()), sizeof set, &set), 0);
    found.emplace_back();
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &set)) found.back().push_back(cpu);
    }
  }
  return found;
}

/// Runs an operation that such a thread serves, on a ring that another thread has made.
std::vector<std::vector<int>> cpus_that_serve(std::unique_ptr<Driver> driver) {
  std::vector<std::vector<int>> found;
  std::thread([&] {
    DriverRig rig(std::move(driver));
    rig.driver().begin_carry();
    Descriptor& file = rig.adopt(Fd(::memfd_create("synced", 0)), FdKind::file);
    Operation sync(OpCode::sync);
    rig.give(sync, &file);
    rig.turn_until_returned(1);
    EXPECT_EQ(sync.result, 0);
    found = cpus_of_workers();
    EXPECT_EQ(rig.close(file), 0);
  }).join();
  return found;
}

TEST(UringWorkers, run_where_the_ring_was_told) {
  const std::vector<int> allowed = allowed_cpus();
  if (allowed.size() < 2) GTEST_SKIP() << "there is one CPU, where everything runs";
  for (const RingProfile profile : {RingProfile::pinned, RingProfile::movable}) {
    for (const int cpu : allowed) {
      DriverConfig config;
      config.kind = DriverKind::io_uring;
      config.ring = profile;
      auto chosen = choose_driver(config, nullptr, {.cpu = cpu});
      ASSERT_TRUE(chosen.has_value());
      const auto found = cpus_that_serve(std::move(chosen->driver));
      ASSERT_FALSE(found.empty()) << "no thread of the kernel's served the request";
      for (const std::vector<int>& cpus : found) EXPECT_EQ(cpus, std::vector{cpu});
    }
  }
}

DriverConfig ring_of_files() {
  DriverConfig config;
  config.kind = DriverKind::epoll;
  config.files = FileEngineKind::io_uring;
  return config;
}

TEST(UringWorkers, of_a_ring_of_files_run_where_it_was_told) {
  const std::vector<int> allowed = allowed_cpus();
  if (allowed.size() < 2) GTEST_SKIP() << "there is one CPU, where everything runs";
  for (const int cpu : allowed) {
    auto chosen = choose_driver(ring_of_files(), nullptr, {.cpu = cpu});
    ASSERT_TRUE(chosen.has_value());
    const auto found = cpus_that_serve(std::move(chosen->driver));
    ASSERT_FALSE(found.empty()) << "no thread of the kernel's served the request";
    for (const std::vector<int>& cpus : found) EXPECT_EQ(cpus, std::vector{cpu});
  }
}

TEST(UringSetUp, a_ring_of_files_is_refused_on_a_kernel_before_the_oldest_ring) {
  DriverConfig config = ring_of_files();
  config.as_kernel = {5, 12};
  std::vector<Refusal> refusals;
  EXPECT_FALSE(choose_driver(config, &refusals).has_value());
  EXPECT_TRUE(any_says(refusals, "need Linux 5.13"));
}

Task<void> compute_until(const std::atomic<bool>& tended, std::atomic<bool>& computes) {
  computes = true;
  while (!tended) std::this_thread::yield();
  co_return;
}

/// Waits, which the first turn of the ring starts, and then has a thread of the kernel's serve it.
Task<void> wait_and_sync(int readable, int file_fd, std::vector<std::vector<int>>& found) {
  FdWatch watch(readable);
  Result<PollEvents> seen = co_await watch.wait(POLLIN);
  EXPECT_TRUE(seen.has_value());
  const std::string path = "/proc/self/fd/" + std::to_string(file_fd);
  Result<File> file = co_await File::open(path, OpenMode::read | OpenMode::write);
  Result<void> synced = co_await file->sync();
  EXPECT_TRUE(synced.has_value());
  found = cpus_of_workers();
}

TEST(UringWorkers, run_where_the_ring_was_told_though_a_neighbour_turns_it_first) {
  const std::vector<int> allowed = allowed_cpus();
  if (allowed.size() < 2) GTEST_SKIP() << "there is one CPU, where everything runs";
  ASSERT_TRUE(register_process_barrier());
  RingRequest request = request_of(RingProfile::movable, 8, 16);
  request.cpu = allowed.back();
  const std::unique_ptr<Driver> driver = made(request);
  RuntimeCore core;
  Worker worker(core, *driver);
  SingleScheduler scheduler(worker);
  core.use(scheduler);
  const auto spawn = [&core](Task<void> task) {
    return spawn_into(core.common_root(), std::move(task), {}, std::source_location::current());
  };
  SocketPair pair = SocketPair::blocking_unix();
  const Fd file(::memfd_create("synced", 0));
  std::vector<std::vector<int>> found;
  std::atomic<bool> computes = false;
  std::atomic<bool> tended = false;
  const JoinHandle<void> syncs = spawn(wait_and_sync(pair.near.number(), file.number(), found));
  const JoinHandle<void> other = spawn(compute_until(tended, computes));
  std::thread carrier([&worker] { worker.carry(current_seat()); });
  while (!computes) std::this_thread::yield();
  while (worker.counters().tended == 0) worker.try_tend(worker.tick());
  tended = true;
  pair.far.send("x");
  while (!syncs.is_done()) std::this_thread::yield();
  worker.leave();
  carrier.join();
  ASSERT_FALSE(found.empty()) << "no thread of the kernel's served the request";
  for (const std::vector<int>& cpus : found) EXPECT_EQ(cpus, std::vector{allowed.back()});
}

/// Each of these has a thread of the kernel's to itself until the disk has answered.
void expect_workers_at_most(std::size_t limit, std::unique_ptr<Driver> driver) {
  constexpr std::size_t kSyncs = 32;
  std::thread([&] {
    DriverRig rig(std::move(driver));
    TemporaryFile file;
    Descriptor& synced = rig.adopt(Fd(checked(::dup(file.number()), "dup")), FdKind::file);
    std::deque<Operation> syncs;
    for (std::size_t i = 0; i < kSyncs; ++i) {
      file.write_at("dirty", static_cast<off_t>(i));
      rig.give(syncs.emplace_back(OpCode::sync), &synced);
    }
    std::size_t most = 0;
    while (rig.returned() < kSyncs) {
      rig.turn();
      most = std::max(most, cpus_of_workers().size());
    }
    EXPECT_GE(most, 1u);
    EXPECT_LE(most, limit);
    EXPECT_GE(ring_threads().workers, 1u);
    EXPECT_EQ(rig.close(synced), 0);
  }).join();
}

TEST(UringWorkers, are_no_more_than_was_asked_for) {
  RingRequest request = request_of(RingProfile::pinned, 64, 128);
  request.bounded_workers = 2;
  expect_workers_at_most(2, made(request));
}

TEST(UringWorkers, of_a_ring_of_files_are_no_more_than_was_asked_for) {
  DriverConfig config = ring_of_files();
  config.bounded_ring_workers = 2;
  auto chosen = choose_driver(config, nullptr);
  ASSERT_TRUE(chosen.has_value());
  expect_workers_at_most(2, std::move(chosen->driver));
}

TEST(UringWorkers, that_an_older_kernel_cannot_place_are_a_refusal_and_no_more) {
  RingRequest request = request_of(RingProfile::pinned, 8, 16);
  request.cpu = allowed_cpus().back();
  request.withheld_abilities = ring_places_workers;
  std::vector<Refusal> refusals;
  auto driver = UringDriver::make(request, refusals);
  ASSERT_TRUE(driver.has_value());
  EXPECT_FALSE((*driver)->ring().can(ring_places_workers));
  ASSERT_FALSE(refusals.empty());
  EXPECT_EQ(refusals.back().error, EINVAL);
  EXPECT_NE(refusals.back().reason.find("cannot be sent to CPU"), std::string::npos);
  DriverRig rig(std::move(*driver));
  rig.turn(Deadline::now());
}

TEST(UringWorkers, that_are_sent_to_a_cpu_that_does_not_exist_serve_nonetheless) {
  RingRequest request = request_of(RingProfile::pinned, 8, 16);
  request.cpu = 60'000;
  EXPECT_FALSE(cpus_that_serve(made(request)).empty());
}

}  // namespace
}  // namespace rota

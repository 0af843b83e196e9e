// A runtime that has nothing to do does nothing: no thread of it runs, none is woken, and no driver
// is turned. Whatever has a period would show: a park that ends by a timeout to hide a lost wake, a
// watch that is never given up, a spin without an end.

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <tuple>
#include <vector>

namespace rota::testing_sched {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kWorkers = 8;
constexpr long kWindowNs = 200'000'000;
constexpr std::chrono::seconds kPatience{30};

/// What a runtime has done. Unlike its counters, the switches of its threads tell of a system call
/// that slept, whoever made it.
struct Activity {
  std::uint64_t turns = 0;
  std::uint64_t sleeps = 0;
  std::uint64_t tasks_run = 0;
  std::uint64_t switches = 0;

  bool operator==(const Activity&) const = default;
};

/// Of the threads that carry workers. Those of a sanitizer have a period.
std::uint64_t switches_of_workers() {
  std::uint64_t switches = 0;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream status(thread.path() / "status");
    bool is_worker = false;
    for (std::string word; status >> word;) {
      if (word == "Name:") {
        status >> word;
        is_worker = word.starts_with("rota-");
      }
      if (!word.ends_with("ctxt_switches:")) continue;
      std::uint64_t count = 0;
      status >> count;
      if (is_worker) switches += count;
    }
  }
  return switches;
}

Activity activity_of(const Runtime& runtime) {
  const RuntimeCounters counters = runtime.counters();
  return {counters.driver_turns, counters.sleeps, counters.tasks_run, switches_of_workers()};
}

/// The calling thread waits on a timer of its own, which no worker knows of.
void pass_a_window() {
  const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  ASSERT_GE(timer, 0);
  const itimerspec span{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_nsec = kWindowNs}};
  ASSERT_EQ(::timerfd_settime(timer, 0, &span, nullptr), 0);
  std::uint64_t expirations = 0;
  ASSERT_EQ(::read(timer, &expirations, sizeof expirations), ssize_t{sizeof expirations});
  ::close(timer);
}

Task<void> talk_to_myself() {
  Result<TcpListener> listener = TcpListener::bind(Address::loopback(0));
  Result<Address> address = listener->local_address();
  Result<TcpStream> near = co_await TcpStream::connect(*address);
  Result<TcpStream> far = co_await listener->accept();
  std::array<std::byte, 1> byte{};
  auto sent = co_await near->write_all(byte);
  auto got = co_await far->read(byte);
  EXPECT_TRUE(sent.has_value() && got.has_value());
  auto slept = co_await sleep(std::chrono::milliseconds(1));
  EXPECT_TRUE(slept.has_value());
}

class IdleRuntime : public testing::TestWithParam<std::tuple<DriverKind, SchedulerKind, Waiting>> {
};

TEST_P(IdleRuntime, comes_to_rest_and_stays_there) {
  Config config;
  std::tie(config.driver.kind, config.scheduler.kind, config.scheduler.waiting) = GetParam();
  config.scheduler.workers = kWorkers;
  config.scheduler.spin_us = 20;
  Result<Runtime> runtime = Runtime::make(config);
  if (!runtime) GTEST_SKIP() << "no such driver here: " << runtime.error().message();
  std::vector<JoinHandle<void>> talks;
  for (std::uint32_t i = 0; i < 4 * kWorkers; ++i)
    talks.push_back(runtime->spawn(talk_to_myself()));
  runtime->block_on(talk_to_myself());
  for (const JoinHandle<void>& talk : talks) {
    while (!talk.is_done()) pass_a_window();
  }
  talks.clear();

  const auto due = Clock::now() + kPatience;
  Activity before = activity_of(*runtime);
  Activity after;
  for (bool rests = false; !rests && Clock::now() < due;) {
    pass_a_window();
    after = activity_of(*runtime);
    rests = after == before;
    if (!rests) before = after;
  }
  pass_a_window();
  after = activity_of(*runtime);
  EXPECT_EQ(after.turns, before.turns) << "a driver was turned";
  EXPECT_EQ(after.sleeps, before.sleeps) << "a worker was woken and went to sleep again";
  EXPECT_EQ(after.tasks_run, before.tasks_run);
  EXPECT_EQ(after.switches, before.switches) << "a worker's thread ran";
  runtime->block_on(talk_to_myself());
  EXPECT_TRUE(runtime->shutdown().clean());
}

std::string name_of(const testing::TestParamInfo<IdleRuntime::ParamType>& cell) {
  const auto [driver, scheduler, waiting] = cell.param;
  const char* drivers[] = {"best", "select", "poll", "epoll", "linux_aio", "io_uring", "sim"};
  const char* schedulers[] = {"single", "per_core", "stealing"};
  const char* waits[] = {"block", "spin", "busy_poll"};
  return std::string(drivers[static_cast<int>(driver)]) + '_' +
         schedulers[static_cast<int>(scheduler)] + '_' + waits[static_cast<int>(waiting)];
}

INSTANTIATE_TEST_SUITE_P(
    Cells, IdleRuntime,
    testing::Combine(testing::Values(DriverKind::epoll, DriverKind::io_uring, DriverKind::poll,
                                     DriverKind::select, DriverKind::linux_aio),
                     testing::Values(SchedulerKind::per_core, SchedulerKind::stealing),
                     testing::Values(Waiting::block, Waiting::spin_then_block)),
    name_of);

}  // namespace
}  // namespace rota::testing_sched

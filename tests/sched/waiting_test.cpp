// How a worker waits that has nothing to run: what a wake costs those who post, when a spin begins
// and ends, and that each way of waiting ends when the runtime does.

#include "base/cpu_affinity.hpp"
#include "sched/counted_driver.hpp"
#include "sched/runtime_core.hpp"
#include "sched/single.hpp"
#include "sched/wait_rule.hpp"
#include "sched/wake_cost.hpp"
#include "sched/worker.hpp"

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <optional>
#include <thread>
#include <utility>

namespace rota::testing_sched {
namespace {

using Step = IdleWait::Step;
using News = Driver::News;

constexpr Duration kSpin{50'000};
constexpr Duration kStep{10};
constexpr WaitRule kBlocks{};
constexpr WaitRule kSpins{Waiting::spin_then_block, kSpin};
constexpr WaitRule kPolls{Waiting::busy_poll, {}};
constexpr WaitRule kPollsAndGivesWay{Waiting::busy_poll, {}, true};

/// A runnable that is posted, and counts how often it ran.
class Note : public Runnable {
 public:
  Note(Worker& home, std::atomic<int>& runs) : runs_(runs) {
    header_.home.set(&home);
    task = &header_;
    resume = [](Runnable& self) noexcept { ++static_cast<Note&>(self).runs_; };
  }

 private:
  TaskHeader header_;
  std::atomic<int>& runs_;
};

/// A worker on a thread of its own, over a driver that counts.
class WaitingWorker {
 public:
  explicit WaitingWorker(WaitRule rule) {
    core_.use(rule);
    worker_.emplace(core_, driver_);
    scheduler_.emplace(*worker_);
    core_.use(*scheduler_);
    carrier_ =
        std::thread([this] { EXPECT_EQ(worker_->carry(current_seat()), Worker::CarryEnd::left); });
  }
  ~WaitingWorker() {
    driver_.let_go();
    worker_->leave();
    carrier_.join();
  }

  [[nodiscard]] Worker& worker() { return *worker_; }
  [[nodiscard]] CountedDriver& driver() { return driver_; }

  /// Has it run something. Spins begin after that.
  void run_one() {
    std::atomic<int> runs = 0;
    Note note(*worker_, runs);
    worker_->post(note);
    while (runs == 0) std::this_thread::yield();
  }
  void post_and_await_ten() {
    std::atomic<int> runs = 0;
    std::array<Note, 10> notes{{{*worker_, runs},
                                {*worker_, runs},
                                {*worker_, runs},
                                {*worker_, runs},
                                {*worker_, runs},
                                {*worker_, runs},
                                {*worker_, runs},
                                {*worker_, runs},
                                {*worker_, runs},
                                {*worker_, runs}}};
    for (Note& note : notes) worker_->post(note);
    driver_.let_go();
    while (runs != 10) std::this_thread::yield();
  }
  /// Some passes of a spin.
  void await_looks() {
    const int before = driver_.looks();
    while (driver_.looks() < before + 100) std::this_thread::yield();
  }

 private:
  RuntimeCore core_;
  CountedDriver driver_;
  std::optional<Worker> worker_;
  std::optional<SingleScheduler> scheduler_;
  std::thread carrier_;
};

TEST(Waiting, many_posts_to_a_sleeping_worker_make_one_wake) {
  WaitingWorker waiting(kBlocks);
  waiting.driver().hold();
  waiting.driver().await_sleeps(1);
  waiting.post_and_await_ten();
  EXPECT_EQ(waiting.driver().wakes(), 1);
}

TEST(Waiting, posts_to_a_worker_that_runs_make_no_wake) {
  WaitingWorker waiting(kBlocks);
  waiting.driver().await_sleeps(1);
  struct Busy : Note {
    using Note::Note;
    std::atomic<bool> runs = false;
    std::atomic<bool> may_end = false;
  };
  std::atomic<int> unused = 0;
  Busy busy(waiting.worker(), unused);
  busy.resume = [](Runnable& self) noexcept {
    auto& task = static_cast<Busy&>(self);
    task.runs = true;
    while (!task.may_end) std::this_thread::yield();
  };
  waiting.worker().post(busy);
  while (!busy.runs) std::this_thread::yield();
  const int wakes = waiting.driver().wakes();
  std::atomic<int> runs = 0;
  Note one(waiting.worker(), runs);
  Note other(waiting.worker(), runs);
  waiting.worker().post(one);
  waiting.worker().post(other);
  EXPECT_EQ(waiting.driver().wakes(), wakes);
  busy.may_end = true;
  while (runs != 2) std::this_thread::yield();
}

TEST(Waiting, posts_to_a_worker_that_spins_make_no_wake) {
  WaitingWorker waiting(kSpins);
  waiting.driver().await_sleeps(1);
  waiting.run_one();
  waiting.await_looks();
  const int wakes = waiting.driver().wakes();
  waiting.post_and_await_ten();
  EXPECT_EQ(waiting.driver().wakes(), wakes);
  EXPECT_EQ(waiting.driver().sleeps(), 1) << "its time has not passed";
}

TEST(Waiting, a_spin_ends_and_only_a_task_begins_another) {
  WaitingWorker waiting(kSpins);
  CountedDriver& driver = waiting.driver();
  driver.await_sleeps(1);
  EXPECT_EQ(driver.turns(), 1) << "nothing has run yet";
  waiting.run_one();
  waiting.await_looks();
  driver.pass_time(kSpin);
  driver.await_sleeps(2);
  for (int stale = 3; stale < 6; ++stale) {
    const int turns = driver.turns();
    driver.wake();
    driver.await_sleeps(stale);
    EXPECT_EQ(driver.turns(), turns + 1) << "what ends a sleep without a task begins no spin";
  }
  waiting.run_one();
  waiting.await_looks();
  EXPECT_EQ(driver.sleeps(), 5);
}

TEST(Waiting, a_worker_that_polls_is_never_woken_and_never_sleeps) {
  WaitingWorker waiting(kPolls);
  waiting.await_looks();
  waiting.post_and_await_ten();
  waiting.driver().pass_time(Duration{1'000'000'000});
  waiting.await_looks();
  EXPECT_EQ(waiting.driver().wakes(), 0);
  EXPECT_EQ(waiting.driver().sleeps(), 0);
}

TEST(IdleWait, does_not_turn_a_driver_that_tells_of_nothing) {
  IdleWait wait(kPolls);
  Instant now{1'000'000};
  EXPECT_EQ(wait.next(0, News::some, now), Step::turn);
  for (int i = 0; i < 1000; ++i) {
    now = now + IdleWait::kTurnEvery;
    EXPECT_EQ(wait.next(0, News::none, now), Step::look);
  }
  EXPECT_EQ(wait.next(0, News::some, now), Step::turn);
}

TEST(IdleWait, turns_a_driver_that_does_not_tell_at_a_steady_pace) {
  IdleWait wait(kPolls);
  Instant now{1'000'000};
  int turns = 0;
  for (int i = 0; i < 1000; ++i) {
    now = now + kStep;
    if (wait.next(0, News::unknown, now) == Step::turn) ++turns;
  }
  EXPECT_EQ(turns, 1000 * kStep.ns / IdleWait::kTurnEvery.ns);
}

TEST(IdleWait, begins_to_count_when_the_last_task_has_run) {
  IdleWait wait(kSpins);
  Instant now{1'000'000};
  EXPECT_EQ(wait.next(0, News::none, now), Step::sleep) << "no task has run yet";
  for (std::uint64_t tasks = 1; tasks < 10; ++tasks) {
    EXPECT_EQ(wait.next(tasks, News::none, now), Step::look);
    now = now + (kSpin - kStep);
    EXPECT_EQ(wait.next(tasks, News::none, now), Step::look);
  }
  now = now + kStep;
  EXPECT_EQ(wait.next(9, News::none, now), Step::sleep);
  EXPECT_FALSE(wait.spins());
}

TEST(IdleWait, gives_way_at_a_steady_pace_while_no_task_runs) {
  IdleWait wait(kPollsAndGivesWay);
  Instant now{1'000'000};
  for (const News news : {News::none, News::some, News::unknown}) {
    int ways = 0;
    for (std::uint32_t i = 0; i < 10 * IdleWait::kPassesPerWay; ++i) {
      now = now + kStep;
      if (wait.next(0, news, now) == Step::give_way) ++ways;
    }
    EXPECT_EQ(ways, 10);
  }
  for (std::uint64_t tasks = 1; tasks < 2 * IdleWait::kPassesPerWay; ++tasks) {
    EXPECT_EQ(wait.next(tasks, News::none, now), Step::look) << "it has work";
  }
}

TEST(WaitRule, who_polls_gives_way_where_no_cpu_is_left) {
  SchedulerConfig config;
  config.waiting = Waiting::busy_poll;
  const std::size_t cpus = allowed_cpus().size();
  EXPECT_FALSE(choose_wait(config, cpus - 1).gives_way);
  EXPECT_TRUE(choose_wait(config, cpus).gives_way);
  EXPECT_TRUE(choose_wait(config, cpus + 1).gives_way);
  config.waiting = Waiting::block;
  EXPECT_FALSE(choose_wait(config, cpus + 1).gives_way) << "it sleeps";
}

TEST(WaitRule, a_spin_is_twice_a_wake_up_to_a_limit_and_only_where_a_cpu_is_free) {
  constexpr Duration wake{7'000};
  EXPECT_EQ(derived_spin(wake, 1, 2), 2 * wake);
  EXPECT_EQ(derived_spin(Duration{40'000}, 1, 2), most_spin);
  EXPECT_EQ(derived_spin(wake, 2, 2), Duration{});
  EXPECT_EQ(derived_spin(wake, 8, 2), Duration{});
}

TEST(WaitRule, what_was_asked_for_is_not_derived) {
  SchedulerConfig config;
  config.spin_us = 7;
  config.waiting = Waiting::spin_then_block;
  EXPECT_EQ(choose_wait(config, 1000).spin, Duration{7'000});
  config.spin_us = 0;
  EXPECT_EQ(choose_wait(config, 100'000).spin, Duration{}) << "more workers than CPUs";
  for (const Waiting waiting : {Waiting::block, Waiting::busy_poll}) {
    config.waiting = waiting;
    EXPECT_EQ(choose_wait(config, 1000).spin, Duration{}) << "only one way to wait has a spin";
  }
}

TEST(WaitRule, a_wake_that_is_known_is_not_measured) {
  if (allowed_cpus().size() < 2) GTEST_SKIP() << "with one CPU nobody spins";
  SchedulerConfig config;
  config.waiting = Waiting::spin_then_block;
  const Duration spin = choose_wait(config, 1, Duration{1'234}).spin;
  if (spin == Duration{}) GTEST_SKIP() << "a quota leaves one CPU, where nobody spins";
  EXPECT_EQ(spin, Duration{2'468});
}

TEST(WakeCost, is_measured_once) {
  const WakeCost measured = wake_cost();
  EXPECT_GT(measured.wake, Duration{});
  EXPECT_GT(measured.call, Duration{});
  EXPECT_EQ(wake_cost().wake, measured.wake);
}

// --- Runtimes ----------------------------------------------------------------------------------

Config polling(SchedulerKind kind, std::uint32_t workers) {
  Config config;
  config.driver.kind = DriverKind::epoll;
  config.scheduler.kind = kind;
  config.scheduler.workers = workers;
  config.scheduler.waiting = Waiting::busy_poll;
  return config;
}

Task<void> wait_for_ever() {
  Event never;
  auto seen = co_await never.wait();
  static_cast<void>(seen);
}

TEST(BusyPoll, ends_with_a_shutdown_that_finds_tasks) {
  for (const SchedulerKind kind :
       {SchedulerKind::single, SchedulerKind::per_core, SchedulerKind::stealing}) {
    Runtime runtime = Runtime::make(polling(kind, 3)).value();
    for (int i = 0; i < 10; ++i) {
      JoinHandle<void> dropped = runtime.spawn(wait_for_ever());
    }
    EXPECT_TRUE(runtime.shutdown().clean());
  }
}

Task<void> be_interrupted() {
  ::kill(::getpid(), SIGINT);
  auto slept = co_await sleep(Duration::max());
  static_cast<void>(slept);
}

TEST(BusyPoll, ends_with_a_signal) {
  EXPECT_EQ(run(be_interrupted(), polling(SchedulerKind::per_core, 2)), 0);
  EXPECT_EQ(run(be_interrupted(), polling(SchedulerKind::single, 1)), 0);
}

Task<int> visit_all(int rounds) {
  int visits = 0;
  for (int round = 0; round < rounds; ++round) {
    for (WorkerIndex worker = 0; worker < worker_count(); ++worker) {
      int visit = co_await submit_to(worker, [] { return 1; });
      visits += visit;
    }
  }
  co_return visits;
}

TEST(BusyPoll, makes_progress_with_more_workers_than_cpus) {
  constexpr int rounds = 100;
  const auto workers = static_cast<std::uint32_t>(2 * allowed_cpus().size() + 1);
  for (const SchedulerKind kind : {SchedulerKind::per_core, SchedulerKind::stealing}) {
    Runtime runtime = Runtime::make(polling(kind, workers)).value();
    EXPECT_EQ(runtime.block_on(visit_all(rounds)), rounds * static_cast<int>(workers));
    EXPECT_TRUE(runtime.shutdown().clean());
  }
}

Task<void> set(std::atomic<bool>& flag) {
  flag = true;
  co_return;
}

/// The reader's message comes when the worker polls; then it keeps its thread until another task
/// has run.
Task<void> read_and_hog(Runtime& runtime, TcpStream peer, std::atomic<bool>& reads) {
  reads = true;
  std::array<std::byte, 1> byte{};
  auto got = co_await peer.read(byte);
  EXPECT_TRUE(got.has_value());
  std::atomic<bool> flag = false;
  JoinHandle<void> setter = runtime.spawn(set(flag));
  while (!flag) std::this_thread::yield();
  co_await std::move(setter).join();
}

/// The task is parked, and its worker has looked at its driver many times since: it has nothing to
/// run and searches.
Task<void> await_polls(const JoinHandle<void>& parked) {
  constexpr std::uint64_t kManyTurns = 200;
  Worker& home = *parked.task().home;
  while (home.in_flight() == 0) co_await yield();
  const std::uint64_t turns = home.counters().turns;
  while (home.counters().turns < turns + kManyTurns) co_await yield();
}

Task<void> hog_a_searcher(Runtime& runtime) {
  for (int round = 0; round < 20; ++round) {
    Result<TcpListener> listener = TcpListener::bind(Address::loopback(0));
    Result<Address> address = listener->local_address();
    Result<TcpStream> near = co_await TcpStream::connect(*address);
    Result<TcpStream> far = co_await listener->accept();
    std::atomic<bool> reads = false;
    JoinHandle<void> reader = runtime.spawn(read_and_hog(runtime, std::move(*far), reads));
    while (!reads) co_await yield();
    co_await await_polls(reader);
    std::array<std::byte, 1> byte{};
    auto sent = co_await near->write_all(byte);
    EXPECT_TRUE(sent.has_value());
    co_await std::move(reader).join();
  }
}

TEST(BusyPoll, a_searcher_that_gets_a_task_of_its_own_searches_no_more) {
  Runtime runtime = Runtime::make(polling(SchedulerKind::stealing, 2)).value();
  runtime.block_on(hog_a_searcher(runtime));
  EXPECT_TRUE(runtime.shutdown().clean());
}

}  // namespace
}  // namespace rota::testing_sched

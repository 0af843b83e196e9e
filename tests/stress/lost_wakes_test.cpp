// Workers that sleep without any limit are woken by each other, over and over: a wake that is lost
// leaves all asleep, and the vigil ends the run. A hop is a post to a worker that has nothing else
// to do: it sleeps, or is on its way there. `ROTA_HOPS` says how many there are to be for each
// family of drivers; a campaign is
//
//   ROTA_HOPS=100000000 build/release/tests/stress/lost_wakes
//
// Most hops are between two workers on one CPU, where sleeping and waking cost a switch of threads
// and not that of a core that was halted. The others let both sides run at once, so that a post
// meets a worker anywhere between its last look and its sleep.

#include "base/cpu_affinity.hpp"
#include "base/random.hpp"
#include "busy.hpp"
#include "driver/choose.hpp"
#include "sched/runtime_core.hpp"
#include "sched/single.hpp"
#include "sched/worker.hpp"
#include "stress/unrest.hpp"
#include "stress/vigil.hpp"

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <memory>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace rota::testing_stress {
namespace {

constexpr std::uint64_t kHops = 1'000'000;
constexpr std::uint64_t kInstrumentedHops = 50'000;
constexpr std::uint64_t kLeastHops = 100;  // They are shared out by the hundredth.

std::uint64_t hops_asked_for() {
  const char* asked = std::getenv("ROTA_HOPS");
  if (asked == nullptr) return address_sanitizer || thread_sanitizer ? kInstrumentedHops : kHops;
  std::uint64_t hops = 0;
  const std::string_view text(asked);
  const auto [end, error] = std::from_chars(text.begin(), text.end(), hops);
  if (error != std::errc{} || end != text.end() || hops < kLeastHops) {
    std::cerr << "ROTA_HOPS is a number of at least " << kLeastHops << ", not " << text << "\n";
    std::exit(2);
  }
  return hops;
}

struct Family {
  const char* name;
  DriverKind kind;
};
void PrintTo(const Family& family, std::ostream* out) { *out << family.name; }

class LostWakesTest : public testing::TestWithParam<Family> {
 protected:
  void report(std::uint64_t posts, std::uint64_t sleeps) {
    std::cout << GetParam().name << ": " << posts << " posts, " << sleeps << " sleeps, none lost\n";
  }
};

/// Two workers on threads of their own, and what they throw at each other.
class Court {
 public:
  struct Side {
    std::unique_ptr<Driver> driver;
    std::unique_ptr<Worker> worker;
  };

  Court(DriverKind kind, std::uint64_t hops) : hops_(hops) {
    DriverConfig config;
    config.kind = kind;
    for (std::uint16_t i = 0; i < sides_.size(); ++i) {
      auto chosen = choose_driver(config, nullptr);
      if (!chosen) return;
      sides_[i].driver = std::move(chosen->driver);
      sides_[i].worker = std::make_unique<Worker>(core_, *sides_[i].driver, i);
    }
    scheduler_ = std::make_unique<SingleScheduler>(*sides_[0].worker);
    core_.use(*scheduler_);
  }

  /// False: there is no such driver here.
  [[nodiscard]] bool has_drivers() const { return scheduler_ != nullptr; }

  /// Until there were enough hops; `cpu` < 0: anywhere.
  void play(int balls, int cpu, std::uint32_t most_work) {
    most_work_ = most_work;
    balls_in_play_ = balls;
    left_ = balls;
    for (int i = 0; i < balls; ++i) {
      Ball& ball = balls_.emplace_back(*this);
      ball.header.home.set(sides_[0].worker.get());
      sides_[0].worker->post(ball);
    }
    std::vector<std::thread> threads;
    for (Side& side : sides_) {
      threads.emplace_back([&side, cpu] {
        EXPECT_EQ(cpu < 0 ? 0 : pin_this_thread(cpu), 0);
        EXPECT_EQ(side.worker->carry(current_seat()), Worker::CarryEnd::left);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

  [[nodiscard]] std::uint64_t posts() const { return posts_.load(); }
  [[nodiscard]] std::uint64_t sleeps() const {
    return sides_[0].worker->counters().sleeps + sides_[1].worker->counters().sleeps;
  }

 private:
  struct Ball : Runnable {
    explicit Ball(Court& of) : court(of) {
      task = &header;
      resume = [](Runnable& self) noexcept {
        auto& ball = static_cast<Ball&>(self);
        ball.court.strike(ball);
      };
    }
    Court& court;
    TaskHeader header;
  };

  /// On the side that the ball has come to.
  void strike(Ball& ball) noexcept {
    thread_local Random random(7);
    vigil_.place(0).at("a ball");
    if (most_work_ != 0) stay_busy(random.below(most_work_));
    // Where there are several, most are posted to a worker that is busy with another.
    const std::uint64_t hops = balls_in_play_ == 1 ? posts() : sleeps();
    if (hops >= hops_) {
      if (left_.fetch_sub(1) == 1) {
        for (Side& side : sides_) side.worker->leave();
      }
      return;
    }
    posts_.fetch_add(1, std::memory_order_relaxed);
    Worker* here = current_seat().worker;
    sides_[here == sides_[0].worker.get() ? 1 : 0].worker->post(ball);
  }

  const std::uint64_t hops_;
  int balls_in_play_ = 0;
  std::uint32_t most_work_ = 0;
  Vigil vigil_;
  RuntimeCore core_;
  std::array<Side, 2> sides_;
  std::unique_ptr<Scheduler> scheduler_;
  std::deque<Ball> balls_;
  std::atomic<int> left_{0};
  std::atomic<std::uint64_t> posts_{0};
};

TEST_P(LostWakesTest, between_two_workers_on_one_cpu) {
  const std::vector<int> cpus = allowed_cpus();
  ASSERT_FALSE(cpus.empty());
  // Families that are tested side by side do so on different CPUs.
  const int cpu = cpus[static_cast<std::size_t>(GetParam().kind) % cpus.size()];
  Court court(GetParam().kind, hops_asked_for() / 100 * 97);
  if (!court.has_drivers()) GTEST_SKIP() << "no such driver here";
  court.play(1, cpu, 0);
  report(court.posts(), court.sleeps());
}

TEST_P(LostWakesTest, between_two_workers_that_run_at_once) {
  constexpr std::uint32_t kMostWork = 2000;  // about as long as it takes to go to sleep
  const Unrest unrest(20);
  Court court(GetParam().kind, hops_asked_for() / 100 * 2);
  if (!court.has_drivers()) GTEST_SKIP() << "no such driver here";
  court.play(2, -1, kMostWork);
  report(court.posts(), court.sleeps());
}

Task<int> answer(int value) { co_return value; }

/// The child finds its way to the other worker if that one is woken for it.
Task<int> ask(int value) {
  JoinHandle<int> child = spawn(answer(value));
  co_await yield();
  Joined<int> joined = co_await child.join();
  co_return std::move(joined).value();
}

TEST_P(LostWakesTest, between_a_plain_thread_and_workers_that_steal) {
  const Unrest unrest(20);
  Vigil vigil;
  Config config;
  config.driver.kind = GetParam().kind;
  config.scheduler.kind = SchedulerKind::stealing;
  config.scheduler.workers = 2;
  config.scheduler.watch_us = 0;  // It would end the sleep of a worker that nobody woke.
  Result<Runtime> runtime = Runtime::make(config);
  if (!runtime) GTEST_SKIP() << "no such driver here: " << runtime.error().message();
  std::uint64_t posts = 0;
  for (; runtime->counters().sleeps < hops_asked_for() / 100; ++posts) {
    vigil.place(0).at("a task from outside");
    ASSERT_EQ(runtime->block_on(ask(1)), 1);
  }
  EXPECT_TRUE(runtime->shutdown().clean());
  report(posts, runtime->counters().sleeps);
}

INSTANTIATE_TEST_SUITE_P(
    Stress, LostWakesTest,
    testing::Values(Family{"epoll", DriverKind::epoll}, Family{"poll", DriverKind::poll},
                    Family{"select", DriverKind::select},
                    Family{"linux_aio", DriverKind::linux_aio},
                    Family{"io_uring", DriverKind::io_uring}),
    [](const testing::TestParamInfo<Family>& family) { return std::string(family.param.name); });

}  // namespace
}  // namespace rota::testing_stress

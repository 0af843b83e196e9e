// Wakes: sticky, from any thread and from signal handlers, never lost.
#include "conformance/conformance.hpp"

#include <signal.h>

#include <atomic>
#include <thread>

namespace rota::conformance {
namespace {

TEST_P(Conformance, a_wake_before_the_turn_ends_it) {
  for (int i = 0; i < 10; ++i) {
    driver().wake();
    ASSERT_TRUE(turn_until([turns = 0]() mutable { return turns++ == 1; }));
  }
}

TEST_P(Conformance, wakes_are_used_up_by_the_turns_that_they_end) {
  constexpr int kWakes = 3;
  for (int i = 0; i < kWakes; ++i) driver().wake();
  int cut_short = 0;
  while (cut_short <= kWakes) {
    const Deadline until = in_ns(500'000'000);  // longer than a busy machine takes for a turn
    turn(until);
    if (until.passed(driver().now())) break;
    ++cut_short;
  }
  EXPECT_LE(cut_short, kWakes) << "a wake ends one turn and not every later one";
  EXPECT_GE(cut_short, 1) << "the wakes were lost";
}

TEST_P(Conformance, a_wake_from_another_thread_ends_a_turn_without_deadline) {
  std::atomic<bool> told{false};
  std::thread other([&] {
    told.store(true);
    driver().wake();
  });
  EXPECT_TRUE(turn_until([&] { return told.load(); }));
  other.join();
}

TEST_P(Conformance, a_driver_that_tells_of_news_tells_of_all) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& reading = read(near, 8);
  settle();
  EXPECT_NE(driver().news(), Driver::News::some) << "nothing has come";
  send_all(pair.far.number(), "x");
  // As a worker does that spins: it turns the driver only for news.
  EXPECT_TRUE(turn_until([&] {
    while (driver().news() == Driver::News::none) std::this_thread::yield();
    turn_now();
    return is_back(reading);
  }, Deadline::now()));
  driver().wake();
  while (driver().news() == Driver::News::none) std::this_thread::yield();
  EXPECT_TRUE(turn_until([turns = 0]() mutable { return turns++ == 1; }));
}

TEST_P(Conformance, a_wake_ends_a_turn_that_also_waits_for_operations) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& reading = read(near, 8);
  settle();
  std::atomic<bool> told{false};
  std::thread other([&] {
    told.store(true);
    driver().wake();
  });
  EXPECT_TRUE(turn_until([&] { return told.load(); }));
  other.join();
  EXPECT_FALSE(is_back(reading));
  send_all(pair.far.number(), "x");
  ASSERT_TRUE(finish(reading));
}

TEST_P(Conformance, a_storm_of_wakes_from_four_threads_loses_none) {
  constexpr int kThreads = 4;
  constexpr int kWakes = 10'000;
  std::atomic<int> posted{0};
  std::vector<std::thread> others;
  for (int i = 0; i < kThreads; ++i) {
    others.emplace_back([&] {
      for (int k = 0; k < kWakes; ++k) {
        posted.fetch_add(1);
        driver().wake();
      }
    });
  }
  int seen = 0;
  // Whoever posts wakes afterwards, so a turn without deadline must end for the last one too.
  EXPECT_TRUE(turn_until([&] {
    seen = posted.load();
    return seen == kThreads * kWakes;
  }));
  for (std::thread& other : others) other.join();
  // The storm is over: its last wakes end a turn or two, and then turns sleep again.
  int cut_short = 0;
  for (;;) {
    const Deadline until = in_ns(1'000'000);
    turn(until);
    if (until.passed(driver().now())) break;
    ASSERT_LT(++cut_short, 10) << "the storm does not end";
  }
}

TEST_P(Conformance, no_wake_is_lost_in_ten_thousand_handshakes) {
  constexpr int kRounds = 10'000;
  std::atomic<int> asked{0};
  std::atomic<int> answered{0};
  std::thread other([&] {
    for (int round = 1; round <= kRounds; ++round) {
      int seen = asked.load();
      while (seen < round) {
        asked.wait(seen);
        seen = asked.load();
      }
      answered.store(round);
      driver().wake();
    }
  });
  for (int round = 1; round <= kRounds; ++round) {
    asked.store(round);
    asked.notify_one();
    const testing::AssertionResult woken = turn_until([&] { return answered.load() >= round; });
    EXPECT_TRUE(woken) << "in round " << round;
    if (!woken) break;
  }
  asked.store(kRounds);
  asked.notify_one();
  other.join();
}

/// SIGUSR1 wakes a driver while this lives.
class WakingSignal {
 public:
  explicit WakingSignal(Driver& driver) {
    target_.store(&driver);
    delivered_.store(0);
    struct sigaction action {};
    action.sa_handler = [](int) {
      delivered_.fetch_add(1);
      target_.load()->wake();
    };
    ::sigaction(SIGUSR1, &action, &before_);
  }
  ~WakingSignal() { ::sigaction(SIGUSR1, &before_, nullptr); }
  WakingSignal(const WakingSignal&) = delete;
  WakingSignal& operator=(const WakingSignal&) = delete;

  static int delivered() { return delivered_.load(); }

 private:
  static inline std::atomic<Driver*> target_{nullptr};
  static inline std::atomic<int> delivered_{0};
  struct sigaction before_ {};
};

TEST_P(Conformance, a_wake_from_a_signal_handler_before_the_turn_ends_it) {
  const WakingSignal signal(driver());
  ASSERT_EQ(::raise(SIGUSR1), 0);
  ASSERT_EQ(WakingSignal::delivered(), 1);
  ASSERT_TRUE(turn_until([turns = 0]() mutable { return turns++ == 1; }));
}

TEST_P(Conformance, wakes_from_a_signal_handler_end_sleeping_turns) {
  constexpr int kRounds = 200;
  const WakingSignal signal(driver());
  const pthread_t sleeper = ::pthread_self();
  std::atomic<int> asked{0};
  std::thread other([&] {
    for (int round = 1; round <= kRounds; ++round) {
      int seen = asked.load();
      while (seen < round) {
        asked.wait(seen);
        seen = asked.load();
      }
      ::pthread_kill(sleeper, SIGUSR1);
    }
  });
  bool woken = true;
  for (int round = 1; round <= kRounds && woken; ++round) {
    asked.store(round);
    asked.notify_one();
    // Nothing but the handler's wake ends this turn: the interrupted call by itself must not.
    woken = static_cast<bool>(turn_until([&] { return WakingSignal::delivered() >= round; }));
    EXPECT_TRUE(woken) << "in round " << round;
  }
  asked.store(kRounds);
  asked.notify_one();
  other.join();
}

TEST_P(Conformance, data_and_a_wake_at_once_are_both_noticed) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  for (int i = 0; i < 100; ++i) {
    Transfer& reading = read(near, 1);
    turn_now();
    std::atomic<bool> told{false};
    send_all(pair.far.number(), "x");
    std::thread other([&] {
      told.store(true);
      driver().wake();
    });
    const testing::AssertionResult both =
        turn_until([&] { return told.load() && is_back(reading); });
    other.join();
    ASSERT_TRUE(both);
    EXPECT_EQ(text(reading), "x");
  }
}

}  // namespace
}  // namespace rota::conformance

#include "sched/idle_set.hpp"

#include <rota/core/platform.hpp>

#include "base/random.hpp"
#include "core/park_word.hpp"
#include "sched/run_ring.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <thread>
#include <vector>

namespace rota {
namespace {

using Role = IdleSet::Role;

TEST(IdleSetTest, nobody_is_claimed_while_all_are_busy) {
  IdleSet set(4);
  EXPECT_EQ(set.claim({}), std::nullopt);
  EXPECT_EQ(set.idle(), 0u);
  EXPECT_EQ(set.searching(), 0u);
}

TEST(IdleSetTest, a_claimed_worker_is_a_searcher_and_keeps_others_from_being_claimed) {
  IdleSet set(4);
  EXPECT_TRUE(set.announce(2, Role::busy));
  EXPECT_TRUE(set.announce(3, Role::busy));
  EXPECT_EQ(set.idle(), 2u);
  EXPECT_EQ(set.claim({}), 2u);
  EXPECT_EQ(set.idle(), 1u);
  EXPECT_EQ(set.searching(), 1u);
  EXPECT_EQ(set.claim({}), std::nullopt) << "worker 2 looks after it";
  EXPECT_EQ(set.retract(2), Role::searcher);
  EXPECT_TRUE(set.end_search(2));
  EXPECT_EQ(set.claim({}), 3u);
}

TEST(IdleSetTest, a_worker_that_woke_by_itself_is_busy_and_not_claimed) {
  IdleSet set(2);
  EXPECT_TRUE(set.announce(1, Role::busy));
  EXPECT_EQ(set.retract(1), Role::busy);
  EXPECT_EQ(set.idle(), 0u);
  EXPECT_EQ(set.claim({}), std::nullopt);
}

TEST(IdleSetTest, half_of_the_workers_search_and_one_always_may) {
  for (std::uint32_t workers = 1; workers <= 9; ++workers) {
    IdleSet set(workers);
    std::uint32_t searchers = 0;
    while (searchers < workers && set.try_begin_search(searchers)) ++searchers;
    EXPECT_EQ(searchers, (workers + 1) / 2) << workers << " workers";
  }
}

TEST(IdleSetTest, the_last_searcher_is_told_to_look) {
  IdleSet set(6);
  ASSERT_TRUE(set.try_begin_search(0));
  ASSERT_TRUE(set.try_begin_search(1));
  ASSERT_TRUE(set.try_begin_search(2));
  EXPECT_FALSE(set.announce(5, Role::busy)) << "others search";
  EXPECT_FALSE(set.end_search(0));
  EXPECT_FALSE(set.announce(1, Role::searcher));
  EXPECT_TRUE(set.announce(2, Role::searcher));
  EXPECT_TRUE(set.announce(3, Role::busy)) << "nobody searches any more";
  EXPECT_EQ(set.idle(), 4u);
}

TEST(IdleSetTest, neighbours_are_preferred_in_their_order) {
  IdleSet set(8);
  for (std::uint32_t worker = 1; worker < 7; ++worker) {
    static_cast<void>(set.announce(worker, Role::busy));
  }
  constexpr std::array<std::uint16_t, 3> kNear{7, 5, 3};
  for (const std::uint32_t expected : {5u, 3u, 1u, 2u, 4u, 6u}) {
    ASSERT_EQ(set.claim(kNear), expected) << "7 is busy";
    ASSERT_TRUE(set.end_search(expected));
  }
  EXPECT_EQ(set.claim(kNear), std::nullopt);
}

TEST(IdleSetTest, a_claim_goes_on_to_the_next_group_when_one_is_all_busy) {
  IdleSet set(IdleSet::kMostWorkers);
  EXPECT_TRUE(set.announce(10, Role::busy));
  EXPECT_TRUE(set.announce(255, Role::busy));
  constexpr std::array<std::uint16_t, 1> kNear{100};
  EXPECT_EQ(set.claim(kNear), 255u) << "the groups come round from that of worker 100";
  EXPECT_EQ(set.claim(kNear), std::nullopt) << "255 searches in a group that is asked before";
  ASSERT_TRUE(set.end_search(255));
  EXPECT_EQ(set.claim(kNear), 10u);
}

TEST(IdleSetTest, groups_stand_apart) {
  EXPECT_EQ(alignof(IdleSet), 128u);
  EXPECT_EQ(sizeof(IdleSet), 7 * 128u) << "six groups of 48, and the number of workers";
}

TEST(IdleSetTest, agrees_with_sets_through_random_operations) {
  constexpr std::uint32_t kWorkers = 40;
  Random random(1);
  IdleSet set(kWorkers);
  std::set<std::uint32_t> idle;
  std::set<std::uint32_t> searching;
  std::set<std::uint32_t> claimed;  // They search, and do not know it yet.
  for (int i = 0; i < 200'000; ++i) {
    const std::uint32_t worker = random.below(kWorkers);
    if (claimed.erase(worker) != 0) {
      ASSERT_EQ(set.retract(worker), Role::searcher);
    } else if (idle.erase(worker) != 0) {
      ASSERT_EQ(set.retract(worker), Role::busy);
    } else if (random.chance(300)) {
      const Role role = searching.erase(worker) != 0 ? Role::searcher : Role::busy;
      ASSERT_EQ(set.announce(worker, role), searching.empty());
      idle.insert(worker);
    } else if (searching.erase(worker) != 0) {
      ASSERT_EQ(set.end_search(worker), searching.empty());
    } else if (set.try_begin_search(worker)) {
      searching.insert(worker);
      ASSERT_LE(searching.size(), kWorkers / 2);
    } else {
      ASSERT_GE(searching.size(), kWorkers / 2);
    }
    if (random.chance(300)) {
      const auto roused = set.claim({});
      ASSERT_EQ(roused.has_value(), searching.empty() && !idle.empty());
      if (roused) {
        ASSERT_EQ(idle.erase(*roused), 1u);
        searching.insert(*roused);
        claimed.insert(*roused);
      }
    }
    ASSERT_EQ(set.idle(), idle.size());
    ASSERT_EQ(set.searching(), searching.size());
  }
}

/// What a thread sleeps on, as on its driver: sticky.
class Bell {
 public:
  void ring() {
    const std::lock_guard guard(mutex_);
    rung_ = true;
    condition_.notify_one();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    condition_.wait(lock, [this] { return rung_; });
    rung_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool rung_ = false;
};

/// Publishers that never run what they publish, and workers that sleep as soon as they can. A
/// publisher goes on when its burst has run, so a wake that is lost is a test that hangs; with two
/// publishers the other one may heal it.
template <std::size_t publishers>
class SleepStorm {
 public:
  explicit SleepStorm(int rounds) : rounds_(rounds) {}

  void run() {
    std::vector<std::thread> threads;
    for (std::uint32_t me = 0; me < kWorkers; ++me) {
      threads.emplace_back([this, me] { work(me); });
    }
    std::vector<std::thread> posting;
    for (std::size_t me = 0; me < publishers; ++me) {
      posting.emplace_back([this, me] { publish(me); });
    }
    for (std::thread& publisher : posting) publisher.join();
    over_.store(true);
    for (Sleeper& worker : workers_) wake(worker);
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(set_.searching(), 0u);
    EXPECT_EQ(set_.idle(), 0u);
    EXPECT_GT(sleeps_.load(), 0);
  }

 private:
  static constexpr std::uint32_t kWorkers = 4;
  static constexpr int kMostAtOnce = 3;

  struct Burst {
    std::atomic<std::uint32_t> left{0};
    Bell over;
  };
  struct Item {
    Item* next = nullptr;
    bool ran = false;
    Burst* burst = nullptr;
  };
  using Ring = StealRing<Item, 8>;
  struct Sleeper {
    ParkWord park;
    Bell driver;
    Ring ring;
  };

  static void wake(Sleeper& worker) {
    if (worker.park.claim_wake()) worker.driver.ring();
  }
  void rouse() {
    if (const auto claimed = set_.claim({})) wake(workers_[*claimed]);
  }

  void publish(std::size_t me) {
    Random random(me + 1);
    std::array<Item, kMostAtOnce> items;
    Burst& burst = bursts_[me];  // Outlives whoever rings it last.
    for (int i = 0; i < rounds_; ++i) {
      const std::uint32_t count = 1 + random.below(kMostAtOnce);
      burst.left.store(count);
      // The worker that ran the last item is between its search and its sleep by now.
      for (std::uint32_t pauses = random.below(64); pauses > 0; --pauses) spin_pause();
      for (Item& item : std::span(items).first(count)) {
        item.ran = false;
        item.burst = &burst;
        ASSERT_TRUE(rings_[me].try_push(item));
        rouse();
      }
      // Not asleep yet when a worker is quick, so that it publishes again before that one sleeps.
      for (int pauses = 0; pauses < 2'000 && burst.left.load() != 0; ++pauses) spin_pause();
      burst.over.wait();
      for (const Item& item : std::span(items).first(count)) ASSERT_TRUE(item.ran);
    }
  }

  static void run(Item& item) {
    ASSERT_FALSE(item.ran);
    item.ran = true;
    Burst& burst = *item.burst;
    if (burst.left.fetch_sub(1) == 1) burst.over.ring();
  }

  Item* search(std::uint32_t me) {
    for (Ring& ring : rings_) {
      if (Item* found = ring.steal_into(workers_[me].ring, StealAmount::half)) return found;
    }
    for (std::uint32_t i = 1; i < kWorkers; ++i) {
      Ring& victim = workers_[(me + i) % kWorkers].ring;
      if (Item* found = victim.steal_into(workers_[me].ring, StealAmount::half)) return found;
    }
    return nullptr;
  }

  [[nodiscard]] bool any_work() const {
    const auto holds_work = [](const auto& ring) { return !ring.empty(); };
    return std::ranges::any_of(rings_, holds_work) ||
           std::ranges::any_of(workers_, holds_work, &Sleeper::ring);
  }

  void work(std::uint32_t me) {
    Role role = Role::busy;
    while (!over_.load()) {
      if (role == Role::busy && set_.try_begin_search(me)) role = Role::searcher;
      Item* item = role == Role::searcher ? search(me) : nullptr;
      if (item == nullptr) {
        role = sleep(me, role);
        continue;
      }
      role = Role::busy;
      if (set_.end_search(me) && any_work()) rouse();
      for (; item != nullptr; item = workers_[me].ring.pop()) run(*item);
    }
    if (role == Role::searcher) static_cast<void>(set_.end_search(me));
  }

  Role sleep(std::uint32_t me, Role role) {
    Sleeper& worker = workers_[me];
    worker.park.announce();
    const bool told = set_.announce(me, role);
    if (!over_.load() && !(told && any_work())) {
      sleeps_.fetch_add(1, std::memory_order_relaxed);
      worker.driver.wait();
    }
    worker.park.retract();
    return set_.retract(me);
  }

  const int rounds_;
  std::array<Burst, publishers> bursts_;
  IdleSet set_{kWorkers};
  std::array<Sleeper, kWorkers> workers_;
  std::array<Ring, publishers> rings_;
  std::atomic<bool> over_{false};
  std::atomic<int> sleeps_{0};
};

TEST(IdleSetTest, everything_published_runs_while_workers_sleep_whenever_they_can) {
  constexpr int kRounds = address_sanitizer || thread_sanitizer ? 1'000 : 5'000;
  SleepStorm<1>(kRounds).run();
  SleepStorm<2>(kRounds).run();
}

}  // namespace
}  // namespace rota

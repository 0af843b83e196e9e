#include "model/event.hpp"
#include "model/expect.hpp"
#include "model/explorer.hpp"
#include "model/plain.hpp"

#include "core/park_word.hpp"
#include "sched/idle_set.hpp"
#include "sched/run_ring.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

namespace rota {
namespace {

using model::Failure;
using Role = IdleSet::Role;

// What a worker does wrong, the words being right.
enum class Fault {
  none,
  sleeps_without_a_look,
  finder_rouses_nobody,
  announces_to_claimers_first,
  asks_before_it_claims,
  steals_as_no_searcher,
};

enum class Bug {
  none,
  claim_rouses_beside_searchers,
  claim_counts_nobody,
  retract_ignores_claims,
  claim_without_a_fence,
  look_without_a_fence,
  relaxed_announcement,
};

// A copy of IdleSet for one group, with one fault planted.
template <Bug bug>
class BrokenSet {
 public:
  explicit BrokenSet(std::uint32_t workers) : workers_(workers) {}

  bool try_begin_search(std::uint32_t) {
    std::uint32_t seen = word_.load(MemoryOrder::relaxed);
    do {
      if (2 * searchers(seen) >= workers_) return false;
    } while (!word_.compare_exchange_strong(seen, seen + kOneSearcher, MemoryOrder::relaxed));
    return true;
  }

  bool end_search(std::uint32_t) {
    const bool told = searchers(word_.fetch_sub(kOneSearcher, MemoryOrder::relaxed)) == 1;
    fence_unless(Bug::look_without_a_fence);
    return told;
  }

  bool announce(std::uint32_t worker, Role role) {
    constexpr MemoryOrder order =
        bug == Bug::relaxed_announcement ? MemoryOrder::relaxed : MemoryOrder::release;
    const std::uint32_t change = (1U << worker) - (role == Role::searcher ? kOneSearcher : 0);
    const bool told = searchers(word_.fetch_add(change, order) + change) == 0;
    fence_unless(Bug::look_without_a_fence);
    return told;
  }

  Role retract(std::uint32_t worker) {
    const std::uint32_t bit = 1U << worker;
    const bool removed = (word_.fetch_and(~bit, MemoryOrder::acquire) & bit) != 0;
    return removed || bug == Bug::retract_ignores_claims ? Role::busy : Role::searcher;
  }

  std::optional<std::uint32_t> claim(std::span<const std::uint16_t>) {
    fence_unless(Bug::claim_without_a_fence);
    std::uint32_t seen = word_.load(MemoryOrder::relaxed);
    std::uint32_t worker = 0;
    std::uint32_t next = 0;
    do {
      if (searchers(seen) != 0 && bug != Bug::claim_rouses_beside_searchers) return std::nullopt;
      if (seen % kOneSearcher == 0) return std::nullopt;
      worker = static_cast<std::uint32_t>(std::countr_zero(seen));
      next = seen - (1U << worker) + (bug == Bug::claim_counts_nobody ? 0 : kOneSearcher);
    } while (
        !word_.compare_exchange_strong(seen, next, MemoryOrder::acq_rel, MemoryOrder::relaxed));
    return worker;
  }

  [[nodiscard]] std::uint32_t searching() const {
    return searchers(word_.load(MemoryOrder::relaxed));
  }
  [[nodiscard]] std::uint32_t idle() const {
    return word_.load(MemoryOrder::relaxed) % kOneSearcher;
  }

 private:
  static constexpr std::uint32_t kOneSearcher = 1U << 16;
  static std::uint32_t searchers(std::uint32_t word) { return word >> 16; }
  static void fence_unless(Bug dropped) {
    if (bug != dropped) fence(MemoryOrder::seq_cst);
  }

  Atomic<std::uint32_t> word_{0};
  const std::uint32_t workers_;
};

struct Item {
  Item* next = nullptr;
  model::Plain<int> payload{0};
};

using Ring = StealRing<Item, 4>;

// Workers that have nothing of their own, and busy threads, each inside a long task that publishes
// what it never runs itself. These do not count as workers, so that two workers have one searcher.
template <class Set, Fault fault, std::size_t busy, std::size_t sleepers>
struct Scene {
  struct Sleeper {
    ParkWord park;
    model::Event driver;
    Ring mine;
    Item* kept = nullptr;  // By the fault of that name.
    int sleeps = 0;
  };

  std::array<Ring, busy> rings;
  Set set{sleepers};
  std::array<Sleeper, sleepers> workers;
  Atomic<std::uint32_t> running{0};
  Atomic<bool> over{false};

  void publish(Ring& ring, Item& item) {
    item.payload = 1;
    model::check(ring.try_push(item), "the ring has room");
    rouse();
  }

  void rouse() {
    if (fault == Fault::asks_before_it_claims && set.idle() == 0) return;
    if (const auto claimed = set.claim({})) wake(workers[*claimed]);
    model::check(set.searching() <= (sleepers + 1) / 2, "at most half of the workers search");
  }

  static void wake(Sleeper& worker) {
    if (worker.park.claim_wake()) worker.driver.set();
  }

  // Each item waits for `together` of them: they run side by side or never.
  void run(Item& item, std::uint32_t together) {
    model::check(item.payload == 1, "what was written before the push is seen, and once");
    item.payload = 2;
    running.fetch_add(1, MemoryOrder::relaxed);
    model::wait_until([this, together] { return running.load(MemoryOrder::relaxed) >= together; });
  }

  void work(std::uint32_t me, std::uint32_t together) {
    Role role = Role::busy;
    while (!over.load(MemoryOrder::seq_cst)) {
      if (Item* kept = std::exchange(workers[me].kept, nullptr)) {
        if (role == Role::searcher && set.end_search(me) && any_work()) rouse();
        role = Role::busy;
        run(*kept, together);
        continue;
      }
      if (role == Role::busy && set.try_begin_search(me)) role = Role::searcher;
      Item* found = role == Role::searcher ? search(workers[me].mine) : nullptr;
      if (found == nullptr) {
        role = sleep(me, role);
        continue;
      }
      role = Role::busy;
      const bool told = set.end_search(me);
      if (fault != Fault::finder_rouses_nobody && told && any_work()) rouse();
      run(*found, together);
    }
    if (role == Role::searcher) static_cast<void>(set.end_search(me));
  }

  Item* search(Ring& mine) {
    for (Ring& ring : rings) {
      if (Item* found = ring.steal_into(mine, StealAmount::one)) return found;
    }
    return nullptr;
  }

  bool any_work() {
    for (const Ring& ring : rings) {
      if (!ring.empty()) return true;
    }
    return false;
  }

  Role sleep(std::uint32_t me, Role role) {
    Sleeper& worker = workers[me];
    ++worker.sleeps;
    bool told = false;
    if constexpr (fault == Fault::announces_to_claimers_first) {
      told = set.announce(me, role);
      worker.park.announce();
    } else {
      worker.park.announce();
      told = set.announce(me, role);
    }
    if (fault == Fault::sleeps_without_a_look) told = false;
    if (fault == Fault::steals_as_no_searcher && told) worker.kept = search(worker.mine);
    const bool found = worker.kept != nullptr || (told && any_work());
    if (!over.load(MemoryOrder::seq_cst) && !found) worker.driver.wait();
    worker.park.retract();
    return set.retract(me);
  }

  void end() {
    over.store(true, MemoryOrder::seq_cst);
    for (Sleeper& worker : workers) wake(worker);
  }

  void check_at_rest() {
    model::check(!any_work(), "nothing is left");
    model::check(set.searching() == 0, "the number of searchers goes back to nothing");
    model::check(set.idle() == 0, "nobody is idle");
    for (const Sleeper& worker : workers) {
      model::check(worker.driver.sets() <= worker.sleeps, "at most one wake per sleep");
    }
  }
};

template <class Set, Fault fault, std::size_t busy, std::size_t sleepers>
void label_all(const Scene<Set, fault, busy, sleepers>& scene) {
  model::label(scene.set, "set");
  model::label(scene.rings, "rings");
  model::label(scene.workers, "workers");
}

constexpr std::array<const char*, 2> kNames{"first sleeper", "second sleeper"};

// One worker publishes an item for each sleeper.
template <class Set, Fault fault, std::size_t sleepers>
void one_publisher() {
  Scene<Set, fault, 1, sleepers> scene;
  std::array<Item, sleepers> items;
  label_all(scene);
  std::array<std::optional<model::Thread>, sleepers> threads;
  for (std::uint32_t i = 0; i < sleepers; ++i) {
    threads[i] = model::spawn(kNames[i], [&scene, i] { scene.work(i, sleepers); });
  }
  for (Item& item : items) scene.publish(scene.rings[0], item);
  model::wait_until([&scene] { return scene.running.load(MemoryOrder::relaxed) == sleepers; });
  scene.end();
  for (auto& thread : threads) thread->join();
  scene.check_at_rest();
}

// Two workers publish an item each, at once.
template <class Set, Fault fault, std::size_t sleepers>
void two_publishers() {
  Scene<Set, fault, 2, sleepers> scene;
  std::array<Item, 2> items;
  label_all(scene);
  std::array<std::optional<model::Thread>, sleepers> threads;
  for (std::uint32_t i = 0; i < sleepers; ++i) {
    threads[i] = model::spawn(kNames[i], [&scene, i] { scene.work(i, sleepers); });
  }
  model::Thread other = model::spawn("publisher", [&] { scene.publish(scene.rings[1], items[1]); });
  scene.publish(scene.rings[0], items[0]);
  model::wait_until([&scene] { return scene.running.load(MemoryOrder::relaxed) == 2; });
  scene.end();
  for (auto& thread : threads) thread->join();
  other.join();
  scene.check_at_rest();
}

constexpr model::Options kBounded{.preemptions = 2};

TEST(idle_set, a_sleeper_gets_what_is_published) {
  model::expect_holds(model::explore({}, one_publisher<IdleSet, Fault::none, 1>));
}

TEST(idle_set, a_sleeper_gets_what_two_publish_at_once) {
  model::expect_holds(model::explore(kBounded, two_publishers<IdleSet, Fault::none, 1>));
}

TEST(idle_set, two_sleepers_are_both_roused) {
  model::expect_holds(model::explore(kBounded, one_publisher<IdleSet, Fault::none, 2>));
}

TEST(idle_set, two_sleepers_are_both_roused_by_two_publishers) {
  model::expect_holds(model::explore({.preemptions = 1}, two_publishers<IdleSet, Fault::none, 2>));
}

TEST(idle_set, two_sleepers_are_both_roused_under_many_schedules) {
  const model::Report report =
      model::explore({.mode = model::Mode::pct, .runs = 50'000, .pct_depth = 5},
                     two_publishers<IdleSet, Fault::none, 2>);
  EXPECT_FALSE(report.failure) << report;
  EXPECT_GE(report.executions, 20'000U) << "some are abandoned, but not most";
}

TEST(idle_set, the_copy_without_a_fault_holds) {
  model::expect_holds(model::explore({}, one_publisher<BrokenSet<Bug::none>, Fault::none, 1>));
  model::expect_holds(
      model::explore(kBounded, one_publisher<BrokenSet<Bug::none>, Fault::none, 2>));
}

TEST(idle_set, planted_sleep_without_a_look_is_found) {
  model::expect_found(model::explore({}, one_publisher<IdleSet, Fault::sleeps_without_a_look, 1>),
                      Failure::Kind::deadlock);
}

TEST(idle_set, planted_finder_that_rouses_nobody_is_found) {
  model::expect_found(
      model::explore(kBounded, one_publisher<IdleSet, Fault::finder_rouses_nobody, 2>),
      Failure::Kind::deadlock);
}

TEST(idle_set, planted_announcement_to_claimers_before_the_park_word_is_found) {
  model::expect_found(
      model::explore(kBounded, one_publisher<IdleSet, Fault::announces_to_claimers_first, 2>),
      Failure::Kind::deadlock);
}

// Whether anybody is idle is asked before the fence of the claim, which then comes too late.
TEST(idle_set, planted_question_before_the_claim_is_found) {
  model::expect_found(model::explore({}, one_publisher<IdleSet, Fault::asks_before_it_claims, 1>),
                      Failure::Kind::deadlock);
}

// A worker that was told to look takes what it sees at once. While it does, the ring is neither
// empty nor to be had, and nobody searches: another one looks at it for as long as that takes.
TEST(idle_set, planted_theft_by_no_searcher_is_found) {
  model::expect_found(
      model::explore(kBounded, one_publisher<IdleSet, Fault::steals_as_no_searcher, 2>),
      Failure::Kind::livelock);
}

TEST(idle_set, planted_claim_beside_searchers_is_found) {
  model::expect_found(
      model::explore(kBounded,
                     one_publisher<BrokenSet<Bug::claim_rouses_beside_searchers>, Fault::none, 2>),
      Failure::Kind::check);
}

TEST(idle_set, planted_claim_that_counts_nobody_is_found) {
  model::expect_found(
      model::explore({}, one_publisher<BrokenSet<Bug::claim_counts_nobody>, Fault::none, 1>),
      Failure::Kind::check);
}

TEST(idle_set, planted_retract_that_ignores_claims_is_found) {
  model::expect_found(
      model::explore({}, one_publisher<BrokenSet<Bug::retract_ignores_claims>, Fault::none, 1>),
      Failure::Kind::check);
}

TEST(idle_set, planted_claim_without_a_fence_is_found) {
  model::expect_found(
      model::explore({}, one_publisher<BrokenSet<Bug::claim_without_a_fence>, Fault::none, 1>),
      Failure::Kind::deadlock);
}

TEST(idle_set, planted_look_without_a_fence_is_found) {
  model::expect_found(
      model::explore({}, one_publisher<BrokenSet<Bug::look_without_a_fence>, Fault::none, 1>),
      Failure::Kind::deadlock);
}

// The claimer of a worker that was not told to look finds its ParkWord unarmed.
TEST(idle_set, planted_relaxed_announcement_is_found) {
  model::expect_found(
      model::explore(kBounded, one_publisher<BrokenSet<Bug::relaxed_announcement>, Fault::none, 2>),
      Failure::Kind::deadlock);
}

}  // namespace
}  // namespace rota

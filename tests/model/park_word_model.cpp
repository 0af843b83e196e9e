#include "model/event.hpp"
#include "model/expect.hpp"
#include "model/explorer.hpp"
#include "model/plain.hpp"

#include "core/park_word.hpp"

#include <rota/core/mpsc_stack.hpp>

#include <array>
#include <vector>

namespace rota {
namespace {

using model::Failure;

struct Node {
  model::Plain<Node*> next{nullptr};
  model::Plain<int> payload{0};
};

// What the worker or the poster does wrong, the words being right.
enum class Fault { none, looks_before_announcing, wake_is_not_sticky, claims_before_publishing };

// A poster that sees `armed` takes that for its claim.
class WordWithoutClaim {
 public:
  void announce() { state_.exchange(1); }
  bool retract() { return state_.exchange(0) == 2; }
  bool claim_wake() {
    if (state_.load() == 0) {
      return false;
    }
    state_.store(2);
    return true;
  }

 private:
  Atomic<std::uint32_t> state_{0};
};

// The claim is not undone by the next announcement.
class WordThatStaysNotified {
 public:
  void announce() {
    std::uint32_t seen = 0;
    state_.compare_exchange_strong(seen, 1);
  }
  bool retract() {
    std::uint32_t seen = 1;
    return !state_.compare_exchange_strong(seen, 0);
  }
  bool claim_wake() {
    std::uint32_t seen = 1;
    return state_.compare_exchange_strong(seen, 2);
  }

 private:
  Atomic<std::uint32_t> state_{0};
};

// A copy of ParkWord with other orders than seq_cst for its half of rule 4.
template <MemoryOrder announcing, MemoryOrder claiming>
class WeakWord {
 public:
  void announce() { state_.exchange(1, announcing); }
  bool retract() { return state_.exchange(0, MemoryOrder::acq_rel) == 2; }
  bool claim_wake() {
    std::uint32_t seen = state_.load(claiming);
    return seen == 1 &&
           state_.compare_exchange_strong(seen, 2, MemoryOrder::acq_rel, MemoryOrder::relaxed);
  }

 private:
  Atomic<std::uint32_t> state_{0};
};

template <class Word, Fault fault>
struct Parking {
  Word word;
  MpscStack<Node> inbox;
  model::Event driver;  // Its wake, as Driver::wake: sticky.
  int sleeps = 0;

  void post(Node& node, int payload) {
    node.payload = payload;
    bool claimed = false;
    if constexpr (fault == Fault::claims_before_publishing) {
      claimed = word.claim_wake();
      inbox.push(node);
    } else {
      inbox.push(node);
      claimed = word.claim_wake();
    }
    if (claimed) {
      if constexpr (fault == Fault::wake_is_not_sticky) {
        driver.pulse();
      } else {
        driver.set();
      }
    }
  }

  int run_batch() {
    int count = 0;
    for (Node* node = inbox.take_all(); node != nullptr; node = node->next) {
      node->payload = node->payload + 1;
      ++count;
    }
    return count;
  }

  void sleep() {
    if constexpr (fault == Fault::looks_before_announcing) {
      if (!inbox.empty()) {
        return;
      }
    }
    ++sleeps;
    word.announce();
    if (fault == Fault::looks_before_announcing || inbox.empty()) {
      driver.wait();
    }
    word.retract();
  }

  void run_until(int expected) {
    for (int done = 0; done < expected;) {
      const int count = run_batch();
      done += count;
      if (count == 0) {
        sleep();
      }
    }
  }
};

template <class Word, Fault fault, std::size_t per_poster, std::size_t posters = 2>
void one_worker_and_posters() {
  Parking<Word, fault> parking;
  std::array<Node, posters * per_poster> nodes;
  model::label(parking.word, "word");
  model::label(parking.inbox, "inbox");
  model::label(parking.driver, "driver");
  model::label(nodes, "nodes");
  const auto post_all = [&](std::size_t first) {
    for (std::size_t i = 0; i < per_poster; ++i) {
      parking.post(nodes[first + i], 1);
    }
  };
  for (std::size_t p = 0; p < posters; ++p) {
    model::spawn("poster", [&post_all, p] { post_all(p * per_poster); });
  }
  parking.run_until(static_cast<int>(nodes.size()));
  model::join_all();
  for (const Node& node : nodes) {
    model::check(node.payload == 2, "every node ran once");
  }
  model::check(parking.driver.sets() <= parking.sleeps, "at most one wake per sleep");
}

TEST(park_word, nothing_posted_is_left_under_a_sleeping_worker) {
  model::expect_holds(model::explore({}, one_worker_and_posters<ParkWord, Fault::none, 1>));
}

TEST(park_word, holds_for_two_posts_each_within_five_preemptions) {
  model::expect_holds_as_far_as_explored(
      model::explore_large({.preemptions = 5, .max_executions = 5'000'000},
                           one_worker_and_posters<ParkWord, Fault::none, 2>));
}

TEST(park_word, holds_for_three_posters_within_four_preemptions) {
  model::expect_holds_as_far_as_explored(
      model::explore_large({.preemptions = 4, .max_executions = 5'000'000},
                           one_worker_and_posters<ParkWord, Fault::none, 1, 3>));
}

TEST(park_word, holds_for_three_posts_each_under_many_schedules) {
  model::expect_holds_as_far_as_explored(
      model::explore_large({.mode = model::Mode::pct, .runs = 1'200'000, .pct_depth = 5},
                           one_worker_and_posters<ParkWord, Fault::none, 3>));
}

TEST(park_word, planted_look_before_the_announcement_is_found) {
  model::expect_found(
      model::explore({}, one_worker_and_posters<ParkWord, Fault::looks_before_announcing, 1>),
      Failure::Kind::deadlock);
}

TEST(park_word, planted_wake_that_is_not_sticky_is_found) {
  model::expect_found(
      model::explore({}, one_worker_and_posters<ParkWord, Fault::wake_is_not_sticky, 1>),
      Failure::Kind::deadlock);
}

TEST(park_word, planted_claim_before_the_publication_is_found) {
  model::expect_found(
      model::explore({}, one_worker_and_posters<ParkWord, Fault::claims_before_publishing, 1>),
      Failure::Kind::deadlock);
}

TEST(park_word, planted_missing_claim_is_found) {
  model::expect_found(model::explore({}, one_worker_and_posters<WordWithoutClaim, Fault::none, 1>),
                      Failure::Kind::check);
}

TEST(park_word, planted_word_that_stays_notified_is_found) {
  model::expect_found(
      model::explore({}, one_worker_and_posters<WordThatStaysNotified, Fault::none, 2>),
      Failure::Kind::deadlock);
}

// The store-buffering pair of rule 4: whichever of the two sides is too weak, the poster does not
// see the announcement and the worker does not see the node.
TEST(park_word, planted_weak_orders_of_announcement_and_claim_are_found) {
  constexpr auto acquire = MemoryOrder::acquire;
  constexpr auto acq_rel = MemoryOrder::acq_rel;
  constexpr auto seq_cst = MemoryOrder::seq_cst;
  const model::Options sequential{.values = model::Values::sequential};
  const auto both = one_worker_and_posters<WeakWord<acq_rel, acquire>, Fault::none, 1>;
  const auto announcing = one_worker_and_posters<WeakWord<acq_rel, seq_cst>, Fault::none, 1>;
  const auto claiming = one_worker_and_posters<WeakWord<seq_cst, acquire>, Fault::none, 1>;
  const auto neither = one_worker_and_posters<WeakWord<seq_cst, seq_cst>, Fault::none, 1>;
  for (const auto& weak : {both, announcing, claiming}) {
    model::expect_found(model::explore({}, weak), Failure::Kind::deadlock);
    EXPECT_FALSE(model::explore(sequential, weak).failure);
  }
  model::expect_holds(model::explore({}, neither));
}

}  // namespace
}  // namespace rota

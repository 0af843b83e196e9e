#include "model/event.hpp"
#include "model/expect.hpp"
#include "model/explorer.hpp"
#include "model/plain.hpp"

#include "core/park_word.hpp"
#include "sched/injector.hpp"

#include <array>
#include <type_traits>
#include <utility>

namespace rota {
namespace {

using model::Failure;

struct Node {
  Node* next = nullptr;
  model::Plain<int> payload{0};
  Atomic<int> runs{0};
};

int run_all(FifoList<Node> nodes) {
  int count = 0;
  while (Node* node = nodes.pop_front()) {
    model::check(node->runs.fetch_add(1, MemoryOrder::relaxed) == 0, "no node runs twice");
    model::check(node->payload == 1, "what was written before the push is seen");
    ++count;
  }
  return count;
}

// A lock that does not publish what was done under it.
class RelaxedLock {
 public:
  void lock() {
    while (locked_.exchange(true, MemoryOrder::acquire)) spin_pause();
  }
  void unlock() { locked_.store(false, MemoryOrder::relaxed); }

 private:
  Atomic<bool> locked_{false};
};

enum class Bug {
  none,
  unlock_publishes_nothing,
  take_forgets_the_rest,
  push_counts_late,
  count_that_only_releases,
};

// A copy of Injector with one fault planted.
template <Bug bug>
class BrokenInjector {
 public:
  void push(Node& node) {
    lock_.lock();
    nodes_.push_back(node);
    if (bug != Bug::push_counts_late) set_count(count() + 1);
    lock_.unlock();
  }
  void push_late(Node&) {
    if (bug == Bug::push_counts_late) set_count(count() + 1);
  }

  FifoList<Node> take(std::size_t at_most) {
    FifoList<Node> taken;
    if (empty()) return taken;
    lock_.lock();
    std::size_t left = count();
    for (; at_most > 0 && !nodes_.empty(); --at_most, --left) {
      taken.push_back(*nodes_.pop_front());
    }
    set_count(bug == Bug::take_forgets_the_rest ? 0 : left);
    lock_.unlock();
    return taken;
  }

  [[nodiscard]] bool empty() const { return count_.load(MemoryOrder::seq_cst) == 0; }

 private:
  [[nodiscard]] std::size_t count() const { return count_.load(MemoryOrder::relaxed); }
  void set_count(std::size_t count) {
    constexpr bool weak = bug == Bug::count_that_only_releases;
    count_.store(count, weak ? MemoryOrder::release : MemoryOrder::seq_cst);
  }

  std::conditional_t<bug == Bug::unlock_publishes_nothing, RelaxedLock, SpinLock> lock_;
  FifoList<Node> nodes_;
  Atomic<std::size_t> count_{0};
};

// Two posters, and a worker that takes one node at a time and sleeps when there is none.
template <class Queue>
void sleeping_taker() {
  Queue queue;
  ParkWord park;
  model::Event driver;
  std::array<Node, 2> nodes;
  model::label(queue, "injector");
  model::label(park, "park");
  model::label(nodes, "nodes");
  const auto post = [&](Node& node) {
    node.payload = 1;
    queue.push(node);
    if (park.claim_wake()) driver.set();
    if constexpr (requires { queue.push_late(node); }) queue.push_late(node);
  };
  model::Thread a = model::spawn("poster a", [&] { post(nodes[0]); });
  model::Thread b = model::spawn("poster b", [&] { post(nodes[1]); });
  for (int ran = 0; ran < 2;) {
    const int count = run_all(queue.take(1));
    ran += count;
    if (count > 0) continue;
    park.announce();
    if (queue.empty()) driver.wait();
    park.retract();
  }
  a.join();
  b.join();
}

// Two posters against two takers.
void two_takers() {
  Injector<Node> queue;
  std::array<Node, 3> nodes;
  model::Thread poster = model::spawn("poster", [&] {
    for (std::size_t i = 0; i < 2; ++i) {
      nodes[i].payload = 1;
      queue.push(nodes[i]);
    }
  });
  model::Thread taker = model::spawn("taker", [&] { run_all(queue.take(2)); });
  nodes[2].payload = 1;
  queue.push(nodes[2]);
  run_all(queue.take(1));
  poster.join();
  taker.join();
  run_all(queue.take(3));
  for (const Node& node : nodes) {
    model::check(node.runs.load(MemoryOrder::relaxed) == 1, "every node runs");
  }
  model::check(queue.empty(), "the count goes back to nothing");
}

// A lock that is waited for multiplies the interleavings without saying anything new.
constexpr model::Options kBounded{.preemptions = 4};

TEST(injector, nothing_is_left_under_a_sleeping_worker) {
  model::expect_holds(model::explore(kBounded, sleeping_taker<Injector<Node>>));
}

TEST(injector, every_node_runs_once_under_two_takers) {
  model::expect_holds(model::explore(kBounded, two_takers));
}

TEST(injector, the_copy_without_a_fault_holds) {
  model::expect_holds(model::explore(kBounded, sleeping_taker<BrokenInjector<Bug::none>>));
}

// The next holder counts from a number that is old.
TEST(injector, planted_unlock_that_publishes_nothing_is_found) {
  model::expect_found(
      model::explore({}, sleeping_taker<BrokenInjector<Bug::unlock_publishes_nothing>>),
      Failure::Kind::deadlock);
}

TEST(injector, planted_take_that_forgets_the_rest_is_found) {
  model::expect_found(
      model::explore({}, sleeping_taker<BrokenInjector<Bug::take_forgets_the_rest>>),
      Failure::Kind::deadlock);
}

TEST(injector, planted_count_after_the_look_for_a_sleeper_is_found) {
  model::expect_found(model::explore({}, sleeping_taker<BrokenInjector<Bug::push_counts_late>>),
                      Failure::Kind::deadlock);
}

TEST(injector, planted_count_that_only_releases_is_found) {
  model::expect_found(
      model::explore(kBounded, sleeping_taker<BrokenInjector<Bug::count_that_only_releases>>),
      Failure::Kind::deadlock);
}

}  // namespace
}  // namespace rota

#include "model/expect.hpp"
#include "model/explorer.hpp"
#include "model/plain.hpp"

#include <rota/core/mpsc_stack.hpp>

#include "core/descriptor_home.hpp"

#include <cstdint>

// A Descriptor goes to another worker because somebody asked for it, where tasks never move
// (descriptor_home.hpp, rule 6, and src/sched/worker_move.cpp).

namespace rota {
namespace {

using model::Failure;
using Entry = DescriptorHome::Entry;
using Move = DescriptorHome::Move;

enum class Bug { hands_over_relaxed, hands_over_with_somebody_inside, is_found_relaxed };

// A copy of what is used of DescriptorHome here, with one fault planted.
template <Bug bug>
class BrokenHome {
 public:
  [[nodiscard]] Worker* at() const {
    return worker_of(
        word_.load(bug == Bug::is_found_relaxed ? MemoryOrder::relaxed : MemoryOrder::acquire));
  }
  void set(Worker* worker) { word_.store(word_of(worker), MemoryOrder::relaxed); }
  DescriptorHome::Entered enter(Worker* worker, Move) {
    Worker* home = worker_of(word_.fetch_add(1, MemoryOrder::acquire));
    return {home == worker ? Entry::here : Entry::away, home};
  }
  void leave() { word_.fetch_sub(1, MemoryOrder::release); }
  bool try_hold(Worker* worker) {
    std::uint64_t seen = word_.load(MemoryOrder::relaxed);
    do {
      if (worker_of(seen) != worker) return false;
    } while (
        !word_.compare_exchange_strong(seen, seen + 1, MemoryOrder::acquire, MemoryOrder::relaxed));
    return true;
  }
  bool try_hand_over(Worker* from, Worker* to) {
    std::uint64_t seen = word_of(from) + 1;
    if constexpr (bug == Bug::hands_over_with_somebody_inside) {
      seen = word_.load(MemoryOrder::relaxed);
      return word_.compare_exchange_strong(seen, word_of(to) + ((seen - 1) & kInside),
                                           MemoryOrder::acq_rel, MemoryOrder::relaxed);
    }
    const auto order = bug == Bug::hands_over_relaxed ? MemoryOrder::acquire : MemoryOrder::acq_rel;
    return word_.compare_exchange_strong(seen, word_of(to), order, MemoryOrder::relaxed);
  }

 private:
  static constexpr std::uint64_t kInside = 15;

  static std::uint64_t word_of(Worker* worker) { return reinterpret_cast<std::uintptr_t>(worker); }
  static Worker* worker_of(std::uint64_t word) {
    return reinterpret_cast<Worker*>(word & ~kInside);
  }

  Atomic<std::uint64_t> word_{0};
};

struct Node {
  model::Plain<Node*> next{nullptr};
};

}  // namespace

// Stands for the library's: an address, and an inbox for what is sent to the home.
inline namespace v0 {
class alignas(128) Worker {
 public:
  MpscStack<Node> inbox;
};
}  // namespace v0

namespace {

template <class Home>
struct Scene {
  const int expected;
  Home home;
  model::Plain<int> kept{0};  // by the home's driver
  Worker workers[3];
  Node operations[3];
  Atomic<int> completed{0};

  explicit Scene(int operations_expected) : expected(operations_expected) {
    home.set(&workers[0]);
    model::label(home, "home");
    model::label(workers, "workers");
  }

  [[nodiscard]] bool over() const { return completed.load(MemoryOrder::acquire) == expected; }

  void run_at_home() {
    kept = kept + 1;
    completed.fetch_add(1, MemoryOrder::release);
  }

  // By a task of the worker.
  void operate(int worker) {
    Worker& here = workers[worker];
    if (home.at() == &here) return run_at_home();
    if (home.enter(&here, Move::forbidden).entry == Entry::here) {
      home.leave();
      return run_at_home();
    }
    home.at()->inbox.push(operations[worker]);
  }

  // By the worker, none of whose own operations is under way.
  void give_away(int from, int to) {
    if (!home.try_hold(&workers[from])) return;
    kept = kept + 1;
    if (!home.try_hand_over(&workers[from], &workers[to])) home.leave();
  }

  void serve(int worker) {
    Worker& here = workers[worker];
    while (!over()) {
      model::wait_until([&] { return !here.inbox.empty() || over(); });
      for (Node* node = here.inbox.take_all(); node != nullptr;) {
        Node* following = node->next;
        model::check(home.at() == &here, "what is sent to the home meets the home");
        run_at_home();
        home.leave();
        node = following;
      }
    }
  }
};

// The first worker gives it to the second, while tasks of the two others operate.
template <class Home>
void one_hand_over() {
  Scene<Home> scene(2);
  model::Thread second = model::spawn("second", [&scene] {
    scene.operate(1);
    scene.serve(1);
  });
  model::Thread third = model::spawn("third", [&scene] {
    scene.operate(2);
    scene.serve(2);
  });
  scene.give_away(0, 1);
  scene.serve(0);
  second.join();
  third.join();
}

// Both give it to the other, and operate.
template <class Home>
void there_and_back() {
  Scene<Home> scene(2);
  model::Thread second = model::spawn("second", [&scene] {
    scene.operate(1);
    scene.give_away(1, 0);
    scene.serve(1);
  });
  scene.give_away(0, 1);
  scene.operate(0);
  scene.serve(0);
  second.join();
}

TEST(hand_over, whoever_is_the_home_finds_the_fields_in_order) {
  model::expect_holds(model::explore({.preemptions = 4}, one_hand_over<DescriptorHome>));
  model::expect_holds(model::explore({.preemptions = 4}, there_and_back<DescriptorHome>));
}

TEST(hand_over, planted_relaxed_hand_over_is_found) {
  model::expect_found(model::explore({}, there_and_back<BrokenHome<Bug::hands_over_relaxed>>),
                      Failure::Kind::race);
}

TEST(hand_over, planted_relaxed_look_for_the_home_is_found) {
  model::expect_found(model::explore({}, there_and_back<BrokenHome<Bug::is_found_relaxed>>),
                      Failure::Kind::race);
}

TEST(hand_over, planted_hand_over_with_somebody_inside_is_found) {
  const auto report =
      model::explore({}, one_hand_over<BrokenHome<Bug::hands_over_with_somebody_inside>>);
  ASSERT_TRUE(report.failure);
  std::cout << "found: " << report.failure->message << "\n";
}

}  // namespace
}  // namespace rota

#include "model/expect.hpp"
#include "model/explorer.hpp"
#include "model/plain.hpp"

#include <rota/core/mpsc_stack.hpp>
#include <rota/core/stop_word.hpp>

namespace rota {
namespace {

using model::Failure;
using Looked = StopWord::Looked;

struct Node {
  model::Plain<Node*> next{nullptr};
};

enum class Bug {
  node_returned_before_the_look,
  return_forgets_who_asked,
  return_in_two_steps,
  relaxed_return,
  ask_in_two_steps,
  leave_in_two_steps,
  leave_forgets_the_node,
};

// A copy of StopWord with one fault planted.
template <Bug bug>
class BrokenWord {
 public:
  bool request() { return ask(1 | 2 | 4); }
  bool request_look() { return ask(2 | 4); }

  void begin_look() {
    if constexpr (bug == Bug::node_returned_before_the_look) {
      returned_ = word_.fetch_and(~6u);
    } else {
      word_.fetch_and(~4u);
    }
  }

  Looked end_look() {
    if constexpr (bug == Bug::node_returned_before_the_look) {
      return (returned_ & 8) != 0 ? Looked::free : Looked::kept;
    }
    std::uint32_t seen = word_.load();
    do {
      if ((seen & 4) != 0 && bug != Bug::return_forgets_who_asked) return Looked::again;
      if constexpr (bug == Bug::return_in_two_steps) {
        word_.store(seen & ~2u);
        break;
      }
    } while (!word_.compare_exchange_weak(seen, seen & ~6u,
                                          bug == Bug::relaxed_return ? MemoryOrder::acquire
                                                                     : MemoryOrder::acq_rel,
                                          MemoryOrder::relaxed));
    return (seen & 8) != 0 ? Looked::free : Looked::kept;
  }

  bool leave() {
    if constexpr (bug == Bug::leave_forgets_the_node) return true;
    if ((word_.load() & 2) == 0) return true;
    const std::uint32_t before = word_.fetch_or(8);
    return (before & 2) == 0 && bug != Bug::leave_in_two_steps;
  }

 private:
  bool ask(std::uint32_t bits) {
    if constexpr (bug == Bug::ask_in_two_steps) {
      const std::uint32_t before = word_.load();
      word_.fetch_or(bits);
      return (before & 2) == 0;
    }
    return (word_.fetch_or(bits) & 2) == 0;
  }

  Atomic<std::uint32_t> word_{0};
  std::uint32_t returned_ = 0;
};

// A task with two regions, and the inbox of its home.
template <class Word>
struct TaskBlock {
  Word word;
  Node node;
  MpscStack<Node> inbox;
  Atomic<int> region[2]{0, 0};
  model::Plain<int> parked{1};  // The home's own; read by every look, gone when the header is.
  model::Plain<int> frees{0};
  Atomic<int> let_go{0};
  int regions_seen = 0;

  void send_if(bool first) {
    if (first) inbox.push(node);
  }
  void stop_region(int index) {
    region[index].store(1, MemoryOrder::relaxed);
    send_if(word.request_look());
  }
  // What the holder of the handle does as the last one.
  void drop() {
    if (word.leave()) free();
    let_go.store(1, MemoryOrder::release);
  }
  void free() {
    model::check(frees == 0, "the header is freed once");
    parked = 0;
    frees = frees + 1;
  }

  void look() {
    model::check(frees == 0, "the home looks at a living header");
    if (parked == 0) return;
    regions_seen = region[0].load(MemoryOrder::relaxed) + region[1].load(MemoryOrder::relaxed);
  }
  void take_back() {
    for (;;) {
      word.begin_look();
      look();
      const Looked looked = word.end_look();
      if (looked == Looked::free) free();
      if (looked != Looked::again) return;
    }
  }
  // The home's loop, once around.
  void collect() {
    Node* posted = inbox.take_all();
    while (posted != nullptr) {
      Node* following = posted->next;
      take_back();
      posted = following;
    }
  }
};

// The holder of the handle stops the task, perhaps twice, and drops the handle at once; the task
// has ended.
template <class Word, int stops>
void stop_and_drop() {
  TaskBlock<Word> task;
  model::label(task, "task");
  model::Thread holder = model::spawn("holder", [&task] {
    for (int i = 0; i < stops; ++i) task.send_if(task.word.request());
    task.drop();
  });
  while (task.let_go.load(MemoryOrder::acquire) == 0) {
    model::wait_until([&] {
      return !task.inbox.empty() || task.let_go.load(MemoryOrder::acquire) != 0;
    });
    task.collect();
  }
  holder.join();
  task.collect();
  model::check(task.frees == 1, "exactly one party frees");
}

// Two regions of a parked task are stopped from two threads; once the home has seen both, the task
// ends and its handle is dropped, by a third party that knows of neither.
template <class Word>
void two_regions() {
  TaskBlock<Word> task;
  Atomic<int> ended{0};
  Atomic<int> askers{2};
  model::label(task, "task");
  model::Thread first = model::spawn("first", [&] {
    task.stop_region(0);
    askers.fetch_sub(1, MemoryOrder::release);
  });
  model::Thread second = model::spawn("second", [&] {
    task.stop_region(1);
    askers.fetch_sub(1, MemoryOrder::release);
  });
  model::Thread holder = model::spawn("holder", [&] {
    // What unregisters a region waits for a request in progress.
    model::wait_until([&] {
      return ended.load(MemoryOrder::acquire) != 0 && askers.load(MemoryOrder::acquire) == 0;
    });
    task.drop();
  });
  while (task.regions_seen != 2) {
    model::wait_until([&] { return !task.inbox.empty(); });
    task.collect();
  }
  ended.store(1, MemoryOrder::release);
  while (task.let_go.load(MemoryOrder::acquire) == 0) {
    model::wait_until([&] {
      return !task.inbox.empty() || task.let_go.load(MemoryOrder::acquire) != 0;
    });
    task.collect();
  }
  first.join();
  second.join();
  holder.join();
  task.collect();
  model::check(task.frees == 1, "exactly one party frees");
}

// A task that was taken over fails on its thread while its home looks at it.
void fail_during_the_look() {
  TaskBlock<StopWord> task;
  model::label(task, "task");
  model::Thread away = model::spawn("away", [&task] { task.word.set_failed(); });
  model::Thread stopper = model::spawn("stopper", [&task] { task.stop_region(0); });
  model::wait_until([&] { return !task.inbox.empty(); });
  task.collect();
  away.join();
  stopper.join();
  model::check(task.word.has_failed(), "the failure is kept");
  model::check(task.regions_seen == 1, "the stop is seen");
}

TEST(stop_word, a_header_outlives_the_look_of_its_home) {
  model::expect_holds(model::explore({}, stop_and_drop<StopWord, 1>));
  model::expect_holds(model::explore({}, stop_and_drop<StopWord, 2>));
}

TEST(stop_word, holds_for_four_stops_within_six_preemptions) {
  model::expect_holds_as_far_as_explored(model::explore_large(
      {.preemptions = 6, .max_executions = 5'000'000}, stop_and_drop<StopWord, 4>));
}

TEST(stop_word, no_stop_is_missed_and_the_header_is_freed_once) {
  model::expect_holds(model::explore({}, two_regions<StopWord>));
}

TEST(stop_word, no_stop_is_missed_within_seven_preemptions) {
  model::expect_holds_as_far_as_explored(model::explore_large(
      {.preemptions = 7, .max_executions = 5'000'000}, two_regions<StopWord>));
}

TEST(stop_word, a_failure_elsewhere_and_a_look_leave_each_other_alone) {
  model::expect_holds(model::explore({}, fail_during_the_look));
}

TEST(stop_word, planted_node_that_returns_before_the_look_is_found) {
  model::expect_found(
      model::explore({}, stop_and_drop<BrokenWord<Bug::node_returned_before_the_look>, 1>),
      Failure::Kind::race);
}

TEST(stop_word, planted_return_that_forgets_who_asked_is_found) {
  model::expect_found(
      model::explore({}, two_regions<BrokenWord<Bug::return_forgets_who_asked>>),
      Failure::Kind::deadlock);
}

TEST(stop_word, planted_return_in_two_steps_is_found) {
  model::expect_found(
      model::explore({}, stop_and_drop<BrokenWord<Bug::return_in_two_steps>, 1>),
      Failure::Kind::check);
}

TEST(stop_word, planted_relaxed_return_is_found) {
  model::expect_found(model::explore({}, stop_and_drop<BrokenWord<Bug::relaxed_return>, 1>),
                      Failure::Kind::race);
}

TEST(stop_word, planted_ask_in_two_steps_is_found) {
  // The asker thinks that a node is under way which the home has just returned.
  model::expect_found(model::explore({}, two_regions<BrokenWord<Bug::ask_in_two_steps>>),
                      Failure::Kind::deadlock);
}

TEST(stop_word, planted_leave_in_two_steps_is_found) {
  model::expect_found(
      model::explore({}, stop_and_drop<BrokenWord<Bug::leave_in_two_steps>, 1>),
      Failure::Kind::check);
}

TEST(stop_word, planted_leave_that_forgets_the_node_is_found) {
  model::expect_found(
      model::explore({}, stop_and_drop<BrokenWord<Bug::leave_forgets_the_node>, 1>),
      Failure::Kind::race);
}

}  // namespace
}  // namespace rota

#include "model/expect.hpp"
#include "model/explorer.hpp"
#include "model/plain.hpp"

#include <rota/core/home_word.hpp>
#include <rota/core/mpsc_stack.hpp>
#include <rota/core/stop_word.hpp>

#include <cstdint>

namespace rota {

namespace {

using model::Failure;
using Looked = StopWord::Looked;

enum class Bug { move_does_not_wait, end_look_relaxed };

// A copy of HomeWord with one fault planted.
template <Bug bug>
class BrokenWord {
 public:
  [[nodiscard]] Worker* at() const {
    return reinterpret_cast<Worker*>(word_.load(MemoryOrder::relaxed) & ~std::uintptr_t{1});
  }
  void set(Worker* worker) { word_.store(word_of(worker), MemoryOrder::relaxed); }
  void move_to(Worker* worker) {
    if constexpr (bug == Bug::move_does_not_wait) {
      word_.exchange(word_of(worker), MemoryOrder::acq_rel);
      return;
    }
    std::uintptr_t seen = word_.load(MemoryOrder::relaxed) & ~std::uintptr_t{1};
    while (!word_.compare_exchange_strong(seen, word_of(worker), MemoryOrder::acq_rel,
                                          MemoryOrder::relaxed)) {
      if ((seen & 1) != 0) spin_pause();
      seen &= ~std::uintptr_t{1};
    }
  }
  bool try_begin_look(Worker* worker) {
    std::uintptr_t seen = word_of(worker);
    return word_.compare_exchange_strong(seen, word_of(worker) | 1, MemoryOrder::acquire,
                                         MemoryOrder::relaxed);
  }
  void end_look(Worker* worker) {
    word_.store(word_of(worker),
                bug == Bug::end_look_relaxed ? MemoryOrder::relaxed : MemoryOrder::release);
  }

 private:
  static std::uintptr_t word_of(Worker* worker) { return reinterpret_cast<std::uintptr_t>(worker); }

  Atomic<std::uintptr_t> word_{0};
};

// What a worker does wrong, the words being right.
enum class Fault { none, looks_unannounced, runs_before_it_moves, ends_the_look_too_late };

struct Node {
  model::Plain<Node*> next{nullptr};
};

}  // namespace

// Stands for the library's: an address, and an inbox for the nodes of stops.
inline namespace v0 {
class alignas(128) Worker {
 public:
  MpscStack<Node> inbox;
};
}  // namespace v0

namespace {

enum class Waits { parked, ready };

// A task, as src/sched/worker.cpp handles it. It is parked on a leaf that two may end, the home
// that cancels it and another worker that wakes it, or it is ready and two may take it from a
// queue. Whoever does runs it to its end.
template <class Home, Fault fault>
struct Scene {
  Worker workers[2];
  Home home;
  StopWord stop;
  Node node;
  model::Plain<int> parked;
  model::Plain<int> regions{0};  // The chain: the task's while it runs, the home's while it looks.
  Atomic<int> linked{1};         // In a line of waiters, or in a queue.
  Atomic<int> holders{2};        // The task that has not ended, and the handle.
  Atomic<int> freed{0};

  explicit Scene(Waits waits) : parked(waits == Waits::parked ? 1 : 0) {
    home.set(&workers[0]);
    model::label(home, "home");
    model::label(stop, "stop");
  }

  [[nodiscard]] bool take_out() { return linked.exchange(0, MemoryOrder::acq_rel) == 1; }

  void run_on(Worker& worker) {
    if constexpr (fault == Fault::runs_before_it_moves) regions = regions + 1;
    if (home.at() != &worker) home.move_to(&worker);
    parked = 0;
    regions = regions + 1;
    let_go();
  }
  void let_go() {
    if (holders.fetch_sub(1, MemoryOrder::acq_rel) == 1 && stop.leave()) free();
  }
  void free() {
    model::check(freed.load(MemoryOrder::relaxed) == 0, "the header is freed once");
    touch_all();
    freed.store(1, MemoryOrder::release);
  }
  // What every later use of the header is a race with.
  void touch_all() {
    parked = 0;
    regions = 0;
  }

  void request() {
    if (stop.request()) home.at()->inbox.push(node);
  }

  // The node came to `worker`. True: the stop ended the wait there.
  bool take_back(Worker& worker) {
    bool ended_wait = false;
    auto looked = Looked::again;
    while (looked == Looked::again) {
      if (fault != Fault::looks_unannounced && !home.try_begin_look(&worker)) {
        home.at()->inbox.push(node);
        return ended_wait;
      }
      stop.begin_look();
      if (regions >= 0 && parked == 1) ended_wait = take_out();
      if (ended_wait) parked = 0;
      if constexpr (fault == Fault::ends_the_look_too_late) {
        looked = stop.end_look();
        end_look(worker);
      } else {
        end_look(worker);
        looked = stop.end_look();
      }
    }
    if (looked == Looked::free) free();
    return ended_wait;
  }
  void end_look(Worker& worker) {
    static_cast<void>(static_cast<int>(parked));  // The word is a part of the header.
    if constexpr (fault != Fault::looks_unannounced) home.end_look(&worker);
  }

  // The loop of a worker until the task is gone.
  void serve(Worker& worker) {
    const auto gone = [this] { return freed.load(MemoryOrder::acquire) != 0; };
    while (!gone()) {
      model::wait_until([&] { return !worker.inbox.empty() || gone(); });
      // There is one node at most.
      if (worker.inbox.take_all() != nullptr && take_back(worker)) run_on(worker);
    }
  }
};

template <class Home, Fault fault, Waits waits>
void stop_beside_a_move() {
  Scene<Home, fault> scene(waits);
  model::Thread holder = model::spawn("holder", [&scene] {
    scene.request();
    scene.let_go();
  });
  model::Thread other = model::spawn("other", [&scene] {
    if (scene.take_out()) scene.run_on(scene.workers[1]);
    scene.serve(scene.workers[1]);
  });
  if (waits == Waits::ready && scene.take_out()) scene.run_on(scene.workers[0]);
  scene.serve(scene.workers[0]);
  holder.join();
  other.join();
}

TEST(home_word, a_look_and_a_run_elsewhere_keep_out_of_each_others_way) {
  model::expect_holds(
      model::explore({.preemptions = 4}, stop_beside_a_move<HomeWord, Fault::none, Waits::parked>));
}

TEST(home_word, a_stop_follows_a_task_that_was_stolen) {
  model::expect_holds(
      model::explore({.preemptions = 4}, stop_beside_a_move<HomeWord, Fault::none, Waits::ready>));
}

template <class Home, Fault fault = Fault::none>
model::Report planted() {
  return model::explore({.preemptions = 4}, stop_beside_a_move<Home, fault, Waits::parked>);
}

TEST(home_word, planted_look_that_is_not_announced_is_found) {
  model::expect_found(planted<HomeWord, Fault::looks_unannounced>(), Failure::Kind::race);
}

TEST(home_word, planted_run_before_the_move_is_found) {
  model::expect_found(planted<HomeWord, Fault::runs_before_it_moves>(), Failure::Kind::race);
}

TEST(home_word, planted_look_that_ends_after_the_node_is_back_is_found) {
  model::expect_found(planted<HomeWord, Fault::ends_the_look_too_late>(), Failure::Kind::race);
}

TEST(home_word, planted_move_that_does_not_wait_is_found) {
  model::expect_found(planted<BrokenWord<Bug::move_does_not_wait>>(), Failure::Kind::race);
}

TEST(home_word, planted_end_of_a_look_without_release_is_found) {
  model::expect_found(planted<BrokenWord<Bug::end_look_relaxed>>(), Failure::Kind::race);
}

}  // namespace
}  // namespace rota

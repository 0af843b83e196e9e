#include "model/expect.hpp"
#include "model/explorer.hpp"
#include "model/plain.hpp"

#include <rota/core/mpsc_stack.hpp>

#include "core/descriptor_home.hpp"

#include <cstdint>

namespace rota {
namespace {

using model::Failure;
using Entry = DescriptorHome::Entry;
using Move = DescriptorHome::Move;

enum class Bug {
  moves_with_somebody_inside,
  leave_relaxed,
  enters_what_is_closing,
  holds_what_is_closing,
};

// A copy of DescriptorHome with one fault planted.
template <Bug bug>
class BrokenHome {
 public:
  [[nodiscard]] Worker* at() const { return worker_of(word_.load(MemoryOrder::relaxed)); }
  void set(Worker* worker) { word_.store(word_of(worker), MemoryOrder::relaxed); }
  DescriptorHome::Entered enter(Worker* worker, Move move) { return settle_in(worker, move, 0); }
  DescriptorHome::Entered stay(Worker* worker, Move move) { return settle_in(worker, move, 1); }
  void leave() {
    word_.fetch_sub(1, bug == Bug::leave_relaxed ? MemoryOrder::relaxed : MemoryOrder::release);
  }
  bool try_hold(Worker* worker) {
    std::uint64_t seen = word_.load(MemoryOrder::relaxed);
    do {
      if (worker_of(seen) != worker) return false;
      if ((seen & kClosing) != 0 && bug != Bug::holds_what_is_closing) return false;
    } while (
        !word_.compare_exchange_strong(seen, seen + 1, MemoryOrder::acquire, MemoryOrder::relaxed));
    return true;
  }
  Worker* begin_close() { return worker_of(word_.fetch_or(kClosing, MemoryOrder::relaxed)); }
  [[nodiscard]] std::uint64_t inside() const { return word_.load(MemoryOrder::acquire) & kInside; }

 private:
  static constexpr std::uint64_t kInside = 15;
  static constexpr std::uint64_t kClosing = 16;

  static std::uint64_t word_of(Worker* worker) { return reinterpret_cast<std::uintptr_t>(worker); }
  static Worker* worker_of(std::uint64_t word) {
    return reinterpret_cast<Worker*>(word & ~(kInside | kClosing));
  }

  DescriptorHome::Entered settle_in(Worker* worker, Move move, std::uint64_t own) {
    std::uint64_t seen = word_.load(MemoryOrder::relaxed);
    for (;;) {
      const bool closing = (seen & kClosing) != 0;
      if (closing && own == 0 && bug != Bug::enters_what_is_closing)
        return {Entry::closed, nullptr};
      Worker* home = worker_of(seen);
      const bool alone = (seen & kInside) == own || bug == Bug::moves_with_somebody_inside;
      const bool moves = home != worker && alone && !closing && move == Move::allowed;
      const std::uint64_t next = moves ? word_of(worker) + 1 : seen + 1 - own;
      if (word_.compare_exchange_strong(seen, next, MemoryOrder::acquire, MemoryOrder::relaxed)) {
        if (moves) return {Entry::moved, home};
        return {home == worker ? Entry::here : Entry::away, home};
      }
    }
  }

  Atomic<std::uint64_t> word_{0};
};

// What somebody who uses the word does wrong.
enum class Fault { none, report_without_hold, close_without_waiting };

// How the system call of a visitor ends.
enum class Call { completes, would_block };

struct Node {
  enum class Kind { operation, close };
  explicit Node(Kind what) : kind(what) {}
  const Kind kind;
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

// A Descriptor and those who use it, as src/sched/worker_submit.cpp has them.
template <class Home, Fault fault>
struct Scene {
  const int expected;
  const int closes;
  Home home;
  model::Plain<int> users{0};  // The home's, as is all that its driver keeps of the fd:
  model::Plain<int> kept{0};
  model::Plain<int> number{3};  // Read by every call, written by the close.
  Worker workers[3];
  Node operations[2]{Node(Node::Kind::operation), Node(Node::Kind::operation)};
  Node close{Node::Kind::close};
  Atomic<int> completed{0};
  Atomic<int> closed{0};

  Scene(int operations_expected, int closes_expected)
      : expected(operations_expected), closes(closes_expected) {
    home.set(&workers[0]);
    model::label(home, "home");
    model::label(workers, "workers");
  }

  void touch() { kept = kept + 1; }
  void call_the_kernel() { model::check(number == 3, "a call hits what it was meant for"); }
  void complete() { completed.fetch_add(1, MemoryOrder::release); }
  [[nodiscard]] bool over() const {
    return completed.load(MemoryOrder::acquire) == expected &&
           closed.load(MemoryOrder::acquire) == closes;
  }

  // An operation by a task of `worker`.
  void operate(Worker& worker, Node& operation, Move move, Call call) {
    const auto entered = home.enter(&worker, move);
    if (entered.entry == Entry::closed) return complete();
    if (entered.entry != Entry::away) return operate_here(entered.entry);
    call_the_kernel();
    if (call == Call::completes) {
      home.leave();
      return complete();
    }
    const auto stayed = home.stay(&worker, move);
    if (stayed.entry == Entry::moved) return operate_here(stayed.entry);
    home.at()->inbox.push(operation);
  }
  void operate_here(Entry entry) {
    if (entry == Entry::moved) users = 0;
    finish_here();
  }
  void finish_here() {
    users = users + 1;
    touch();
    call_the_kernel();
    users = users - 1;
    home.leave();
    complete();
  }

  // What the driver of `worker` was told of the fd, when perhaps nobody waits.
  void report(Worker& worker) {
    if constexpr (fault == Fault::report_without_hold) {
      if (home.at() == &worker) touch();
    } else if (home.try_hold(&worker)) {
      touch();
      home.leave();
    }
  }

  void begin_close() { home.begin_close()->inbox.push(close); }

  // The loop of a worker, for as long as anything can be sent to it.
  void serve(Worker& worker) {
    bool closing = false;
    while (!over()) {
      // Only the home has a close, and only the home may look at the users.
      const auto known = static_cast<std::uint64_t>(closing ? users : 0);
      const bool waits = fault != Fault::close_without_waiting;
      model::wait_until([&] {
        const bool closable = closing && (!waits || home.inside() == known);
        return closable || !worker.inbox.empty() || over();
      });
      const bool closable = closing && (!waits || home.inside() == known);
      if (closable) {
        touch();
        number = 0;
        closed.store(1, MemoryOrder::release);
        closing = false;
      }
      closing = collect(worker) || closing;
    }
  }

  // True: a close came.
  bool collect(Worker& worker) {
    bool close_came = false;
    for (Node* node = worker.inbox.take_all(); node != nullptr;) {
      Node* following = node->next;
      if (node->kind == Node::Kind::close) {
        close_came = true;
      } else {
        finish_here();
      }
      node = following;
    }
    return close_came;
  }
};

// The home has a report while tasks of two other workers operate.
template <class Home, Fault fault, Call call, Move move>
void report_and_visitors() {
  Scene<Home, fault> scene(2, 0);
  model::Thread first = model::spawn("first", [&scene] {
    scene.operate(scene.workers[1], scene.operations[0], move, call);
    scene.serve(scene.workers[1]);
  });
  model::Thread second = model::spawn("second", [&scene] {
    scene.operate(scene.workers[2], scene.operations[1], move, call);
    scene.serve(scene.workers[2]);
  });
  scene.report(scene.workers[0]);
  scene.serve(scene.workers[0]);
  first.join();
  second.join();
}

// A task of another worker operates twice, with the home between the two.
template <class Home, Fault fault, Call call>
void home_and_visitor_in_turn() {
  Scene<Home, fault> scene(3, 0);
  model::Thread visitor = model::spawn("visitor", [&scene] {
    scene.operate(scene.workers[1], scene.operations[0], Move::allowed, call);
    scene.report(scene.workers[1]);
    scene.operate(scene.workers[1], scene.operations[1], Move::allowed, call);
    scene.serve(scene.workers[1]);
  });
  Node own(Node::Kind::operation);
  scene.operate(scene.workers[0], own, Move::allowed, call);
  scene.report(scene.workers[0]);
  scene.serve(scene.workers[0]);
  visitor.join();
}

// The same while a third party closes.
template <class Home, Fault fault, Call call>
void close_beside_a_visitor() {
  Scene<Home, fault> scene(1, 1);
  model::Thread visitor = model::spawn("visitor", [&scene] {
    scene.operate(scene.workers[1], scene.operations[0], Move::allowed, call);
    scene.serve(scene.workers[1]);
  });
  model::Thread closer = model::spawn("closer", [&scene] { scene.begin_close(); });
  scene.report(scene.workers[0]);
  scene.serve(scene.workers[0]);
  visitor.join();
  closer.join();
}

// The place is given out anew, with another home, while the driver of the old one still has a
// report about it.
template <class Home, Fault fault>
void a_late_report() {
  Scene<Home, fault> scene(0, 1);
  model::Thread next_owner = model::spawn("next owner", [&scene] {
    model::wait_until([&scene] { return scene.over(); });
    scene.home.set(nullptr);
    scene.home.set(&scene.workers[1]);
    const auto entered = scene.home.enter(&scene.workers[1], Move::allowed);
    model::check(entered.entry == Entry::here, "the new owner finds it open and at home");
    scene.home.leave();
    model::check(scene.home.inside() == 0, "whoever entered has left");
  });
  scene.begin_close();
  scene.serve(scene.workers[0]);
  scene.report(scene.workers[0]);
  next_owner.join();
}

using Right = DescriptorHome;
constexpr Fault kNone = Fault::none;

TEST(descriptor_home, fields_are_the_homes_while_others_visit_and_move_it) {
  model::expect_holds(model::explore(
      {.preemptions = 3}, report_and_visitors<Right, kNone, Call::completes, Move::allowed>));
  model::expect_holds(model::explore(
      {.preemptions = 3}, report_and_visitors<Right, kNone, Call::would_block, Move::allowed>));
}

TEST(descriptor_home, operations_are_sent_home_where_descriptors_stay) {
  model::expect_holds(model::explore(
      {.preemptions = 2}, report_and_visitors<Right, kNone, Call::would_block, Move::forbidden>));
}

TEST(descriptor_home, it_goes_there_and_back) {
  model::expect_holds(
      model::explore({.preemptions = 3}, home_and_visitor_in_turn<Right, kNone, Call::completes>));
  model::expect_holds(model::explore({.preemptions = 3},
                                     home_and_visitor_in_turn<Right, kNone, Call::would_block>));
}

TEST(descriptor_home, a_close_waits_for_every_visitor) {
  model::expect_holds(
      model::explore({.preemptions = 3}, close_beside_a_visitor<Right, kNone, Call::completes>));
  model::expect_holds(
      model::explore({.preemptions = 3}, close_beside_a_visitor<Right, kNone, Call::would_block>));
}

TEST(descriptor_home, a_late_report_leaves_the_next_owner_alone) {
  model::expect_holds(model::explore({}, a_late_report<Right, kNone>));
}

TEST(descriptor_home, planted_report_without_a_hold_is_found) {
  model::expect_found(
      model::explore(
          {.preemptions = 3},
          report_and_visitors<Right, Fault::report_without_hold, Call::completes, Move::allowed>),
      Failure::Kind::race);
}

TEST(descriptor_home, planted_close_that_does_not_wait_is_found) {
  const auto report =
      model::explore({.preemptions = 3},
                     close_beside_a_visitor<Right, Fault::close_without_waiting, Call::completes>);
  model::expect_found(report, Failure::Kind::race);
}

TEST(descriptor_home, planted_move_with_somebody_inside_is_found) {
  using Broken = BrokenHome<Bug::moves_with_somebody_inside>;
  model::expect_found(
      model::explore({.preemptions = 3},
                     report_and_visitors<Broken, kNone, Call::completes, Move::allowed>),
      Failure::Kind::race);
}

TEST(descriptor_home, planted_relaxed_leave_is_found) {
  using Broken = BrokenHome<Bug::leave_relaxed>;
  model::expect_found(
      model::explore({.preemptions = 3},
                     report_and_visitors<Broken, kNone, Call::completes, Move::allowed>),
      Failure::Kind::race);
}

TEST(descriptor_home, planted_entry_into_what_is_closing_is_found) {
  using Broken = BrokenHome<Bug::enters_what_is_closing>;
  const auto report =
      model::explore({.preemptions = 3}, close_beside_a_visitor<Broken, kNone, Call::completes>);
  ASSERT_TRUE(report.failure);
  std::cout << "found: " << report.failure->message << "\n";
}

TEST(descriptor_home, planted_hold_of_what_is_closing_is_found) {
  using Broken = BrokenHome<Bug::holds_what_is_closing>;
  const auto report = model::explore({}, a_late_report<Broken, kNone>);
  ASSERT_TRUE(report.failure);
  std::cout << "found: " << report.failure->message << "\n";
}

}  // namespace
}  // namespace rota

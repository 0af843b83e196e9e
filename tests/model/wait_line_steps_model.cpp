// For the faults planted here. The code that ships is explored by
// channel_model.cpp, event_model.cpp and their kin.

#include "model/event.hpp"
#include "model/expect.hpp"
#include "model/explorer.hpp"
#include "model/plain.hpp"

#include <rota/core/spin_lock.hpp>

namespace rota {
namespace {

using model::Failure;

// What those who meet at a line of waiting tasks do wrong.
enum class Fault {
  none,
  parks_after_it_is_linked,
  reads_the_link_after_the_wake,
  stop_does_not_look,
  stop_unlinks_without_the_lock,
  close_looks_before_the_lock,
};

// How a wait came to its end.
enum class Outcome { none, value, closed, stopped };

// A task parked on a wait: the frame that holds it, of whoever runs the task.
struct Wait {
  model::Plain<Wait*> next{nullptr};
  model::Plain<bool> linked{false};
  model::Plain<bool> parked{false};
  model::Plain<Outcome> outcome{Outcome::none};
  model::Event ready;  // The task is in a queue.
};

// The steps of LineWait (core/wait_line.hpp) as Channel and Event take them: who waits stands in a
// line under a lock, and whoever takes it out of the line wakes it, after the lock.
template <Fault fault>
struct Line {
  SpinLock lock;
  model::Plain<Wait*> first{nullptr};
  model::Plain<bool> closed{false};
  model::Plain<int> values{0};

  Line() { model::label(lock, "lock"); }

  // The task. True: parked.
  bool start(Wait& wait) {
    SpinGuard guard(lock);
    if (values > 0) {
      values = values - 1;
      wait.outcome = Outcome::value;
      return false;
    }
    if (closed) {
      wait.outcome = Outcome::closed;
      return false;
    }
    if constexpr (fault != Fault::parks_after_it_is_linked) wait.parked = true;
    wait.linked = true;
    wait.next = static_cast<Wait*>(first);
    first = &wait;
    return true;
  }
  void receive(Wait& wait) {
    if (start(wait)) {
      if constexpr (fault == Fault::parks_after_it_is_linked) wait.parked = true;
      wait.ready.wait();
    }
    gone(wait);
  }
  // The frame is freed: whoever touches it later is in a race with this.
  void gone(Wait& wait) {
    model::check(wait.outcome != Outcome::none, "whoever goes on knows why");
    wait.next = nullptr;
    wait.linked = false;
  }

  // The worker that wakes a task is the one that runs it.
  static void wake(Wait& wait) {
    model::check(wait.parked, "what is woken was parked");
    wait.parked = false;
    wait.ready.set();
  }

  Wait* take_first() {
    Wait* taken = first;
    if (taken == nullptr) return nullptr;
    first = static_cast<Wait*>(taken->next);
    taken->linked = false;
    return taken;
  }
  void send() {
    Wait* woken = nullptr;
    {
      SpinGuard guard(lock);
      if (closed) return;
      woken = take_first();
      if (woken == nullptr) {
        values = values + 1;
      } else {
        woken->outcome = Outcome::value;
      }
    }
    if (woken != nullptr) wake(*woken);
  }
  void close() {
    Wait* woken = nullptr;
    if constexpr (fault == Fault::close_looks_before_the_lock) {
      SpinGuard guard(lock);
      woken = take_all();
    }
    {
      SpinGuard guard(lock);
      closed = true;
      if constexpr (fault != Fault::close_looks_before_the_lock) woken = take_all();
    }
    while (woken != nullptr) {
      Wait& each = *woken;
      if constexpr (fault != Fault::reads_the_link_after_the_wake) woken = each.next;
      wake(each);
      if constexpr (fault == Fault::reads_the_link_after_the_wake) woken = each.next;
    }
  }
  Wait* take_all() {
    Wait* all = first;
    first = nullptr;
    for (Wait* wait = all; wait != nullptr; wait = wait->next) {
      wait->linked = false;
      wait->outcome = Outcome::closed;
    }
    return all;
  }

  // The home, which keeps the task from running meanwhile (home_word.hpp): `look` in the scene.
  void stop(Wait& wait) {
    {
      if constexpr (fault != Fault::stop_unlinks_without_the_lock) lock.lock();
      const bool linked = wait.linked || fault == Fault::stop_does_not_look;
      if (linked) {
        remove(wait);
        wait.outcome = Outcome::stopped;
      }
      if constexpr (fault != Fault::stop_unlinks_without_the_lock) lock.unlock();
      if (!linked) return;
    }
    wake(wait);
  }
  void remove(Wait& wait) {
    wait.linked = false;
    if (first == &wait) first = static_cast<Wait*>(wait.next);
  }
};

// One waits while another sends and a third closes.
template <Fault fault>
void send_beside_a_close() {
  Line<fault> line;
  Wait wait;
  model::label(line, "line");
  model::label(wait, "wait");
  model::Thread sender = model::spawn("sender", [&line] { line.send(); });
  model::Thread closer = model::spawn("closer", [&line] { line.close(); });
  line.receive(wait);
  sender.join();
  closer.join();
  model::check(wait.outcome == Outcome::value || wait.outcome == Outcome::closed,
               "it has a value, or learns that there is none");
}

// Two wait when the line is closed: each is woken once, none is left.
template <Fault fault>
void close_beside_two_waits() {
  Line<fault> line;
  Wait waits[2];
  model::label(line, "line");
  model::label(waits, "waits");
  model::Thread one = model::spawn("one", [&] { line.receive(waits[0]); });
  model::Thread other = model::spawn("other", [&] { line.receive(waits[1]); });
  line.close();
  one.join();
  other.join();
  for (Wait& wait : waits) {
    model::check(wait.ready.sets() <= 1, "a suspension ends by one wake");
  }
}

// The home stops a wait that another worker ends. Until the look is over the task does not run.
template <Fault fault>
void stop_beside_a_send() {
  Line<fault> line;
  Wait wait;
  Atomic<int> looking{0};
  model::label(line, "line");
  model::label(wait, "wait");
  if (!line.start(wait)) return;
  model::Thread home = model::spawn("home", [&] {
    line.stop(wait);
    looking.store(1, MemoryOrder::release);
  });
  model::Thread sender = model::spawn("sender", [&line] { line.send(); });
  wait.ready.wait();
  model::wait_until([&looking] { return looking.load(MemoryOrder::acquire) != 0; });
  line.gone(wait);
  home.join();
  sender.join();
  model::check(wait.ready.sets() == 1, "a suspension ends by one wake");
  const bool kept = line.values == 1;
  model::check(kept == (wait.outcome == Outcome::stopped), "a stopped receive loses no value");
}

TEST(wait_line_steps, a_value_and_a_close_leave_nobody_waiting) {
  model::expect_holds(model::explore({}, send_beside_a_close<Fault::none>));
}

TEST(wait_line_steps, a_close_wakes_all_and_touches_none_that_has_gone_on) {
  model::expect_holds(model::explore({}, close_beside_two_waits<Fault::none>));
}

TEST(wait_line_steps, a_stop_and_a_value_end_a_wait_once) {
  model::expect_holds(model::explore({}, stop_beside_a_send<Fault::none>));
}

TEST(wait_line_steps, planted_parking_after_the_link_is_found) {
  model::expect_found(model::explore({}, send_beside_a_close<Fault::parks_after_it_is_linked>),
                      Failure::Kind::race);
}

TEST(wait_line_steps, planted_link_that_is_read_after_the_wake_is_found) {
  model::expect_found(
      model::explore({}, close_beside_two_waits<Fault::reads_the_link_after_the_wake>),
      Failure::Kind::race);
}

TEST(wait_line_steps, planted_close_that_looks_too_early_is_found) {
  model::expect_found(
      model::explore({}, close_beside_two_waits<Fault::close_looks_before_the_lock>),
      Failure::Kind::deadlock);
}

TEST(wait_line_steps, planted_stop_that_does_not_look_is_found) {
  model::expect_found(model::explore({}, stop_beside_a_send<Fault::stop_does_not_look>),
                      Failure::Kind::race);
}

TEST(wait_line_steps, planted_stop_without_the_lock_is_found) {
  model::expect_found(model::explore({}, stop_beside_a_send<Fault::stop_unlinks_without_the_lock>),
                      Failure::Kind::race);
}

}  // namespace
}  // namespace rota

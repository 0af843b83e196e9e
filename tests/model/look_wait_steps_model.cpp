// For the faults planted here. The code that ships is explored by
// broadcast_model.cpp and watch_model.cpp.

#include "model/event.hpp"
#include "model/expect.hpp"
#include "model/explorer.hpp"
#include "model/plain.hpp"

#include <rota/core/spin_lock.hpp>

namespace rota {
namespace {

using model::Failure;

// What those who meet at a Broadcast or a Watch do wrong.
enum class Fault {
  none,
  looks_before_the_lock,
  advances_after_the_wake,
  reads_without_the_lock,
  closes_without_waking,
  stop_goes_past_a_value,
};

enum class Outcome { none, value, lagged, closed, stopped };

// The steps of Broadcast with room for one value, and of LookWait (core/look_wait.hpp): who has
// seen all stands in a line, whoever sends or closes ends all waits, and each reader looks when it
// runs.
// With `next` set to the newest value it is a Watch. Value number n is n + 1.
template <Fault fault>
struct Topic {
  struct Reader {
    model::Plain<int> next{0};
    model::Plain<bool> stands{false};
    model::Plain<bool> stopped{false};
    model::Event ready;
  };

  SpinLock lock;
  model::Plain<int> sent{0};
  model::Plain<int> place{0};
  model::Plain<bool> closed{false};
  model::Plain<Reader*> waiter{nullptr};

  Topic() { model::label(lock, "lock"); }

  bool is_due(Reader& reader) { return reader.next != sent || closed; }

  // True: parked.
  bool start(Reader& reader) {
    if constexpr (fault == Fault::looks_before_the_lock) {
      {
        SpinGuard guard(lock);
        if (is_due(reader)) return false;
      }
      SpinGuard guard(lock);
      return stand(reader);
    } else {
      SpinGuard guard(lock);
      if (is_due(reader)) return false;
      return stand(reader);
    }
  }
  bool stand(Reader& reader) {
    reader.stands = true;
    waiter = &reader;
    return true;
  }
  Outcome finish(Reader& reader) {
    if (reader.stopped) {
      reader.stopped = false;
      return Outcome::stopped;
    }
    if constexpr (fault == Fault::reads_without_the_lock) return take(reader);
    SpinGuard guard(lock);
    return take(reader);
  }
  Outcome take(Reader& reader) {
    if (reader.next == sent) {
      model::check(closed, "one that was ended finds something");
      return Outcome::closed;
    }
    if (sent - reader.next > 1) {
      reader.next = sent - 1;
      return Outcome::lagged;
    }
    model::check(place == reader.next + 1, "the value is the one that is due");
    reader.next = reader.next + 1;
    return Outcome::value;
  }
  Outcome receive(Reader& reader) {
    if (start(reader)) reader.ready.wait();
    return finish(reader);
  }

  Reader* take_waiter() {
    Reader* taken = waiter;
    if (taken != nullptr) taken->stands = false;
    waiter = nullptr;
    return taken;
  }
  void send() {
    Reader* woken = nullptr;
    {
      SpinGuard guard(lock);
      place = sent + 1;
      if constexpr (fault != Fault::advances_after_the_wake) sent = sent + 1;
      woken = take_waiter();
    }
    if (woken != nullptr) woken->ready.set();
    if constexpr (fault == Fault::advances_after_the_wake) {
      SpinGuard guard(lock);
      sent = sent + 1;
    }
  }
  void close() {
    Reader* woken = nullptr;
    {
      SpinGuard guard(lock);
      closed = true;
      if constexpr (fault != Fault::closes_without_waking) woken = take_waiter();
    }
    if (woken != nullptr) woken->ready.set();
  }
  // The home, which keeps the task from running meanwhile: `look` in the scene.
  void stop(Reader& reader) {
    {
      SpinGuard guard(lock);
      if (!reader.stands) return;
      reader.stands = false;
      reader.stopped = true;
      if constexpr (fault == Fault::stop_goes_past_a_value) reader.next = reader.next + 1;
      waiter = nullptr;
    }
    reader.ready.set();
  }
};

// Two values are sent, into the place of one: the reader sees each, or is told.
template <Fault fault>
void two_sends() {
  Topic<fault> topic;
  typename Topic<fault>::Reader reader;
  model::label(topic, "topic");
  model::label(reader, "reader");
  model::Thread sender = model::spawn("sender", [&topic] {
    topic.send();
    topic.send();
  });
  int seen = 0;
  while (seen < 2) {
    const Outcome outcome = topic.receive(reader);
    model::check(outcome == Outcome::value || outcome == Outcome::lagged, "there is one more");
    ++seen;
  }
  sender.join();
  model::check(reader.next == 2, "and has seen all then");
}

// One value is sent before the close: the reader sees it, and then the end.
template <Fault fault>
void send_and_close() {
  Topic<fault> topic;
  typename Topic<fault>::Reader reader;
  model::label(topic, "topic");
  model::label(reader, "reader");
  model::Thread sender = model::spawn("sender", [&topic] {
    topic.send();
    topic.close();
  });
  model::check(topic.receive(reader) == Outcome::value, "first the value");
  model::check(topic.receive(reader) == Outcome::closed, "then the end");
  sender.join();
}

// The home stops a wait that a sender ends. Until the look is over the task does not run.
template <Fault fault>
void stop_beside_a_send() {
  Topic<fault> topic;
  typename Topic<fault>::Reader reader;
  Atomic<int> looking{0};
  model::label(topic, "topic");
  model::label(reader, "reader");
  if (!topic.start(reader)) return;
  model::Thread home = model::spawn("home", [&] {
    topic.stop(reader);
    looking.store(1, MemoryOrder::release);
  });
  model::Thread sender = model::spawn("sender", [&topic] { topic.send(); });
  reader.ready.wait();
  model::wait_until([&looking] { return looking.load(MemoryOrder::acquire) != 0; });
  const Outcome first = topic.finish(reader);
  home.join();
  sender.join();
  model::check(reader.ready.sets() == 1, "a suspension ends by one wake");
  if (first == Outcome::stopped) {
    model::check(!topic.start(reader), "a stopped wait leaves the value to the next one");
    model::check(topic.finish(reader) == Outcome::value, "and the next one has it");
  } else {
    model::check(first == Outcome::value, "one that was ended by a send has the value");
  }
}

TEST(look_wait_steps, each_value_is_seen_or_said_to_be_missed) {
  model::expect_holds(model::explore({}, two_sends<Fault::none>));
}

TEST(look_wait_steps, a_close_comes_after_what_was_sent) {
  model::expect_holds(model::explore({}, send_and_close<Fault::none>));
}

TEST(look_wait_steps, a_stop_and_a_value_end_a_wait_once) {
  model::expect_holds(model::explore({}, stop_beside_a_send<Fault::none>));
}

TEST(look_wait_steps, planted_look_before_the_lock_is_found) {
  model::expect_found(model::explore({}, send_and_close<Fault::looks_before_the_lock>),
                      Failure::Kind::deadlock);
}

TEST(look_wait_steps, planted_count_after_the_wake_is_found) {
  model::expect_found(model::explore({}, two_sends<Fault::advances_after_the_wake>),
                      Failure::Kind::check);
}

TEST(look_wait_steps, planted_look_without_the_lock_is_found) {
  model::expect_found(model::explore({}, two_sends<Fault::reads_without_the_lock>),
                      Failure::Kind::race);
}

TEST(look_wait_steps, planted_close_that_wakes_nobody_is_found) {
  model::expect_found(model::explore({}, send_and_close<Fault::closes_without_waking>),
                      Failure::Kind::deadlock);
}

TEST(look_wait_steps, planted_stop_that_takes_a_value_is_found) {
  model::expect_found(model::explore({}, stop_beside_a_send<Fault::stop_goes_past_a_value>),
                      Failure::Kind::check);
}

}  // namespace
}  // namespace rota

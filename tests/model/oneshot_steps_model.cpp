// For the faults planted here. The code that ships is explored by
// oneshot_model.cpp.

#include "model/event.hpp"
#include "model/expect.hpp"
#include "model/explorer.hpp"
#include "model/plain.hpp"

#include <rota/core/spin_lock.hpp>

namespace rota {
namespace {

using model::Failure;

// What the halves of a oneshot do wrong.
enum class Fault {
  none,
  lets_go_after_the_wake,
  frees_by_a_look_after_the_lock,
  sends_to_one_who_is_gone,
  drops_without_a_wake,
};

// The steps of OneshotCore (oneshot.hpp). The memory that both share is freed by a write to
// `freed`: whoever touches it later is in a race with that, or fails the check.
template <Fault fault>
struct State {
  SpinLock lock;
  model::Plain<bool> sender_gone{false};
  model::Plain<bool> receiver_gone{false};
  model::Plain<int> value{0};
  model::Plain<bool> waits{false};
  model::Plain<int> freed{0};
  model::Event ready;  // of the task that receives, not of the core

  State() { model::label(lock, "lock"); }

  void touch() { model::check(freed == 0, "nobody touches what was freed"); }
  void free() {
    touch();
    freed = 1;
  }
  bool both_gone() { return sender_gone && receiver_gone; }

  // True: the value is where the receiver finds it.
  bool end_sender(int sent) {
    bool wakes = false;
    bool is_last = false;
    bool put = false;
    {
      SpinGuard guard(lock);
      touch();
      if constexpr (fault != Fault::lets_go_after_the_wake) {
        sender_gone = true;
        is_last = both_gone();
      }
      if (sent != 0 && (!receiver_gone || fault == Fault::sends_to_one_who_is_gone)) {
        value = sent;
        put = true;
      }
      wakes = waits;
      waits = false;
    }
    if (fault == Fault::drops_without_a_wake && sent == 0) wakes = false;
    if (wakes) ready.set();
    if constexpr (fault == Fault::lets_go_after_the_wake) {
      SpinGuard guard(lock);
      touch();
      sender_gone = true;
      is_last = both_gone();
    }
    if constexpr (fault == Fault::frees_by_a_look_after_the_lock) is_last = both_gone();
    if (is_last) free();
    return put;
  }

  // What came: 0 when the sender went without sending.
  int receive() {
    bool parked = false;
    {
      SpinGuard guard(lock);
      touch();
      parked = !sender_gone && value == 0;
      waits = parked;
    }
    if (parked) ready.wait();
    SpinGuard guard(lock);
    touch();
    const int came = value;
    value = 0;
    return came;
  }
  void end_receiver() {
    bool is_last = false;
    {
      SpinGuard guard(lock);
      touch();
      receiver_gone = true;
      is_last = both_gone();
    }
    if constexpr (fault == Fault::frees_by_a_look_after_the_lock) is_last = both_gone();
    if (is_last) free();
  }
};

// The receiver waits and lets go while the sender sends, or goes without.
template <Fault fault, int sent>
void send_beside_a_receive() {
  State<fault> state;
  model::label(state, "state");
  model::Thread sender = model::spawn("sender", [&state] { state.end_sender(sent); });
  const int came = state.receive();
  state.end_receiver();
  sender.join();
  model::check(came == sent, "what was sent comes, and else the end");
  model::check(state.freed == 1, "the second half frees");
}

// The receiver goes without waiting.
template <Fault fault>
void send_beside_a_drop() {
  State<fault> state;
  model::label(state, "state");
  bool was_gone = false;
  model::Thread sender = model::spawn("sender", [&] { was_gone = !state.end_sender(1); });
  state.end_receiver();
  sender.join();
  model::check(state.freed == 1, "the second half frees");
  model::check(was_gone == (state.value == 0), "the value stays with a sender who is refused");
}

// A receiver that was gone before takes nothing.
template <Fault fault>
void send_after_a_drop() {
  State<fault> state;
  model::label(state, "state");
  state.end_receiver();
  model::Thread sender = model::spawn(
      "sender", [&state] { model::check(!state.end_sender(1), "nobody is there to receive"); });
  sender.join();
}

TEST(oneshot_steps, a_value_or_the_end_reaches_the_receiver_and_the_second_half_frees) {
  model::expect_holds(model::explore({}, send_beside_a_receive<Fault::none, 1>));
  model::expect_holds(model::explore({}, send_beside_a_receive<Fault::none, 0>));
}

TEST(oneshot_steps, halves_that_go_at_once_free_once) {
  model::expect_holds(model::explore({}, send_beside_a_drop<Fault::none>));
  model::expect_holds(model::explore({}, send_after_a_drop<Fault::none>));
}

TEST(oneshot_steps, planted_letting_go_after_the_wake_is_found) {
  model::expect_found(model::explore({}, send_beside_a_receive<Fault::lets_go_after_the_wake, 0>),
                      Failure::Kind::deadlock);
}

TEST(oneshot_steps, planted_look_after_the_lock_is_found) {
  model::expect_found(model::explore({}, send_beside_a_drop<Fault::frees_by_a_look_after_the_lock>),
                      Failure::Kind::race);
}

TEST(oneshot_steps, planted_value_for_one_who_is_gone_is_found) {
  model::expect_found(model::explore({}, send_after_a_drop<Fault::sends_to_one_who_is_gone>),
                      Failure::Kind::check);
}

TEST(oneshot_steps, planted_drop_that_wakes_nobody_is_found) {
  model::expect_found(model::explore({}, send_beside_a_receive<Fault::drops_without_a_wake, 0>),
                      Failure::Kind::deadlock);
}

}  // namespace
}  // namespace rota

#include "model/parked_task.hpp"

#include <rota/sender_stop.hpp>

#include <gtest/gtest.h>

namespace rota {
namespace {

// What a callback refers to goes with the callback, whether it was called or not.
void the_end_of_a_callback_beside_a_stop() {
  SenderStopSource source;
  model::watch(source, "source");
  model::Thread stopper = model::spawn("stopper", [&] { source.request_stop(); });
  {
    model::Plain<int> calls{0};
    auto count = [&calls]() noexcept { calls = calls + 1; };
    const void* gone = nullptr;
    {
      const SenderStopCallback callback(SenderStopToken(source), count);
      model::watch(callback, "callback");
      gone = &callback;
    }
    model::end_of(gone);
    model::check(calls <= 1, "it is called once at the most");
    calls = 2;
  }
  stopper.join();
}

// A callback that is there when all is over was called once, whoever stopped.
void a_callback_beside_two_stops() {
  SenderStopSource source;
  model::watch(source, "source");
  const auto stop = [&] { source.request_stop(); };
  model::spawn("one", stop);
  model::spawn("other", stop);
  model::Plain<int> calls{0};
  const SenderStopCallback callback(SenderStopToken(source),
                                    [&calls]() noexcept { calls = calls + 1; });
  model::join_all();
  model::check(calls == 1, "it is called once");
  model::check(source.stop_requested(), "and the stop is seen");
}

// The first of two callbacks ends on another thread, the second one is called all the same.
void the_end_of_the_first_of_two() {
  SenderStopSource source;
  const SenderStopToken token(source);
  model::Plain<int> calls_of_first{0};
  model::Plain<int> calls{0};
  auto count_first = [&calls_of_first]() noexcept { calls_of_first = calls_of_first + 1; };
  auto count = [&calls]() noexcept { calls = calls + 1; };
  model::Thread stopper(0);
  {
    const SenderStopCallback first(token, count_first);
    stopper = model::spawn("stopper", [&] { source.request_stop(); });
  }
  calls_of_first = 0;
  const SenderStopCallback second(token, count);
  stopper.join();
  model::check(calls == 1, "it is called once");
}

TEST(sender_stop, what_a_callback_refers_to_goes_with_it) {
  model::expect_holds(model::explore_watched({}, the_end_of_a_callback_beside_a_stop));
}

TEST(sender_stop, two_stops_call_a_callback_once) {
  model::expect_holds(model::explore_watched({.preemptions = 3}, a_callback_beside_two_stops));
}

TEST(sender_stop, the_end_of_one_callback_leaves_the_next) {
  model::expect_holds(model::explore_watched({}, the_end_of_the_first_of_two));
}

}  // namespace
}  // namespace rota

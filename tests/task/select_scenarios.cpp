#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace rota::testing_tasks {
namespace {

using namespace std::chrono_literals;

Task<int> number_after(int number, Event& event) {
  Result<void> waited = co_await event.wait();
  co_return waited ? number : -waited.error().value();
}
Task<int> number_now(int number) { co_return number; }
Task<void> nothing_after_a_yield() { co_await yield(); }
Task<int> throws_now() {
  throw std::runtime_error("wanted");
  co_return 0;
}
Task<Result<int>> fails_now() { co_return failure(ENOENT); }
Task<Result<int>> succeeds_after(Event& event) {
  Result<void> waited = co_await event.wait();
  if (!waited) co_return std::unexpected(waited.error());
  co_return 7;
}

template <template <class> class Routine>
Routine<void> select_ends_with_the_first_arm_and_cancels_the_others(World) {
  Channel<int> channel(1);
  Event event;
  Result<void> sent = co_await channel.send(5);
  EXPECT_TRUE(sent.has_value());
  auto ended = co_await select(event.wait(), channel.receive(), sleep(kForEver));
  EXPECT_EQ(ended.first(), 1U);
  EXPECT_EQ(ended.template get_if<0>(), nullptr);
  EXPECT_EQ(ended.template get_if<1>()->value(), 5);
  EXPECT_EQ(ended.template get_if<2>(), nullptr);
  // Nothing stands in line any more.
  EXPECT_TRUE(channel.try_receive() == std::nullopt);
  event.set();
}

template <template <class> class Routine>
Routine<void> select_waits_for_time_locks_joins_and_tasks(World) {
  Mutex mutex;
  Event event;
  std::optional<MutexGuard> guard = mutex.try_lock();
  JoinHandle<int> handle = spawn(number_after(1, event));
  auto ended =
      co_await select(mutex.lock(), handle.join(), number_after(2, event), sleep(Duration(1us)));
  EXPECT_EQ(ended.first(), 3U);
  EXPECT_EQ(ended.template get_if<0>(), nullptr);
  EXPECT_EQ(ended.template get_if<1>(), nullptr);
  EXPECT_EQ(*ended.template get_if<2>(), -ECANCELED);  // A Task ends as it decides itself.
  EXPECT_TRUE(ended.template get_if<3>()->has_value());
  // What a join was an arm of goes on, and can be joined again.
  event.set();
  Joined<int> joined = co_await handle.join();
  EXPECT_EQ(std::move(joined).value(), 1);
}

template <template <class> class Routine>
Routine<void> no_value_is_lost_that_comes_to_a_loser(World) {
  const int times = static_cast<int>(rounds(60));
  Channel<int> one(1);
  Channel<int> other(1);
  JoinHandle<void> sender = spawn([](Channel<int>& a, Channel<int>& b, int count) -> Task<void> {
    for (int i = 0; i < count; ++i) {
      Result<void> first = co_await a.send(i);
      Result<void> second = co_await b.send(i);
      EXPECT_TRUE(first.has_value() && second.has_value());
    }
  }(one, other, times));
  int of_one = 0;
  int of_other = 0;
  while (of_one + of_other < 2 * times) {
    auto ended = co_await select(one.receive(), other.receive());
    if (auto* value = ended.template get_if<0>()) {
      EXPECT_EQ(value->value(), of_one++);
    }
    if (auto* value = ended.template get_if<1>()) {
      EXPECT_EQ(value->value(), of_other++);
    }
  }
  Joined<void> joined = co_await sender.join();
  EXPECT_TRUE(joined.has_value());
}

template <template <class> class Routine>
Routine<void> select_over_sockets_cancels_a_read_that_has_lost(World) {
  Result<TcpListener> listener = TcpListener::bind(Address::loopback(0));
  const Address address = listener->local_address().value();
  Result<TcpStream> near = co_await TcpStream::connect(address);
  Result<TcpStream> far = co_await listener->accept();
  std::array<std::byte, 8> buffer{};
  auto ended = co_await select(near->read(buffer), sleep(Duration(1us)));
  EXPECT_EQ(ended.template get_if<0>(), nullptr);
  EXPECT_EQ(ended.first(), 1U);
  const std::array<std::byte, 3> letters{};
  Result<void> written = co_await far->write_all(letters);
  EXPECT_TRUE(written.has_value());
  auto again = co_await select(sleep(kForEver), near->read(buffer));
  EXPECT_EQ(again.first(), 1U);
  EXPECT_EQ(again.template get_if<1>()->value(), letters.size());
}

template <template <class> class Routine>
Routine<int> select_for_ever(Event& event, Channel<int>& channel) {
  auto ended = co_await select(event.wait(), channel.receive());
  const bool none = ended.template get_if<0>() == nullptr && ended.template get_if<1>() == nullptr;
  co_return none ? ECANCELED : 0;
}

template <template <class> class Routine>
Routine<void> a_stop_of_the_caller_stops_every_arm(World) {
  Event event;
  Channel<int> channel(1);
  JoinHandle<int> child = spawn_routine(select_for_ever<Routine>(event, channel));
  for (int turn = 0; turn < 3; ++turn) co_await yield();
  child.request_stop();
  Joined<int> joined = co_await child.join();
  EXPECT_EQ(std::move(joined).value(), ECANCELED);
}

template <template <class> class Routine>
Routine<void> what_an_arm_throws_stops_the_others_and_is_rethrown(World) {
  Event event;
  std::string said;
  try {
    auto ended = co_await select(number_after(1, event), throws_now());
    EXPECT_EQ(ended.first(), 2U);
  } catch (const std::runtime_error& error) {
    said = error.what();
  }
  EXPECT_EQ(said, "wanted");
}

template <template <class> class Routine>
Routine<void> join_all_yields_what_every_arm_came_to(World) {
  Channel<int> channel(1);
  Event event;
  event.set();
  auto all = co_await join_all(channel.send(3), number_after(4, event), nothing_after_a_yield(),
                               channel.receive());
  EXPECT_TRUE(std::get<0>(all).has_value());
  EXPECT_EQ(std::get<1>(all), 4);
  EXPECT_EQ(std::get<2>(all), std::monostate());
  EXPECT_EQ(std::get<3>(all).value(), 3);
}

template <template <class> class Routine>
Routine<void> join_all_of_many_tasks_keeps_their_order(World) {
  const int count = static_cast<int>(rounds(100));
  Event event;
  std::vector<Task<int>> tasks;
  for (int i = 0; i < count; ++i) tasks.push_back(number_after(i, event));
  event.set();
  std::vector<int> values = co_await join_all(std::move(tasks));
  EXPECT_EQ(values.size(), static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) EXPECT_EQ(values[static_cast<std::size_t>(i)], i);

  std::vector<Task<void>> silent;
  for (int i = 0; i < 3; ++i) silent.push_back(nothing_after_a_yield());
  co_await join_all(std::move(silent));

  Event never;
  std::vector<Task<int>> failing;
  failing.push_back(number_after(1, never));
  failing.push_back(throws_now());
  bool has_thrown = false;
  try {
    std::vector<int> none = co_await join_all(std::move(failing));
    EXPECT_TRUE(none.empty());
  } catch (const std::runtime_error&) {
    has_thrown = true;
  }
  EXPECT_TRUE(has_thrown);
}

template <template <class> class Routine>
Routine<void> race_yields_the_first_and_what_the_others_came_to(World) {
  Event never;
  Raced<int> raced = co_await race(number_after(1, never), number_now(2), number_after(3, never));
  EXPECT_TRUE(raced.is_decided());
  EXPECT_EQ(raced.size(), 3U);
  EXPECT_EQ(raced.value(), *raced.get_if(raced.first()));
  // Those that were stopped before they began to wait ended so, and one of them may be first.
  EXPECT_EQ(*raced.get_if(1), 2);
  EXPECT_EQ(*raced.get_if(2), -ECANCELED);
}

template <template <class> class Routine>
Routine<void> join_any_waits_for_a_success(World) {
  Event event;
  event.set();
  Raced<Result<int>> raced = co_await join_any(fails_now(), succeeds_after(event));
  EXPECT_EQ(raced.first(), 1U);
  EXPECT_EQ(raced.value().value(), 7);
  EXPECT_EQ(raced.get_if(0)->error().value(), ENOENT);

  Raced<Result<int>> none = co_await join_any(fails_now(), fails_now());
  EXPECT_FALSE(none.is_decided());

  Raced<int> past_a_throw = co_await join_any(throws_now(), number_after(4, event));
  EXPECT_EQ(past_a_throw.value(), 4);
  EXPECT_EQ(past_a_throw.get_if(0), nullptr);
  std::size_t later = 0;
  try {
    Raced<int> failed = co_await join_any(throws_now(), throws_now(), throws_now());
    EXPECT_FALSE(failed.is_decided());
  } catch (const ScopeErrors& errors) {
    later = errors.later().size();
  }
  EXPECT_EQ(later, 2U);
}

}  // namespace

void add_select_scenarios(Suite& suite) {
  suite.add("select_ends_with_the_first_arm_and_cancels_the_others",
            select_ends_with_the_first_arm_and_cancels_the_others<Task>,
            select_ends_with_the_first_arm_and_cancels_the_others<Script>);
  suite.add("select_waits_for_time_locks_joins_and_tasks",
            select_waits_for_time_locks_joins_and_tasks<Task>,
            select_waits_for_time_locks_joins_and_tasks<Script>);
  suite.add("no_value_is_lost_that_comes_to_a_loser", no_value_is_lost_that_comes_to_a_loser<Task>,
            no_value_is_lost_that_comes_to_a_loser<Script>);
  suite.add("select_over_sockets_cancels_a_read_that_has_lost",
            select_over_sockets_cancels_a_read_that_has_lost<Task>,
            select_over_sockets_cancels_a_read_that_has_lost<Script>);
  suite.add("a_stop_of_the_caller_stops_every_arm", a_stop_of_the_caller_stops_every_arm<Task>,
            a_stop_of_the_caller_stops_every_arm<Script>);
  suite.add("what_an_arm_throws_stops_the_others_and_is_rethrown",
            what_an_arm_throws_stops_the_others_and_is_rethrown<Task>,
            what_an_arm_throws_stops_the_others_and_is_rethrown<Script>);
  suite.add("join_all_yields_what_every_arm_came_to", join_all_yields_what_every_arm_came_to<Task>,
            join_all_yields_what_every_arm_came_to<Script>);
  suite.add("join_all_of_many_tasks_keeps_their_order",
            join_all_of_many_tasks_keeps_their_order<Task>,
            join_all_of_many_tasks_keeps_their_order<Script>);
  suite.add("race_yields_the_first_and_what_the_others_came_to",
            race_yields_the_first_and_what_the_others_came_to<Task>,
            race_yields_the_first_and_what_the_others_came_to<Script>);
  suite.add("join_any_waits_for_a_success", join_any_waits_for_a_success<Task>,
            join_any_waits_for_a_success<Script>);
}

}  // namespace rota::testing_tasks

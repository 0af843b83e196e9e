#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace rota::testing_tasks {
namespace {

template <template <class> class Routine>
Routine<int> take_from(OneshotReceiver<int>& receiver) {
  Result<int> received = co_await receiver.receive();
  co_return received ? *received : -received.error().value();
}

template <template <class> class Routine>
Routine<void> a_oneshot_brings_its_value_before_and_during_the_wait(World) {
  Oneshot<std::unique_ptr<int>> before = make_oneshot<std::unique_ptr<int>>();
  EXPECT_TRUE(before.sender.send(std::make_unique<int>(1)).has_value());
  Result<std::unique_ptr<int>> early = co_await before.receiver.receive();
  EXPECT_EQ(**early, 1);
  Result<std::unique_ptr<int>> again = co_await before.receiver.receive();
  EXPECT_EQ(again.error(), std::errc::broken_pipe);

  Oneshot<int> during = make_oneshot<int>();
  JoinHandle<int> child = spawn_routine(take_from<Routine>(during.receiver));
  co_await yield();
  EXPECT_FALSE(during.sender.is_abandoned());
  EXPECT_TRUE(during.sender.send(2).has_value());
  Joined<int> joined = co_await child.join();
  EXPECT_EQ(std::move(joined).value(), 2);
}

template <template <class> class Routine>
Routine<void> a_dropped_oneshot_sender_ends_the_wait(World) {
  std::optional<Oneshot<int>> ends(make_oneshot<int>());
  OneshotReceiver<int> receiver = std::move(ends->receiver);
  JoinHandle<int> child = spawn_routine(take_from<Routine>(receiver));
  co_await yield();
  ends.reset();
  Joined<int> joined = co_await child.join();
  EXPECT_EQ(std::move(joined).value(), -EPIPE);
  EXPECT_EQ(receiver.try_receive(), std::nullopt);
}

template <template <class> class Routine>
Routine<void> a_oneshot_without_a_receiver_leaves_the_value_with_its_sender(World) {
  std::optional<Oneshot<int>> ends(make_oneshot<int>());
  OneshotSender<int> sender = std::move(ends->sender);
  OneshotSender<int> other = std::move(make_oneshot<int>().sender);
  EXPECT_FALSE(sender.is_abandoned());
  ends.reset();
  EXPECT_TRUE(sender.is_abandoned());
  int value = 3;
  EXPECT_FALSE(sender.try_send(value));
  EXPECT_EQ(value, 3);
  EXPECT_EQ(other.send(4).error(), std::errc::broken_pipe);
  co_await yield();
}

template <template <class> class Routine>
Routine<void> a_cancelled_oneshot_wait_can_be_repeated(World) {
  Oneshot<int> ends = make_oneshot<int>();
  JoinHandle<int> child = spawn_routine(take_from<Routine>(ends.receiver));
  co_await yield();
  child.request_stop();
  Joined<int> stopped = co_await child.join();
  EXPECT_EQ(std::move(stopped).value(), -ECANCELED);
  EXPECT_TRUE(ends.sender.send(5).has_value());
  Result<int> received = co_await ends.receiver.receive();
  EXPECT_EQ(received.value(), 5);
}

// The second half frees what both share, on whichever thread it is.
template <template <class> class Routine>
Routine<void> a_thread_answers_by_oneshots(World) {
  const std::size_t times = rounds(200);
  UnboundedChannel<OneshotSender<int>> asked;
  std::thread thread([&asked] {
    for (int i = 0;; ++i) {
      Result<OneshotSender<int>> answer = wait_in_thread(asked.receive());
      if (!answer) break;
      if (i % 3 == 2) continue;  // dropped
      static_cast<void>(answer->send(i));
    }
  });
  for (std::size_t i = 0; i < times; ++i) {
    Oneshot<int> ends = make_oneshot<int>();
    EXPECT_TRUE(asked.send(std::move(ends.sender)).has_value());
    if (i % 5 == 4) continue;  // gone before the answer, or after it
    Result<int> answer = co_await ends.receiver.receive();
    EXPECT_EQ(answer.value_or(-1), i % 3 == 2 ? -1 : static_cast<int>(i));
  }
  asked.close();
  thread.join();
}

}  // namespace

void add_oneshot_scenarios(Suite& suite) {
  suite.add("a_oneshot_brings_its_value_before_and_during_the_wait",
            a_oneshot_brings_its_value_before_and_during_the_wait<Task>,
            a_oneshot_brings_its_value_before_and_during_the_wait<Script>);
  suite.add("a_dropped_oneshot_sender_ends_the_wait", a_dropped_oneshot_sender_ends_the_wait<Task>,
            a_dropped_oneshot_sender_ends_the_wait<Script>);
  suite.add("a_oneshot_without_a_receiver_leaves_the_value_with_its_sender",
            a_oneshot_without_a_receiver_leaves_the_value_with_its_sender<Task>,
            a_oneshot_without_a_receiver_leaves_the_value_with_its_sender<Script>);
  suite.add("a_cancelled_oneshot_wait_can_be_repeated",
            a_cancelled_oneshot_wait_can_be_repeated<Task>,
            a_cancelled_oneshot_wait_can_be_repeated<Script>);
  suite.add("a_thread_answers_by_oneshots", a_thread_answers_by_oneshots<Task>,
            a_thread_answers_by_oneshots<Script>);
}

}  // namespace rota::testing_tasks

// What programs of several workers may not do ends them with a message. The workers are simulated,
// so that no other thread is there when the process is copied.

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <system_error>
#include <utility>
#include <vector>

namespace rota::testing_sched {
namespace {

Config two_workers() {
  Config config;
  config.driver.kind = DriverKind::sim;
  config.scheduler.kind = SchedulerKind::per_core;
  config.scheduler.workers = 2;
  return config;
}

void run_to_the_death(Task<void> task) {
  Runtime::make(two_workers())->block_on(std::move(task));
}

TEST(WorkersLimitTest, more_than_a_runtime_can_have_are_refused) {
  Config config = two_workers();
  config.scheduler.workers = most_workers + 1;
  for (const SchedulerKind kind : {SchedulerKind::per_core, SchedulerKind::stealing}) {
    config.scheduler.kind = kind;
    EXPECT_EQ(Runtime::make(config).error(), std::errc::invalid_argument);
  }
}

TEST(WorkersLimitTest, as_many_as_a_runtime_can_have_run) {
  Config config = two_workers();
  config.scheduler.kind = SchedulerKind::stealing;
  config.scheduler.workers = most_workers;
  Runtime runtime = Runtime::make(config).value();
  EXPECT_EQ(runtime.block_on([]() -> Task<std::size_t> { co_return worker_count(); }()),
            most_workers);
}

Task<void> nothing() { co_return; }

Task<void> spawn_into_both_times(Scope& scope) {
  scope.spawn(nothing());
  scope.spawn(nothing());
  co_return;
}

enum class Sharing : bool { none, announced };

Task<void> spawn_from_the_other_worker(Sharing sharing) {
  auto body = [sharing](Scope& scope) -> Task<void> {
    if (sharing == Sharing::announced) scope.share();
    auto spawning = spawn_on(1, spawn_into_both_times(scope));
    auto joined = co_await spawning.join();
    std::move(joined).value();
  };
  co_await with_scope(body);
}

TEST(SharedScopeDeathTest, a_scope_of_another_worker_says_that_it_is_not_shared) {
  EXPECT_DEATH(run_to_the_death(spawn_from_the_other_worker(Sharing::none)),
               "a task spawned into a Scope of another worker; its owner must call share");
}

TEST(SharedScopeTest, a_shared_scope_takes_children_from_other_workers) {
  Runtime runtime = Runtime::make(two_workers()).value();
  runtime.block_on(spawn_from_the_other_worker(Sharing::announced));
  EXPECT_EQ(runtime.shutdown().tasks, 0u);
}

Task<void> make_a_channel_without_room() {
  const WorkerChannel<int> channel(0);
  co_return;
}

Task<void> receive_one(std::optional<WorkerChannel<int>>& channel) {
  static_cast<void>(co_await channel->receive());
}

Task<void> send_two(std::optional<WorkerChannel<int>>& channel) {
  static_cast<void>(co_await channel->send(1));
  static_cast<void>(co_await channel->send(2));
}

Task<void> drop_under(Task<void> user, std::optional<WorkerChannel<int>>& channel) {
  JoinHandle<void> waiting = spawn(std::move(user));
  for (int i = 0; i < 3; ++i) co_await yield();
  channel.reset();
  Joined<void> joined = co_await waiting.join();
  static_cast<void>(joined);
}

Task<void> drop_under_a_receiver() {
  std::optional<WorkerChannel<int>> channel(std::in_place, 1);
  co_await drop_under(receive_one(channel), channel);
}

Task<void> drop_under_a_sender() {
  std::optional<WorkerChannel<int>> channel(std::in_place, 1);
  co_await drop_under(send_two(channel), channel);
}

Task<void> receive_twice_at_once() {
  std::optional<WorkerChannel<int>> channel(std::in_place, 1);
  JoinHandle<void> first = spawn(receive_one(channel));
  JoinHandle<void> second = spawn(receive_one(channel));
  Joined<void> joined = co_await first.join();
  static_cast<void>(joined);
}

TEST(WorkerChannelDeathTest, what_has_no_room_or_is_made_outside_a_task) {
  EXPECT_DEATH(run_to_the_death(make_a_channel_without_room()), "holds one value");
  EXPECT_DEATH(WorkerChannel<int>(1), "only a task has a worker");
}

TEST(WorkerChannelDeathTest, what_goes_while_tasks_wait_for_it) {
  EXPECT_DEATH(run_to_the_death(drop_under_a_receiver()), "while tasks wait for it");
  EXPECT_DEATH(run_to_the_death(drop_under_a_sender()), "while tasks wait for it");
}

TEST(WorkerChannelDeathTest, two_receivers_at_a_time) {
  EXPECT_DEATH(run_to_the_death(receive_twice_at_once()), "one task receives");
}

Task<void> stop_a_sharded_twice() {
  auto numbers = co_await Sharded<int>::make(1);
  co_await numbers.stop();
  co_await numbers.stop();
}

TEST(ShardedMisuseDeathTest, to_stop_twice) {
  EXPECT_DEATH(run_to_the_death(stop_a_sharded_twice()), "was stopped or moved from");
}

Task<void> hang_up(TcpStream) { co_return; }

Task<void> serve_twice() {
  Result<ListenerGroup> group = co_await ListenerGroup::bind(Address::loopback(0));
  group->stop_accepting();
  for (int i = 0; i < 2; ++i) {
    Result<void> ended = co_await group->serve(hang_up);
    static_cast<void>(ended);
  }
}

Task<void> ask_for_a_worker_that_is_not_there() {
  Result<ListenerGroup> group = co_await ListenerGroup::bind(Address::loopback(0));
  static_cast<void>(group->live(2));
}

Task<void> place_by_no_key() {
  ServeOptions options;
  options.place = PlaceConnections::by_key;
  static_cast<void>(co_await ListenerGroup::bind(Address::loopback(0), options));
}

TEST(ListenerGroupDeathTest, to_serve_twice_to_ask_for_no_worker_or_place_by_no_key) {
  EXPECT_DEATH(run_to_the_death(serve_twice()), "serves once");
  EXPECT_DEATH(run_to_the_death(ask_for_a_worker_that_is_not_there()), "below worker_count");
  EXPECT_DEATH(run_to_the_death(place_by_no_key()), "key");
}

}  // namespace
}  // namespace rota::testing_sched

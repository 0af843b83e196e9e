#include "task/suite.hpp"

#include "task/loopback.hpp"

#include <gtest/gtest.h>

#include <poll.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <optional>

namespace rota::testing_tasks {
namespace {

using namespace std::chrono_literals;

/// Stops a task once it is parked, and expects that its wait was cancelled.
template <template <class> class Routine>
Routine<void> expect_stopped(JoinHandle<int> child) {
  for (int i = 0; i < 4; ++i) co_await yield();
  EXPECT_FALSE(child.is_done());
  child.request_stop();
  Joined<int> joined = co_await child.join();
  EXPECT_EQ(std::move(joined).value(), ECANCELED);
}

template <template <class> class Routine>
Routine<int> sleep_for_ever() {
  Result<void> slept = co_await sleep(kForEver);
  co_return code_of(slept);
}
template <template <class> class Routine>
Routine<int> wait_for(Event& event) {
  Result<void> waited = co_await event.wait();
  co_return code_of(waited);
}
template <template <class> class Routine>
Routine<int> send_to(Channel<int>& channel) {
  Result<void> sent = co_await channel.send(1);
  co_return code_of(sent);
}
template <template <class> class Routine>
Routine<int> receive_from(Channel<int>& channel) {
  Result<int> received = co_await channel.receive();
  co_return code_of(received);
}
template <template <class> class Routine>
Routine<int> join_with(JoinHandle<int>& other) {
  Joined<int> joined = co_await other.join();
  co_return joined.kind() == Joined<int>::Kind::stopped ? ECANCELED : 0;
}
template <template <class> class Routine>
Routine<int> hold_a_scope(Event& never) {
  int code = co_await with_scope([&never](Scope& scope) -> Task<int> {
    JoinHandle<int> child = spawn_routine(scope, wait_for<Routine>(never));
    Joined<int> joined = co_await child.join();
    if (joined.kind() == Joined<int>::Kind::stopped) co_return ECANCELED;
    co_return std::move(joined).value();  // The child is stopped too, and may end before the wait.
  });
  co_return code;
}

template <template <class> class Routine>
Routine<void> a_stop_ends_every_wait_among_tasks(World) {
  Event never;
  Channel<int> full(1);
  int one = 1;
  EXPECT_TRUE(full.try_send(one));
  Channel<int> empty(1);
  co_await as_task(expect_stopped<Routine>(spawn_routine(sleep_for_ever<Routine>())));
  co_await as_task(expect_stopped<Routine>(spawn_routine(wait_for<Routine>(never))));
  co_await as_task(expect_stopped<Routine>(spawn_routine(send_to<Routine>(full))));
  co_await as_task(expect_stopped<Routine>(spawn_routine(receive_from<Routine>(empty))));
  co_await as_task(expect_stopped<Routine>(spawn_routine(hold_a_scope<Routine>(never))));
  JoinHandle<int> other = spawn_routine(wait_for<Routine>(never));
  co_await as_task(expect_stopped<Routine>(spawn_routine(join_with<Routine>(other))));
  co_await as_task(expect_stopped<Routine>(std::move(other)));
}

template <template <class> class Routine>
Routine<int> accept_from(TcpListener& listener) {
  Result<TcpStream> accepted = co_await listener.accept();
  co_return code_of(accepted);
}
template <template <class> class Routine>
Routine<int> connect_to(const Address& address) {
  Result<TcpStream> connected = co_await TcpStream::connect(address);
  co_return code_of(connected);
}
template <template <class> class Routine>
Routine<int> read_from(TcpStream& stream) {
  std::array<std::byte, 16> buffer;
  Result<std::size_t> read = co_await stream.read(buffer);
  co_return code_of(read);
}
template <template <class> class Routine>
Routine<int> watch(int fd) {
  Result<void> ready = co_await readable(fd);
  co_return code_of(ready);
}

template <template <class> class Routine>
Routine<void> a_stop_ends_every_wait_for_the_network(World) {
  Result<TcpListener> listener = TcpListener::bind(Address::loopback(0));
  const Address address = listener->local_address().value();
  co_await as_task(expect_stopped<Routine>(spawn_routine(accept_from<Routine>(*listener))));

  // The accept lost no connection by being cancelled.
  Result<TcpStream> client = co_await TcpStream::connect(address);
  Result<TcpStream> server = co_await listener->accept();
  EXPECT_TRUE(client.has_value());
  EXPECT_TRUE(server.has_value());
  co_await as_task(expect_stopped<Routine>(spawn_routine(read_from<Routine>(*server))));

  // Nor did the read lose a byte.
  std::array<std::byte, 1> byte{std::byte{42}};
  Result<void> written = co_await client->write_all(byte);
  EXPECT_TRUE(written.has_value());
  std::array<std::byte, 16> buffer;
  Result<std::size_t> read = co_await server->read(buffer);
  EXPECT_EQ(read.value(), 1u);
  EXPECT_EQ(buffer[0], std::byte{42});
}

template <template <class> class Routine>
Routine<void> a_stop_ends_a_connect_and_a_watch(World) {
  FullListener full;
  co_await as_task(expect_stopped<Routine>(spawn_routine(connect_to<Routine>(full.address()))));
  Pipe pipe;
  co_await as_task(expect_stopped<Routine>(spawn_routine(watch<Routine>(pipe.reader()))));
}

template <template <class> class Routine>
Routine<int> run_and_sleep(bool& ran) {
  ran = true;
  Result<void> slept = co_await sleep(kForEver);
  co_return code_of(slept);
}

template <template <class> class Routine>
Routine<void> a_task_that_is_stopped_before_it_runs_runs_to_its_first_wait(World) {
  bool ran = false;
  JoinHandle<int> child = spawn_routine(run_and_sleep<Routine>(ran));
  child.request_stop();
  EXPECT_FALSE(ran);
  Joined<int> joined = co_await child.join();
  EXPECT_TRUE(ran);
  EXPECT_EQ(std::move(joined).value(), ECANCELED);
}

template <template <class> class Routine>
Routine<int> shielded_then_not(Event& release) {
  int inside = co_await shielded(as_task(wait_for<Routine>(release)));
  EXPECT_EQ(inside, 0) << "the shield let a stop through";
  EXPECT_TRUE(stop_requested());
  Result<void> slept = co_await sleep(kForEver);
  co_return code_of(slept);
}

template <template <class> class Routine>
Routine<void> a_shield_holds_a_stop_back(World) {
  Event release;
  JoinHandle<int> child = spawn_routine(shielded_then_not<Routine>(release));
  co_await yield();
  child.request_stop();
  co_await yield();
  EXPECT_FALSE(child.is_done());
  release.set();
  Joined<int> joined = co_await child.join();
  EXPECT_EQ(std::move(joined).value(), ECANCELED);
}

template <template <class> class Routine>
Routine<void> note_outcome(Event& event, std::optional<int>& outcome) {
  Result<void> waited = co_await event.wait();
  outcome = code_of(waited);
}
/// A parent whose body is under a shield while its child waits.
template <template <class> class Routine>
Routine<void> shield_the_body(Event& never, Event& release, std::optional<int>& child) {
  co_await with_scope([&](Scope& scope) -> Task<void> {
    static_cast<void>(spawn_routine(scope, note_outcome<Routine>(never, child)));
    int inside = co_await shielded(as_task(wait_for<Routine>(release)));
    EXPECT_EQ(inside, 0);
  });
}

template <template <class> class Routine>
Routine<void> a_stop_reaches_the_children_of_a_shielded_body(World) {
  Event never;
  Event release;
  std::optional<int> child;
  JoinHandle<void> parent = spawn_routine(shield_the_body<Routine>(never, release, child));
  for (int i = 0; i < 5; ++i) co_await yield();
  parent.request_stop();
  for (int i = 0; i < 5; ++i) co_await yield();
  EXPECT_EQ(child, ECANCELED);
  EXPECT_FALSE(parent.is_done());
  release.set();
  Joined<void> joined = co_await parent.join();
  EXPECT_TRUE(joined.has_value());
}

template <template <class> class Routine>
Routine<void> under_a_token(StopToken token, Event& never, Event& release,
                            std::optional<int>& child) {
  co_await with_stop(token, as_task(shield_the_body<Routine>(never, release, child)));
}

template <template <class> class Routine>
Routine<void> a_token_reaches_the_children_of_a_shielded_body(World) {
  Event never;
  Event release;
  StopSource source;
  std::optional<int> child;
  JoinHandle<void> parent =
      spawn_routine(under_a_token<Routine>(source.token(), never, release, child));
  for (int i = 0; i < 5; ++i) co_await yield();
  source.request_stop();
  for (int i = 0; i < 5; ++i) co_await yield();
  EXPECT_EQ(child, ECANCELED);
  EXPECT_FALSE(parent.is_done());
  release.set();
  Joined<void> joined = co_await parent.join();
  EXPECT_TRUE(joined.has_value());
}

template <template <class> class Routine>
Routine<void> ask_at_every_step(bool& seen) {
  for (int i = 0; i < 100 && !seen; ++i) {
    seen = stop_requested();
    co_await yield();
  }
}
/// A parent that only computes: it is never parked when its stop arrives.
template <template <class> class Routine>
Routine<void> compute_beside_a_child(bool& seen) {
  co_await with_scope([&seen](Scope& scope) -> Task<void> {
    static_cast<void>(spawn_routine(scope, ask_at_every_step<Routine>(seen)));
    while (scope.live() != 0) co_await yield();
  });
}

template <template <class> class Routine>
Routine<void> a_stop_reaches_the_children_of_a_body_that_computes(World) {
  bool seen = false;
  JoinHandle<void> parent = spawn_routine(compute_beside_a_child<Routine>(seen));
  for (int i = 0; i < 5; ++i) co_await yield();
  parent.request_stop();
  Joined<void> joined = co_await parent.join();
  EXPECT_TRUE(joined.has_value());
  EXPECT_TRUE(seen);
}

template <template <class> class Routine>
Routine<void> wait_in_a_scope(Event& release, std::optional<int>& child) {
  co_await with_scope([&](Scope& scope) -> Task<void> {
    static_cast<void>(spawn_routine(scope, note_outcome<Routine>(release, child)));
    co_return;
  });
}
template <template <class> class Routine>
Routine<void> shield_a_scope(Event& release, std::optional<int>& child) {
  co_await shielded(as_task(wait_in_a_scope<Routine>(release, child)));
}

template <template <class> class Routine>
Routine<void> a_stop_does_not_reach_a_scope_inside_a_shield(World) {
  Event release;
  std::optional<int> child;
  JoinHandle<void> parent = spawn_routine(shield_a_scope<Routine>(release, child));
  for (int i = 0; i < 5; ++i) co_await yield();
  parent.request_stop();
  for (int i = 0; i < 5; ++i) co_await yield();
  EXPECT_FALSE(child.has_value());
  release.set();
  Joined<void> joined = co_await parent.join();
  EXPECT_TRUE(joined.has_value());
  EXPECT_EQ(child, 0);
}

template <template <class> class Routine>
Routine<int> stopped_by_the_source_alone(StopSource& source) {
  int code = co_await with_stop(source.token(), as_task(sleep_for_ever<Routine>()));
  EXPECT_FALSE(stop_requested());
  Result<void> slept = co_await sleep(Duration(1us));
  EXPECT_TRUE(slept.has_value());
  co_return code;
}

template <template <class> class Routine>
Routine<void> a_stop_source_stops_what_runs_under_its_token(World) {
  StopSource source;
  JoinHandle<int> first = spawn_routine(stopped_by_the_source_alone<Routine>(source));
  JoinHandle<int> second = spawn_routine(stopped_by_the_source_alone<Routine>(source));
  co_await yield();
  source.request_stop();
  Joined<int> one = co_await first.join();
  EXPECT_EQ(std::move(one).value(), ECANCELED);
  Joined<int> two = co_await second.join();
  EXPECT_EQ(std::move(two).value(), ECANCELED);
  // Who comes late is stopped too.
  JoinHandle<int> late = spawn_routine(stopped_by_the_source_alone<Routine>(source));
  Joined<int> three = co_await late.join();
  EXPECT_EQ(std::move(three).value(), ECANCELED);
}

template <template <class> class Routine>
Routine<int> answer_in_time() {
  co_await yield();
  co_return 7;
}
template <template <class> class Routine>
Routine<Result<void>> sleep_as_result(Duration span) {
  Result<void> slept = co_await sleep(span);
  co_return slept;
}

template <template <class> class Routine>
Routine<void> a_timeout_yields_the_value_or_that_it_ran_out(World) {
  Result<int> value = co_await timeout(kForEver, as_task(answer_in_time<Routine>()));
  EXPECT_EQ(value.value(), 7);
  const Instant before = now();
  Result<void> late = co_await timeout(Duration(2ms), as_task(sleep_as_result<Routine>(kForEver)));
  EXPECT_EQ(code_of(late), ETIMEDOUT);
  EXPECT_GE(now() - before, Duration(2ms));
  EXPECT_FALSE(stop_requested());
}

template <template <class> class Routine>
Routine<Result<void>> sleep_with_limit(Duration limit) {
  Result<void> slept = co_await timeout(limit, as_task(sleep_as_result<Routine>(kForEver)));
  co_return slept;
}

template <template <class> class Routine>
Routine<void> of_nested_timeouts_the_nearer_one_decides(World) {
  Result<void> by_inner =
      co_await timeout(kForEver, as_task(sleep_with_limit<Routine>(Duration(1ms))));
  EXPECT_EQ(code_of(by_inner), ETIMEDOUT);
  Result<void> by_outer =
      co_await timeout(Duration(1ms), as_task(sleep_with_limit<Routine>(kForEver)));
  EXPECT_EQ(code_of(by_outer), ETIMEDOUT);
}

}  // namespace

void add_stop_scenarios(Suite& suite) {
  suite.add("a_stop_ends_every_wait_among_tasks", a_stop_ends_every_wait_among_tasks<Task>,
            a_stop_ends_every_wait_among_tasks<Script>);
  suite.add("a_stop_ends_every_wait_for_the_network", a_stop_ends_every_wait_for_the_network<Task>,
            a_stop_ends_every_wait_for_the_network<Script>);
  suite.add("a_stop_ends_a_connect_and_a_watch", a_stop_ends_a_connect_and_a_watch<Task>,
            a_stop_ends_a_connect_and_a_watch<Script>);
  suite.add("a_task_that_is_stopped_before_it_runs_runs_to_its_first_wait",
            a_task_that_is_stopped_before_it_runs_runs_to_its_first_wait<Task>,
            a_task_that_is_stopped_before_it_runs_runs_to_its_first_wait<Script>, RunOrder::queue);
  suite.add("a_shield_holds_a_stop_back", a_shield_holds_a_stop_back<Task>,
            a_shield_holds_a_stop_back<Script>);
  suite.add("a_stop_reaches_the_children_of_a_shielded_body",
            a_stop_reaches_the_children_of_a_shielded_body<Task>,
            a_stop_reaches_the_children_of_a_shielded_body<Script>, RunOrder::queue);
  suite.add("a_token_reaches_the_children_of_a_shielded_body",
            a_token_reaches_the_children_of_a_shielded_body<Task>,
            a_token_reaches_the_children_of_a_shielded_body<Script>, RunOrder::queue);
  suite.add("a_stop_reaches_the_children_of_a_body_that_computes",
            a_stop_reaches_the_children_of_a_body_that_computes<Task>,
            a_stop_reaches_the_children_of_a_body_that_computes<Script>, RunOrder::queue);
  suite.add("a_stop_does_not_reach_a_scope_inside_a_shield",
            a_stop_does_not_reach_a_scope_inside_a_shield<Task>,
            a_stop_does_not_reach_a_scope_inside_a_shield<Script>);
  suite.add("a_stop_source_stops_what_runs_under_its_token",
            a_stop_source_stops_what_runs_under_its_token<Task>,
            a_stop_source_stops_what_runs_under_its_token<Script>);
  suite.add("a_timeout_yields_the_value_or_that_it_ran_out",
            a_timeout_yields_the_value_or_that_it_ran_out<Task>,
            a_timeout_yields_the_value_or_that_it_ran_out<Script>);
  suite.add("of_nested_timeouts_the_nearer_one_decides",
            of_nested_timeouts_the_nearer_one_decides<Task>,
            of_nested_timeouts_the_nearer_one_decides<Script>);
}

}  // namespace rota::testing_tasks

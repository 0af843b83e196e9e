#pragma once

#include "base/random.hpp"
#include "stress/connection.hpp"
#include "stress/vigil.hpp"
#include "task/script.hpp"

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace rota::testing_stress {

using testing_tasks::as_task;
using testing_tasks::spawn_routine;

/// What the tasks of a stress test share.
struct World {
  Vigil& vigil;
  Channel<int> tokens{3};
  std::string folder;
};

/// One of them.
struct Actor {
  World& world;
  int id;
  Random random;

  Actor(World& in, int number, std::uint64_t seed) : world(in), id(number), random(seed) {}
  void at(const char* what) noexcept { world.vigil.place(static_cast<std::size_t>(id)).at(what); }
};

/// User code, long enough for its thread to be interrupted in; sometimes long enough for a
/// neighbour to tend its worker.
inline void compute(Random& random) {
  const bool long_one = random.chance(3);
  const std::uint32_t units = random.below(long_one ? 6'000'000 : 2'000);
  for (std::uint32_t i = 0; i < units; ++i) signal_fence(MemoryOrder::seq_cst);
}

template <template <class> class Routine>
Routine<int> answer(std::uint64_t seed, int value) {
  Random random(seed);
  compute(random);
  if (random.chance(500)) co_await yield();
  co_return value;
}
template <template <class> class Routine>
Routine<void> fail(std::uint64_t seed) {
  Random random(seed);
  if (random.chance(500)) co_await yield();
  throw std::runtime_error("planned");
}
template <template <class> class Routine>
Routine<void> wait_for(Event& event) {
  Result<void> waited = co_await event.wait();
  EXPECT_TRUE(waited || is_canceled(waited.error()));
}
template <template <class> class Routine>
Routine<void> echo(TcpStream& stream) {
  std::array<std::byte, 32> buffer;
  for (;;) {
    Result<std::size_t> read = co_await stream.read(buffer);
    if (!read || *read == 0) break;
    Result<void> written = co_await stream.write_all(std::span(buffer).first(*read));
    if (!written) break;
  }
}

/// A value in and one out, both within a limit: a channel of all tasks.
template <template <class> class Routine>
Routine<void> pass_tokens(Actor& actor) {
  const Duration limit(actor.random.below(300'000));
  Result<void> sent = co_await timeout(limit, actor.world.tokens.send(actor.id));
  compute(actor.random);
  Result<int> received = co_await timeout(limit, actor.world.tokens.receive());
  EXPECT_TRUE(sent || sent.error() == std::errc::timed_out || is_canceled(sent.error()));
  EXPECT_TRUE(received || received.error() == std::errc::timed_out ||
              is_canceled(received.error()));
}

template <template <class> class Routine>
Routine<void> join_a_task(Actor& actor) {
  JoinHandle<int> child = spawn(as_task(answer<Routine>(actor.random.next(), actor.id)));
  compute(actor.random);
  const std::uint32_t fate = actor.random.below(4);
  if (fate == 0) child.request_stop();
  if (fate != 1) {
    Joined<int> joined = co_await child.join();
    EXPECT_TRUE(stop_requested() || std::move(joined).value() == actor.id);
  }
}

/// A child waits for an event, which is set while it is stopped.
template <template <class> class Routine>
Routine<void> set_and_stop(Actor& actor) {
  Event event;
  Actor* self = &actor;
  co_await with_scope([self, &event](Scope& scope) -> Task<void> {
    JoinHandle<void> child = spawn_routine(scope, wait_for<Routine>(event));
    compute(self->random);
    const std::uint32_t fate = self->random.below(3);
    if (fate != 0) event.set();
    compute(self->random);
    if (fate != 1) child.request_stop();
    co_return;
  });
}

template <template <class> class Routine>
Routine<void> fail_a_scope(Actor& actor) {
  Event never;
  Actor* self = &actor;
  bool caught = false;
  try {
    co_await with_scope([self, &never](Scope& scope) -> Task<void> {
      static_cast<void>(spawn_routine(scope, wait_for<Routine>(never)));
      static_cast<void>(spawn_routine(scope, fail<Routine>(self->random.next())));
      static_cast<void>(spawn_routine(scope, wait_for<Routine>(never)));
      Result<void> waited = co_await never.wait();
      EXPECT_FALSE(waited.has_value());
    });
  } catch (const std::runtime_error&) {
    caught = true;
  }
  // A child of a stopped scope runs all the same.
  EXPECT_TRUE(caught);
}

template <template <class> class Routine>
Routine<void> run_into_a_deadline(Actor& actor) {
  Event never;
  const Duration limit(actor.random.below(200'000));
  Result<void> waited = co_await timeout(limit, never.wait());
  EXPECT_FALSE(waited.has_value());
  compute(actor.random);
  Task<Result<void>> inner = timeout(limit, as_task(wait_for<Routine>(never)));
  Result<void> whole = co_await std::move(inner);
  EXPECT_TRUE(!whole || stop_requested());
  Result<void> slept = co_await sleep(Duration(actor.random.below(50'000)));
  EXPECT_TRUE(slept || stop_requested());
}

template <template <class> class Routine>
Routine<void> ask(TcpStream& stream, std::uint64_t seed) {
  Random random(seed);
  std::array<std::byte, 32> buffer{};
  const std::uint32_t questions = random.between(1, 6);
  for (std::uint32_t i = 0; i < questions; ++i) {
    buffer[0] = static_cast<std::byte>(i);
    Result<void> written = co_await stream.write_all(std::span(buffer).first(1));
    if (!written) break;
    compute(random);
    Result<std::size_t> read = co_await stream.read(buffer);
    if (!read) break;
    EXPECT_TRUE(*read == 1 && buffer[0] == static_cast<std::byte>(i));
  }
  static_cast<void>(stream.shutdown(ShutdownHalf::write));
}

template <template <class> class Routine>
Routine<void> echo_to_each_other(Actor& actor) {
  Connection connection(actor.random.chance(200) ? SocketKind::tcp : SocketKind::local);
  Actor* self = &actor;
  co_await with_scope([self, &connection](Scope& scope) -> Task<void> {
    static_cast<void>(spawn_routine(scope, echo<Routine>(connection.left)));
    static_cast<void>(spawn_routine(scope, ask<Routine>(connection.right, self->random.next())));
    co_return;
  });
  if (actor.random.chance(500)) {
    Result<void> closed = co_await connection.left.close();
    EXPECT_TRUE(closed.has_value());
  }
}

/// A read that was started is ended by a close, or by what comes just before it.
template <template <class> class Routine>
Routine<void> read_and_tell(TcpStream& stream, std::atomic<bool>& started) {
  std::array<std::byte, 8> buffer;
  auto read = stream.read(buffer);
  using Leaf = Announced<CountLeaf<Transfer>>;
  Result<std::size_t> result = co_await Await<Leaf>(std::in_place, read.leaf(), started);
  EXPECT_TRUE(result.has_value() || is_canceled(result.error())) << result.error().message();
}
template <template <class> class Routine>
Routine<void> close_once_started(TcpStream& stream, std::atomic<bool>& started) {
  while (!started.load()) co_await yield();
  Result<void> closed = co_await stream.close();
  EXPECT_TRUE(closed.has_value());
}
template <template <class> class Routine>
Routine<void> write_some(TcpStream& stream, std::uint64_t seed) {
  Random random(seed);
  const std::array<std::byte, 8> bytes{};
  while (random.chance(700)) {
    compute(random);
    Result<std::size_t> written = co_await stream.write(bytes);
    if (!written) break;
  }
}
template <template <class> class Routine>
Routine<void> close_from_a_third(Actor& actor) {
  Connection connection(SocketKind::local);
  std::atomic<bool> started = false;
  Actor* self = &actor;
  co_await with_scope([self, &connection, &started](Scope& scope) -> Task<void> {
    static_cast<void>(spawn_routine(scope, read_and_tell<Routine>(connection.left, started)));
    static_cast<void>(spawn_routine(scope, close_once_started<Routine>(connection.left, started)));
    const std::uint64_t seed = self->random.next();
    static_cast<void>(spawn_routine(scope, write_some<Routine>(connection.right, seed)));
    co_return;
  });
}

inline constexpr OpenMode kReadAndWrite = OpenMode::read | OpenMode::write | OpenMode::create;

template <template <class> class Routine>
Routine<void> write_a_file(Actor& actor) {
  const std::string path = actor.world.folder + "/" + std::to_string(actor.id);
  Result<File> file = co_await File::open(path, kReadAndWrite);
  if (file) {
    std::array<std::byte, 64> bytes{};
    bytes[0] = static_cast<std::byte>(actor.id);
    Result<void> written = co_await file->write_at(0, bytes);
    if (actor.random.chance(500)) co_await yield();
    std::array<std::byte, 64> back{};
    Result<std::size_t> read = co_await file->read_at(0, back);
    EXPECT_TRUE(!written || !read || back == bytes);
    EXPECT_TRUE((written && read) || stop_requested());
  }
}

/// A bit of everything, so many times, or until it must stop.
template <template <class> class Routine>
Routine<void> do_everything(World& world, int id, std::uint64_t seed, std::size_t times) {
  Actor actor(world, id, seed);
  for (std::size_t i = 0; i < times && !stop_requested(); ++i) {
    compute(actor.random);
    switch (actor.random.below(9)) {
      case 0:
        actor.at("pass_tokens");
        co_await as_task(pass_tokens<Routine>(actor));
        break;
      case 1:
        actor.at("join_a_task");
        co_await as_task(join_a_task<Routine>(actor));
        break;
      case 2:
        actor.at("set_and_stop");
        co_await as_task(set_and_stop<Routine>(actor));
        break;
      case 3:
        actor.at("fail_a_scope");
        co_await as_task(fail_a_scope<Routine>(actor));
        break;
      case 4:
        actor.at("deadline");
        co_await as_task(run_into_a_deadline<Routine>(actor));
        break;
      case 5:
        actor.at("echo");
        co_await as_task(echo_to_each_other<Routine>(actor));
        break;
      case 6:
        actor.at("close");
        co_await as_task(close_from_a_third<Routine>(actor));
        break;
      case 7:
        actor.at("file");
        co_await as_task(write_a_file<Routine>(actor));
        break;
      default:
        actor.at("yield");
        co_await yield();
        break;
    }
  }
  actor.at("ended");
}

}  // namespace rota::testing_stress

// While one task has its worker for itself, others' I/O goes on, and so does that of the tasks that
// live on this very worker: the long task ends only once it has seen that.

#include "sched/runtime_core.hpp"
#include "sched/seat.hpp"
#include "sched/stealing.hpp"
#include "sched/worker.hpp"
#include "stress/column.hpp"
#include "stress/everything.hpp"
#include "stress/unrest.hpp"
#include "task/ledger.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <utility>

namespace rota::testing_stress {
namespace {

using testing_tasks::Ledger;
using testing_tasks::Script;

class LongTaskTest : public testing::TestWithParam<Column> {};

/// What the long task sees to without ever giving up its worker.
struct Scene {
  Vigil& vigil;
  Event begun{};                           // the long task computes
  std::atomic<bool> computing{false};      // the same, for whoever may not wait
  std::atomic<bool> resident_done{false};  // by a task that lives on the busy worker
  std::atomic<bool> together{false};       // it has begun where the resident lives
  std::atomic<bool> others_done{false};    // by tasks that may live anywhere

  [[nodiscard]] bool over() const { return resident_done.load() && others_done.load(); }
};

/// What the task waits for that lives on the busy worker.
enum class Resident : bool { socket, timer };

template <template <class> class Routine>
Routine<void> answer_once(TcpStream& stream, std::atomic<bool>& started) {
  std::array<std::byte, 8> buffer;
  auto read = stream.read(buffer);
  using Leaf = Announced<CountLeaf<Transfer>>;
  Result<std::size_t> result = co_await Await<Leaf>(std::in_place, read.leaf(), started);
  EXPECT_EQ(result.value_or(0), 1u);
  Result<void> written = co_await stream.write_all(std::span(buffer).first(1));
  EXPECT_TRUE(written.has_value());
}
template <template <class> class Routine>
Routine<void> sleep_once(std::atomic<bool>& started, std::atomic<bool>& slept) {
  auto wait = sleep(Duration{5'000'000});
  using Leaf = Announced<SleepLeaf>;
  Result<void> result = co_await Await<Leaf>(std::in_place, wait.leaf(), started);
  EXPECT_TRUE(result.has_value());
  slept.store(true);
}
template <template <class> class Routine>
Routine<void> echo_beside(Scene& scene) {
  Result<void> begun = co_await scene.begun.wait();
  EXPECT_TRUE(begun.has_value());
  for (int i = 0; i < 20; ++i) {
    scene.vigil.place(1).at("echo beside a long task");
    Connection connection(SocketKind::local);
    co_await with_scope([&connection](Scope& scope) -> Task<void> {
      static_cast<void>(spawn_routine(scope, echo<Routine>(connection.left)));
      static_cast<void>(spawn_routine(scope, ask<Routine>(connection.right, 1)));
      co_return;
    });
  }
  scene.others_done.store(true);
}

/// Asks a server by plain system calls, once the long task has begun.
void ask_from_outside(Scene& scene, int fd) {
  while (!scene.computing.load()) std::this_thread::yield();
  scene.vigil.place(2).at("asking a server on the busy worker");
  const char byte = 'x';
  EXPECT_EQ(::write(fd, &byte, 1), 1);
  pollfd readable{.fd = fd, .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&readable, 1, -1), 1);
  scene.resident_done.store(true);
}

/// If the resident lives on this worker by now: does not come back before it has gone on.
void compute_beside(Scene& scene, const JoinHandle<void>& resident) {
  if (resident.task().home != current_seat().worker) return;
  scene.together.store(true);
  scene.vigil.place(0).at("a long task");
  scene.begun.set();
  scene.computing.store(true);
  while (!scene.over()) signal_fence(MemoryOrder::seq_cst);
}

template <template <class> class Routine>
Routine<void> compute_beside_a_server(Scene& scene) {
  const Ends ends(SocketKind::local);
  Result<TcpStream> stream = TcpStream::from_fd(ends.left);
  std::atomic<bool> started = false;
  JoinHandle<void> server = spawn_routine(answer_once<Routine>(*stream, started));
  while (!started.load()) co_await yield();
  std::thread outside([&scene, fd = ends.right] { ask_from_outside(scene, fd); });
  compute_beside(scene, server);
  // Else it is asked all the same, and there will be another one.
  scene.computing.store(true);
  outside.join();
  Joined<void> joined = co_await server.join();
  std::move(joined).value();
  ::close(ends.right);
}

template <template <class> class Routine>
Routine<void> compute_beside_a_sleeper(Scene& scene) {
  std::atomic<bool> started = false;
  JoinHandle<void> sleeper = spawn_routine(sleep_once<Routine>(started, scene.resident_done));
  while (!started.load()) co_await yield();
  compute_beside(scene, sleeper);
  Joined<void> joined = co_await sleeper.join();
  std::move(joined).value();
}

/// A task goes where there is time for it, so it takes some tries until two live on one worker.
template <template <class> class Routine>
Routine<void> compute_until_all_is_seen(Vigil& vigil, Resident resident) {
  bool seen = false;
  while (!seen) {
    Scene scene{.vigil = vigil};
    JoinHandle<void> others = spawn_routine(echo_beside<Routine>(scene));
    if (resident == Resident::socket) {
      co_await as_task(compute_beside_a_server<Routine>(scene));
    } else {
      co_await as_task(compute_beside_a_sleeper<Routine>(scene));
    }
    seen = scene.together.load();
    scene.begun.set();
    Joined<void> joined = co_await others.join();
    std::move(joined).value();
  }
}

TEST_P(LongTaskTest, delays_neither_others_nor_those_of_its_worker) {
  const Column column = GetParam();
  Vigil vigil;
  const Ledger before = Ledger::now();
  {
    Result<Runtime> runtime = Runtime::make(column.config());
    if (!runtime) GTEST_SKIP() << "no such driver here: " << runtime.error().message();
    for (std::size_t i = 0; i < rounds(20); ++i) {
      const Resident resident = i % 2 == 0 ? Resident::socket : Resident::timer;
      runtime->block_on(column.task == TaskKind::coroutine
                            ? compute_until_all_is_seen<Task>(vigil, resident)
                            : as_task(compute_until_all_is_seen<Script>(vigil, resident)));
    }
    EXPECT_GT(runtime->counters().tended, 0u);
    EXPECT_TRUE(runtime->shutdown().clean());
  }
  EXPECT_EQ(Ledger::now(), before);
}

/// Begins to compute when it is told to by a byte.
template <template <class> class Routine>
Routine<void> compute_when_told(Scene& scene, TcpStream& stream, std::atomic<bool>& started,
                                const JoinHandle<void>& resident) {
  std::array<std::byte, 8> buffer;
  auto read = stream.read(buffer);
  using Leaf = Announced<CountLeaf<Transfer>>;
  Result<std::size_t> told = co_await Await<Leaf>(std::in_place, read.leaf(), started);
  EXPECT_EQ(told.value_or(0), 1u);
  compute_beside(scene, resident);
  scene.computing.store(true);  // If it does not: whoever asks need not wait.
}

/// Until all workers are asleep and none of them looks after the others any more. (One that has
/// just announced its sleep may begin to: then this round shows less.)
void await_silence(RuntimeCore& core) {
  const auto& scheduler = static_cast<const StealingScheduler&>(core.scheduler());
  const auto sleeps = [](const Worker* worker) { return worker->asleep(); };
  while (scheduler.watchers() != 0 || !std::ranges::all_of(core.workers(), sleeps)) {
    std::this_thread::yield();
  }
}

template <template <class> class Routine>
Routine<void> compute_after_a_silence(Scene& scene, const Ends& told, const Ends& asked,
                                      std::atomic<bool>& both_wait) {
  Result<TcpStream> computed = TcpStream::from_fd(told.left);
  Result<TcpStream> served = TcpStream::from_fd(asked.left);
  std::atomic<bool> serves = false;
  std::atomic<bool> reads = false;
  JoinHandle<void> server = spawn_routine(answer_once<Routine>(*served, serves));
  while (!serves.load()) co_await yield();
  JoinHandle<void> computer =
      spawn_routine(compute_when_told<Routine>(scene, *computed, reads, server));
  while (!reads.load()) co_await yield();
  both_wait.store(true);
  Joined<void> first = co_await computer.join();
  std::move(first).value();
  Joined<void> second = co_await server.join();
  std::move(second).value();
}

/// False: the two tasks did not live on one worker.
bool compute_once_after_a_silence(Runtime& runtime, const Column& column, Vigil& vigil) {
  Scene scene{.vigil = vigil};
  scene.others_done.store(true);
  const Ends told(SocketKind::local);
  const Ends asked(SocketKind::local);
  std::atomic<bool> both_wait = false;
  JoinHandle<void> tasks =
      runtime.spawn(column.task == TaskKind::coroutine
                        ? compute_after_a_silence<Task>(scene, told, asked, both_wait)
                        : as_task(compute_after_a_silence<Script>(scene, told, asked, both_wait)));
  vigil.place(3).at("waiting until both wait");
  while (!both_wait.load()) std::this_thread::yield();
  vigil.place(3).at("waiting for silence");
  await_silence(tasks.task().home->runtime());
  const char byte = 'x';
  EXPECT_EQ(::write(told.right, &byte, 1), 1);
  ask_from_outside(scene, asked.right);
  while (!tasks.is_done()) std::this_thread::yield();
  ::close(told.right);
  ::close(asked.right);
  return scene.together.load();
}

TEST_P(LongTaskTest, is_tended_by_a_neighbour_that_slept_for_long) {
  const Column column = GetParam();
  Vigil vigil;
  const Ledger before = Ledger::now();
  {
    Result<Runtime> runtime = Runtime::make(column.config());
    if (!runtime) GTEST_SKIP() << "no such driver here: " << runtime.error().message();
    for (std::size_t i = 0; i < rounds(3); ++i) {
      while (!compute_once_after_a_silence(*runtime, column, vigil)) {
      }
    }
    EXPECT_TRUE(runtime->shutdown().clean());
  }
  EXPECT_EQ(Ledger::now(), before);
}

INSTANTIATE_TEST_SUITE_P(Stress, LongTaskTest, testing::ValuesIn(columns()), name_of);

}  // namespace
}  // namespace rota::testing_stress

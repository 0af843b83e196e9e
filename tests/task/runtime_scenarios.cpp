#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace rota::testing_tasks {
namespace {

template <template <class> class Routine>
Routine<int> wait_until_stopped(Event& never) {
  Result<void> waited = co_await never.wait();
  co_return waited ? 0 : waited.error().value();
}

template <template <class> class Routine>
Routine<void> a_runtime_says_which_driver_it_has_and_why(World world) {
  const bool is_named = world.driver != DriverKind::best;
  const bool says_so =
      world.runtime.driver_reason().find("asked for by name") != std::string::npos;
  EXPECT_EQ(says_so, is_named) << world.runtime.driver_reason();
  EXPECT_NE(world.runtime.driver_reason().find(world.runtime.driver_name()), std::string::npos)
      << world.runtime.driver_name();
  // What stands beside it is what it could do without: a driver that was refused is not here.
  for (const RefusedDriver& refused : world.runtime.refused()) {
    EXPECT_FALSE(refused.mechanism.empty());
    EXPECT_FALSE(refused.reason.empty());
    EXPECT_GT(refused.error, 0);
  }
  co_await yield();
}

template <template <class> class Routine>
Routine<void> frames_in_use_are_counted_in_bytes(World) {
  Event event;
  const std::size_t before = frame_bytes_in_use();
  {
    JoinHandle<int> child = spawn_routine(wait_until_stopped<Routine>(event));
    co_await yield();
    EXPECT_GE(frame_bytes_in_use(), before + sizeof(TaskHeader));
    event.set();
    Joined<int> joined = co_await child.join();
    EXPECT_EQ(std::move(joined).value(), 0);
  }
  EXPECT_EQ(frame_bytes_in_use(), before);
}

template <template <class> class Routine>
Routine<int> outlive_a_signal(Runtime& runtime, Event& never) {
  JoinHandle<bool> stopper = runtime.spawn(stop_on_signal(runtime));
  JoinHandle<int> child = spawn_routine(wait_until_stopped<Routine>(never));
  for (int i = 0; i < 3; ++i) co_await yield();
  EXPECT_FALSE(child.is_done());
  EXPECT_EQ(kill(getpid(), SIGTERM), 0);
  Joined<int> stopped = co_await child.join();
  Joined<bool> ended = co_await stopper.join();
  EXPECT_TRUE(ended.has_value());
  co_return std::move(stopped).value();
}

template <template <class> class Routine>
Routine<void> a_signal_stops_every_task_of_a_runtime(World world) {
  Event never;
  int code = co_await shielded(as_task(outlive_a_signal<Routine>(world.runtime, never)));
  EXPECT_EQ(code, ECANCELED);
  // This task is one of them.
  EXPECT_TRUE(stop_requested());
  Result<void> waited = co_await never.wait();
  EXPECT_EQ(waited.error(), std::errc::operation_canceled);
}

template <template <class> class Routine>
Routine<int> answer(int value) {
  co_await yield();
  co_return value;
}
template <template <class> class Routine>
Routine<void> succeed(bool& ran) {
  co_await yield();
  ran = true;
}
template <template <class> class Routine>
Routine<int> fail(const char* what) {
  co_await yield();
  throw std::runtime_error(what);
}
template <template <class> class Routine>
Routine<int> be_interrupted() {
  Event never;
  co_await yield();  // the handler was installed before this task began
  EXPECT_EQ(kill(getpid(), SIGINT), 0);
  Result<void> waited = co_await never.wait();
  co_return waited ? 0 : waited.error().value();
}

/// `run` makes a runtime of its own, so it needs a thread of its own.
template <class T>
int run_apart(Task<T> main, const Config& config) {
  int status = -1;
  std::thread([&] { status = run(std::move(main), config); }).join();
  return status;
}

template <template <class> class Routine>
Routine<void> run_yields_the_status_of_a_program(World world) {
  bool ran = false;
  EXPECT_EQ(run_apart(as_task(answer<Routine>(7)), world.config), 7);
  EXPECT_EQ(run_apart(as_task(succeed<Routine>(ran)), world.config), 0);
  EXPECT_TRUE(ran);
  EXPECT_EQ(run_apart(as_task(be_interrupted<Routine>()), world.config), ECANCELED);

  testing::internal::CaptureStderr();
  EXPECT_EQ(run_apart(as_task(fail<Routine>("what went wrong")), world.config), 1);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("what went wrong"), std::string::npos) << said;
  co_await yield();
}

}  // namespace

void add_runtime_scenarios(Suite& suite) {
  suite.add("a_runtime_says_which_driver_it_has_and_why",
            a_runtime_says_which_driver_it_has_and_why<Task>,
            a_runtime_says_which_driver_it_has_and_why<Script>);
  suite.add("frames_in_use_are_counted_in_bytes", frames_in_use_are_counted_in_bytes<Task>,
            frames_in_use_are_counted_in_bytes<Script>);
  suite.add("a_signal_stops_every_task_of_a_runtime", a_signal_stops_every_task_of_a_runtime<Task>,
            a_signal_stops_every_task_of_a_runtime<Script>, RunOrder::queue);
  suite.add("run_yields_the_status_of_a_program", run_yields_the_status_of_a_program<Task>,
            run_yields_the_status_of_a_program<Script>);
}

}  // namespace rota::testing_tasks

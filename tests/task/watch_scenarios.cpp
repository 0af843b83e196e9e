#include "task/suite.hpp"

#include "task/loopback.hpp"

#include <gtest/gtest.h>

#include <poll.h>
#include <unistd.h>

#include <csignal>

namespace rota::testing_tasks {
namespace {

template <template <class> class Routine>
Routine<bool> wait_readable(int fd) {
  Result<void> ready = co_await readable(fd);
  co_return ready.has_value();
}

template <template <class> class Routine>
Routine<void> a_foreign_fd_becomes_readable(World) {
  Pipe pipe;
  JoinHandle<bool> waiter = spawn_routine(wait_readable<Routine>(pipe.reader()));
  for (int i = 0; i < 3; ++i) co_await yield();
  EXPECT_FALSE(waiter.is_done());
  pipe.write_byte();
  Joined<bool> joined = co_await waiter.join();
  EXPECT_TRUE(std::move(joined).value());
  // It stays open, with what was written.
  char byte = 0;
  EXPECT_EQ(::read(pipe.reader(), &byte, 1), 1);
}

template <template <class> class Routine>
Routine<void> a_watch_reports_what_holds(World) {
  Pipe pipe;
  pipe.write_byte();
  FdWatch watch(pipe.reader());
  Result<PollEvents> seen = co_await watch.wait(POLLIN);
  EXPECT_NE(seen.value() & POLLIN, 0u);
  seen = co_await watch.wait(POLLIN);
  EXPECT_NE(seen.value() & POLLIN, 0u);
  Result<void> forgotten = co_await watch.forget();
  EXPECT_TRUE(forgotten.has_value());
}

template <template <class> class Routine>
Routine<bool> wait_writable(int fd) {
  Result<void> ready = co_await writable(fd);
  co_return ready.has_value();
}

template <template <class> class Routine>
Routine<void> a_foreign_fd_becomes_writable(World) {
  Pipe pipe;
  Result<void> ready = co_await writable(pipe.writer());
  EXPECT_TRUE(ready.has_value());
  pipe.fill();
  JoinHandle<bool> waiter = spawn_routine(wait_writable<Routine>(pipe.writer()));
  for (int i = 0; i < 3; ++i) co_await yield();
  EXPECT_FALSE(waiter.is_done());
  pipe.drain();
  Joined<bool> joined = co_await waiter.join();
  EXPECT_TRUE(std::move(joined).value());
}

template <template <class> class Routine>
Routine<void> signals_come_as_values(World) {
  Result<SignalWatch> watch = SignalWatch::open({SIGTERM, SIGUSR1});
  EXPECT_TRUE(watch.has_value());
  EXPECT_EQ(kill(getpid(), SIGTERM), 0);
  EXPECT_EQ(kill(getpid(), SIGUSR1), 0);
  Result<int> first = co_await watch->next();
  Result<int> second = co_await watch->next();
  // The kernel delivers pending signals in an order of its own.
  EXPECT_EQ(first.value() + second.value(), SIGTERM + SIGUSR1);
}

}  // namespace

void add_watch_scenarios(Suite& suite) {
  suite.add("a_foreign_fd_becomes_readable", a_foreign_fd_becomes_readable<Task>,
            a_foreign_fd_becomes_readable<Script>);
  suite.add("a_foreign_fd_becomes_writable", a_foreign_fd_becomes_writable<Task>,
            a_foreign_fd_becomes_writable<Script>);
  suite.add("a_watch_reports_what_holds", a_watch_reports_what_holds<Task>,
            a_watch_reports_what_holds<Script>);
  suite.add("signals_come_as_values", signals_come_as_values<Task>, signals_come_as_values<Script>);
}

}  // namespace rota::testing_tasks

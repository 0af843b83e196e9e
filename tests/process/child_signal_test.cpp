// What a program and Rota both see of children: the signal that one has ended, and its status. A
// program of its own, as the dispositions are those of the whole process.

#include <rota/rota.hpp>

#include "base/unique_fd.hpp"
#include "open_fds.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace rota {
namespace {

using Handler = void (*)(int);

struct sigaction child_action() {
  struct sigaction action{};
  EXPECT_EQ(::sigaction(SIGCHLD, nullptr, &action), 0);
  return action;
}

/// What the process does about SIGCHLD, until it is gone: then what it did before.
class Disposition {
 public:
  Disposition(Handler handler, int flags) {
    struct sigaction action{};
    action.sa_handler = handler;
    action.sa_flags = flags;
    EXPECT_EQ(::sigaddset(&action.sa_mask, SIGUSR2), 0);
    EXPECT_EQ(::sigaction(SIGCHLD, &action, &before_), 0);
    set_ = child_action();
  }
  ~Disposition() { EXPECT_EQ(::sigaction(SIGCHLD, &before_, nullptr), 0); }
  Disposition(const Disposition&) = delete;
  Disposition& operator=(const Disposition&) = delete;

  void expect_unchanged() const {
    const struct sigaction found = child_action();
    EXPECT_EQ(found.sa_handler, set_.sa_handler);
    EXPECT_EQ(found.sa_flags, set_.sa_flags);
    for (int signal = 1; signal <= SIGRTMAX; ++signal) {
      EXPECT_EQ(::sigismember(&found.sa_mask, signal), ::sigismember(&set_.sa_mask, signal))
          << signal;
    }
  }

 private:
  struct sigaction before_{};
  struct sigaction set_{};
};

/// Where the program's own handler writes a byte per SIGCHLD.
std::atomic<int> handler_writes_to = -1;

void on_child(int /*signal*/) {
  const int before = errno;
  const char byte = 'c';
  static_cast<void>(::write(handler_writes_to, &byte, 1));
  errno = before;
}

/// Over each driver, on one worker: what a task does without a wait nobody comes between.
class ChildSignals : public testing::TestWithParam<DriverKind> {
 protected:
  void SetUp() override {
    fds_before_ = leaks::open_fds();
    Config config;
    config.driver.kind = GetParam();
    config.scheduler.kind = SchedulerKind::single;
    Result<Runtime> made = Runtime::make(config);
    ASSERT_TRUE(made.has_value()) << made.error().message();
    runtime_.emplace(std::move(*made));
  }
  void TearDown() override {
    runtime_.reset();
    EXPECT_EQ(leaks::open_fds(), fds_before_) << "fds leaked";
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
    EXPECT_EQ(errno, ECHILD);
  }

  void run(Task<void> scenario) { runtime_->block_on(std::move(scenario)); }

 private:
  std::size_t fds_before_ = 0;
  std::optional<Runtime> runtime_;
};

/// A child that ends when its input does.
Process start_cat() {
  Result<Process> child = Command("cat").input_from(Stdio::pipe).output_to(Stdio::null).spawn();
  EXPECT_TRUE(child.has_value()) << child.error().message();
  return std::move(child).value();
}

Task<void> end_and_wait(Process& child) {
  Result<void> closed = co_await child.input->close();
  EXPECT_TRUE(closed.has_value());
  Task<Result<ExitStatus>> waiting = child.wait();
  Result<ExitStatus> status = co_await std::move(waiting);
  EXPECT_TRUE(status.has_value() && status->success());
}

Task<void> children_come_and_go(const Disposition& disposition) {
  Process child = start_cat();
  disposition.expect_unchanged();
  Task<void> ending = end_and_wait(child);
  co_await std::move(ending);
  disposition.expect_unchanged();
  EXPECT_FALSE(Command("rota-has-no-such-program").spawn().has_value());
  {
    const Process dropped = start_cat();
  }
  disposition.expect_unchanged();
}

TEST_P(ChildSignals, what_the_program_does_about_them_stays_as_it_was) {
  UniqueFd writer(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  handler_writes_to = writer.number();
  for (const Handler handler : {Handler{SIG_DFL}, Handler{on_child}}) {
    for (const int flags : {0, SA_RESTART | SA_NOCLDSTOP}) {
      const Disposition disposition(handler, flags);
      run(children_come_and_go(disposition));
      disposition.expect_unchanged();
    }
  }
  // A call that has begun on another thread finds either number harmless.
  handler_writes_to = -1;
}

Task<void> wait_beside_a_handler(int told) {
  Process child = start_cat();
  Task<void> ending = end_and_wait(child);
  co_await std::move(ending);
  Result<void> called = co_await readable(told);
  EXPECT_TRUE(called.has_value());
  char byte = 0;
  EXPECT_EQ(::read(told, &byte, 1), 1);
  EXPECT_EQ(byte, 'c');
}

TEST_P(ChildSignals, a_handler_of_the_program_runs_for_a_child_of_rota) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
  const UniqueFd told(ends[0]);
  const UniqueFd tells(ends[1]);
  handler_writes_to = tells.number();
  {
    // Without SA_RESTART, so that it interrupts whatever the runtime waits in.
    const Disposition disposition(on_child, 0);
    run(wait_beside_a_handler(told.number()));
  }
  handler_writes_to = -1;
}

Task<Result<ExitStatus>> wait_for(Process& child) {
  Task<Result<ExitStatus>> waiting = child.wait();
  Result<ExitStatus> status = co_await std::move(waiting);
  co_return status;
}

void expect_no_child(const Result<ExitStatus>& status) {
  EXPECT_FALSE(status.has_value());
  if (!status) {
    EXPECT_EQ(status.error(), std::errc::no_child_process) << status.error().message();
  }
}

/// Twice, as what the first wait yielded is what each yields.
Task<void> find_no_child(Process& child) {
  for (int i = 0; i < 2; ++i) {
    Task<Result<ExitStatus>> waiting = child.wait();
    Result<ExitStatus> status = co_await std::move(waiting);
    expect_no_child(status);
  }
  EXPECT_TRUE(child.kill().has_value()) << "one that has ended gets none, which is no error";
}

/// Ends `child` and takes its status, as a library does that waits for every child.
void take_status_of(Process& child) {
  EXPECT_TRUE(child.kill().has_value());
  int status = 0;
  EXPECT_EQ(::waitpid(child.pid(), &status, 0), child.pid());
  EXPECT_TRUE(WIFSIGNALED(status));
}

Task<void> take_a_status_before_and_during_a_wait() {
  Process before = start_cat();
  take_status_of(before);
  Task<void> finding = find_no_child(before);
  co_await std::move(finding);

  Process during = start_cat();
  JoinHandle<Result<ExitStatus>> waiter = spawn(wait_for(during));
  co_await yield();
  take_status_of(during);
  Joined<Result<ExitStatus>> joined = co_await waiter.join();
  expect_no_child(std::move(joined).value());
  finding = find_no_child(during);
  co_await std::move(finding);

  // Dropped without a wait, it is killed and reaped in vain, which nobody hears of.
  Process dropped = start_cat();
  take_status_of(dropped);
}

TEST_P(ChildSignals, a_status_that_somebody_else_took_is_no_child_process) {
  run(take_a_status_before_and_during_a_wait());
}

Task<void> let_the_kernel_reap() {
  Process child = start_cat();
  JoinHandle<Result<ExitStatus>> waiter = spawn(wait_for(child));
  co_await yield();
  Result<void> closed = co_await child.input->close();
  EXPECT_TRUE(closed.has_value());
  Joined<Result<ExitStatus>> joined = co_await waiter.join();
  expect_no_child(std::move(joined).value());
  Task<void> finding = find_no_child(child);
  co_await std::move(finding);
  const Process dropped = start_cat();
  EXPECT_EQ(Command("rota-has-no-such-program").spawn().error(),
            std::errc::no_such_file_or_directory);
}

TEST_P(ChildSignals, a_program_that_ignores_them_finds_no_child_process) {
  const Disposition disposition(SIG_IGN, 0);
  run(let_the_kernel_reap());
  disposition.expect_unchanged();
}

/// A child that Rota did not start; it ends with 5.
pid_t start_other_child() {
  std::array<std::string, 3> words{"sh", "-c", "exit 5"};
  std::array<char*, 4> arguments{words[0].data(), words[1].data(), words[2].data(), nullptr};
  pid_t pid = -1;
  EXPECT_EQ(::posix_spawnp(&pid, "sh", nullptr, nullptr, arguments.data(), environ), 0);
  return pid;
}

Task<void> wait_beside_others() {
  const pid_t other = start_other_child();
  siginfo_t ended{};
  EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(other), &ended, WEXITED | WNOWAIT), 0);
  Process child = start_cat();
  Task<void> ending = end_and_wait(child);
  co_await std::move(ending);
  {
    const Process dropped = start_cat();
  }
  EXPECT_FALSE(Command("rota-has-no-such-program").spawn().has_value());
  int status = 0;
  EXPECT_EQ(::waitpid(other, &status, 0), other);
  EXPECT_EQ(WEXITSTATUS(status), 5);
}

TEST_P(ChildSignals, other_children_are_left_to_the_program) { run(wait_beside_others()); }

std::string name_of(const testing::TestParamInfo<DriverKind>& driver) {
  static constexpr const char* kNames[] = {"select",    "poll",     "epoll",
                                           "linux_aio", "io_uring", "sim"};
  return kNames[driver.index];
}

INSTANTIATE_TEST_SUITE_P(Drivers, ChildSignals,
                         testing::Values(DriverKind::select, DriverKind::poll, DriverKind::epoll,
                                         DriverKind::linux_aio, DriverKind::io_uring,
                                         DriverKind::sim),
                         name_of);

}  // namespace
}  // namespace rota

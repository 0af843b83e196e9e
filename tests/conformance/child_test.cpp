// The end of a child process: its status is taken once, and a wait that is given up takes nothing.
#include "conformance/conformance.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <vector>

namespace rota::conformance {
namespace {

/// A child that ends with 7 when it is told to. What is left of it is killed and reaped.
class Child {
 public:
  Child() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const Fd input(ends[0]);
    told_by_ = Fd(ends[1]);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, input.number(), STDIN_FILENO);
    std::array<char, 3> shell{"sh"};
    std::array<char, 3> option{"-c"};
    std::array<char, 18> script{"read word; exit 7"};
    char* const arguments[] = {shell.data(), option.data(), script.data(), nullptr};
    EXPECT_EQ(::posix_spawn(&pid_, "/bin/sh", &actions, nullptr, arguments, environ), 0);
    ::posix_spawn_file_actions_destroy(&actions);
  }
  ~Child() {
    if (is_there(WEXITED | WNOHANG | WNOWAIT)) {
      kill();
      is_there(WEXITED);
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] Fd pidfd() const {
    return Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  }
  void end() { told_by_.reset(); }
  void kill() const { ::kill(pid_, SIGKILL); }
  /// Waits for it by a plain call; false where there is nobody to wait for.
  bool is_there(int options) const {
    siginfo_t status{};
    return ::waitid(P_PID, static_cast<id_t>(pid_), &status, options) == 0;
  }
  [[nodiscard]] bool was_reaped() const { return !is_there(WEXITED | WNOHANG | WNOWAIT); }

 private:
  Fd told_by_;
  pid_t pid_ = -1;
};

TEST_P(Conformance, the_end_of_a_child_is_waited_for_and_its_status_taken) {
  Child child;
  Descriptor& pidfd = adopt(child.pidfd(), FdKind::stream);
  siginfo_t status{};
  ChildWait& waiting = wait_child(pidfd, status);
  settle();
  ASSERT_FALSE(is_back(waiting)) << "the child has not ended";
  child.end();
  ASSERT_TRUE(finish(waiting));
  EXPECT_EQ(waiting.result, 0);
  EXPECT_EQ(status.si_pid, child.pid());
  EXPECT_EQ(status.si_code, CLD_EXITED);
  EXPECT_EQ(status.si_status, 7);
  EXPECT_TRUE(child.was_reaped()) << "a zombie is left";
}

TEST_P(Conformance, a_child_that_has_ended_before_is_reaped_at_once) {
  Child child;
  child.end();
  ASSERT_TRUE(child.is_there(WEXITED | WNOWAIT));
  siginfo_t status{};
  ChildWait& waiting = wait_child(adopt(child.pidfd(), FdKind::stream), status);
  ASSERT_TRUE(finish(waiting));
  EXPECT_EQ(waiting.result, 0);
  EXPECT_EQ(status.si_status, 7);
  EXPECT_TRUE(child.was_reaped());
}

TEST_P(Conformance, the_signal_that_ended_a_child_is_told) {
  Child child;
  siginfo_t status{};
  ChildWait& waiting = wait_child(adopt(child.pidfd(), FdKind::stream), status);
  settle();
  child.kill();
  ASSERT_TRUE(finish(waiting));
  EXPECT_EQ(waiting.result, 0);
  EXPECT_EQ(status.si_code, CLD_KILLED);
  EXPECT_EQ(status.si_status, SIGKILL);
}

TEST_P(Conformance, a_wait_for_a_child_that_is_cancelled_leaves_it_to_the_next) {
  Child child;
  Descriptor& pidfd = adopt(child.pidfd(), FdKind::stream);
  siginfo_t status{};
  ChildWait& given_up = wait_child(pidfd, status);
  settle();
  cancel(given_up);
  ASSERT_TRUE(finish(given_up));
  EXPECT_EQ(given_up.result, -ECANCELED);
  child.end();
  ASSERT_TRUE(child.is_there(WEXITED | WNOWAIT)) << "its status was taken";
  ChildWait& waiting = wait_child(pidfd, status);
  ASSERT_TRUE(finish(waiting));
  EXPECT_EQ(waiting.result, 0);
  EXPECT_EQ(status.si_status, 7);
}

TEST_P(Conformance, a_cancel_at_the_end_of_a_child_takes_its_status_or_leaves_it) {
  for (int i = 0; i < 10; ++i) {
    Child child;
    siginfo_t status{};
    ChildWait& waiting = wait_child(adopt(child.pidfd(), FdKind::stream), status);
    settle();
    child.end();
    cancel(waiting);
    ASSERT_TRUE(finish(waiting));
    if (waiting.result != 0) {
      EXPECT_EQ(waiting.result, -ECANCELED);
      EXPECT_TRUE(child.is_there(WEXITED | WNOWAIT)) << "a status was taken and not told";
    } else {
      EXPECT_EQ(status.si_status, 7);
      EXPECT_TRUE(child.was_reaped());
    }
  }
}

TEST_P(Conformance, a_close_ends_the_wait_for_a_child_and_leaves_it_to_others) {
  Child child;
  Descriptor& pidfd = adopt(child.pidfd(), FdKind::stream);
  siginfo_t status{};
  ChildWait& waiting = wait_child(pidfd, status);
  settle();
  Operation& closing = start_close(pidfd);
  ASSERT_TRUE(finish(waiting, closing));
  release(pidfd);
  EXPECT_EQ(waiting.result, -ECANCELED);
  EXPECT_EQ(closing.result, 0);
  child.end();
  EXPECT_TRUE(child.is_there(WEXITED | WNOWAIT));
}

TEST_P(Conformance, a_child_whose_status_somebody_else_took_is_no_child) {
  Child child;
  Descriptor& pidfd = adopt(child.pidfd(), FdKind::stream);
  child.end();
  ASSERT_TRUE(child.is_there(WEXITED));
  siginfo_t status{};
  ChildWait& waiting = wait_child(pidfd, status);
  ASSERT_TRUE(finish(waiting));
  EXPECT_EQ(waiting.result, -ECHILD);
}

TEST_P(Conformance, children_are_waited_for_each_by_itself) {
  std::array<Child, 4> children;
  std::array<siginfo_t, 4> states{};
  std::vector<ChildWait*> waits;
  for (std::size_t i = 0; i < children.size(); ++i) {
    waits.push_back(&wait_child(adopt(children[i].pidfd(), FdKind::stream), states[i]));
  }
  settle();
  children[2].end();
  ASSERT_TRUE(finish(*waits[2]));
  EXPECT_FALSE(is_back(*waits[0]));
  EXPECT_FALSE(is_back(*waits[1]));
  EXPECT_FALSE(is_back(*waits[3]));
  for (Child& child : children) child.end();
  ASSERT_TRUE(finish(*waits[0], *waits[1], *waits[3]));
  for (std::size_t i = 0; i < children.size(); ++i) {
    EXPECT_EQ(waits[i]->result, 0);
    EXPECT_EQ(states[i].si_pid, children[i].pid());
    EXPECT_EQ(states[i].si_status, 7);
  }
}

}  // namespace
}  // namespace rota::conformance

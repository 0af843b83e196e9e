#include "task/suite.hpp"

#include "task/loopback.hpp"

#include <gtest/gtest.h>

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>
#include <utility>
#include <vector>

namespace rota::testing_tasks {
namespace {

Command shell(std::string script) {
  Command command("sh");
  command.arg("-c").arg(std::move(script));
  return command;
}

/// All that comes until the end; a terminal that nobody has any more ends with an error of its own.
template <class Stream>
Task<std::string> read_to_end(Stream& from) {
  std::string text;
  std::array<std::byte, 256> buffer;
  for (;;) {
    Result<std::size_t> count = co_await from.read(buffer);
    if (!count && count.error().value() != EIO) {
      ADD_FAILURE() << count.error().message();
    }
    if (!count || *count == 0) break;
    text.append(reinterpret_cast<const char*>(buffer.data()), *count);
  }
  co_return text;
}

/// What a command writes, and that it succeeds.
Task<std::string> output_of(Command& command) {
  command.output_to(Stdio::pipe);
  Result<Process> child = command.spawn();
  if (!child) {
    ADD_FAILURE() << child.error().message();
    co_return std::string();
  }
  Task<std::string> reading = read_to_end(*child->output);
  std::string text = co_await std::move(reading);
  Task<Result<ExitStatus>> waiting = child->wait();
  Result<ExitStatus> status = co_await std::move(waiting);
  EXPECT_TRUE(status.has_value() && status->success());
  co_return text;
}

template <template <class> class Routine>
Routine<void> a_child_answers_through_its_pipes(World) {
  Command command("cat");
  Result<Process> child = command.input_from(Stdio::pipe).output_to(Stdio::pipe).spawn();
  EXPECT_TRUE(child.has_value());
  const std::string text = "through a child\n";
  Result<void> written = co_await child->input->write_all(std::as_bytes(std::span(text)));
  EXPECT_TRUE(written.has_value());
  Result<void> closed = co_await child->input->close();
  EXPECT_TRUE(closed.has_value());
  Task<std::string> reading = read_to_end(*child->output);
  std::string answer = co_await std::move(reading);
  EXPECT_EQ(answer, text);
  for (int i = 0; i < 2; ++i) {
    Task<Result<ExitStatus>> waiting = child->wait();
    Result<ExitStatus> status = co_await std::move(waiting);
    EXPECT_TRUE(status.value().success());
  }
}

template <template <class> class Routine>
Routine<void> a_child_tells_how_it_ended(World) {
  Command returns = shell("exit 7");
  Result<Process> first = returns.spawn();
  Task<Result<ExitStatus>> waiting = first->wait();
  Result<ExitStatus> status = co_await std::move(waiting);
  EXPECT_EQ(status.value().code, 7);
  EXPECT_EQ(status->signal, 0);

  Command waits("cat");
  Result<Process> second = waits.input_from(Stdio::pipe).spawn();
  EXPECT_TRUE(second->signal(SIGTERM).has_value());
  waiting = second->wait();
  status = co_await std::move(waiting);
  EXPECT_EQ(status.value().code, 0);
  EXPECT_EQ(status->signal, SIGTERM);
  EXPECT_TRUE(second->signal(SIGTERM).has_value());
}

template <template <class> class Routine>
Routine<void> what_keeps_a_program_from_beginning_is_reported(World) {
  EXPECT_EQ(code_of(Command("rota-has-no-such-program").spawn()), ENOENT);
  EXPECT_EQ(code_of(Command("/etc/passwd").spawn()), EACCES);
  EXPECT_EQ(code_of(Command("true").directory("/no/such/folder").spawn()), ENOENT);
  EXPECT_EQ(code_of(Command("true").pass_fd(-1, 3).spawn()), EBADF);
  EXPECT_EQ(code_of(Command("true").env("", "1").spawn()), EINVAL);
  EXPECT_EQ(code_of(Command("true").unset_env("").spawn()), EINVAL);
  EXPECT_EQ(code_of(Command("true").env("A=B", "1").spawn()), EINVAL);
  EXPECT_EQ(code_of(Command("true").arg(std::string("a\0b", 3)).spawn()), EINVAL);
  const rlim_t none = RLIM_INFINITY;
  EXPECT_EQ(code_of(Command("true").limit(RLIMIT_NOFILE, none, none - 1).spawn()), EINVAL);
  co_await yield();
}

template <template <class> class Routine>
Routine<void> a_child_begins_with_what_it_is_given(World) {
  Command variables("env");
  variables.clear_env().env("ROTA_A", "1").env("ROTA_B", "2").unset_env("ROTA_A");
  variables.env("PATH", "/usr/bin:/bin");
  Task<std::string> running = output_of(variables);
  std::string text = co_await std::move(running);
  EXPECT_EQ(text, "ROTA_B=2\nPATH=/usr/bin:/bin\n");

  Command folder("pwd");
  folder.directory("/usr");
  running = output_of(folder);
  text = co_await std::move(running);
  EXPECT_EQ(text, "/usr\n");

  Command limits = shell("ulimit -n");
  limits.limit(RLIMIT_NOFILE, 17, 17);
  running = output_of(limits);
  text = co_await std::move(running);
  EXPECT_EQ(text, "17\n");
}

template <template <class> class Routine>
Routine<void> a_child_has_no_fd_but_those_it_was_given(World) {
  Pipe pipe;
  pipe.write_byte();
  // The pipe's own numbers are open here, and one of them is passed on under another.
  Command command = shell("head -c 1 <&5 >&2; ls /proc/self/fd | wc -l");
  command.error_to(Stdio::null).pass_fd(pipe.reader(), 5);
  Task<std::string> running = output_of(command);
  std::string text = co_await std::move(running);
  EXPECT_EQ(text, "5\n");  // Three, the one that was passed, and the folder that ls reads.
  char byte = 0;
  EXPECT_EQ(::read(pipe.reader(), &byte, 1), -1);  // The child took it.
}

template <template <class> class Routine>
Routine<void> errors_go_where_the_output_goes(World) {
  Command command = shell("echo one; echo two >&2");
  command.error_to(Stdio::output);
  Task<std::string> running = output_of(command);
  std::string text = co_await std::move(running);
  EXPECT_EQ(text, "one\ntwo\n");
}

template <template <class> class Routine>
Routine<void> a_child_on_a_terminal_sees_its_size(World) {
  Command command = shell("test -t 0 && test -t 2 && stty size </dev/tty");
  Result<Process> child = command.on_terminal(33, 99).spawn();
  EXPECT_TRUE(child.has_value());
  Task<std::string> reading = read_to_end(*child->terminal);
  std::string text = co_await std::move(reading);
  EXPECT_EQ(text, "33 99\r\n");
  Task<Result<ExitStatus>> waiting = child->wait();
  Result<ExitStatus> status = co_await std::move(waiting);
  EXPECT_TRUE(status.value().success());
}

template <template <class> class Routine>
Routine<void> a_child_that_is_dropped_is_killed_and_reaped(World) {
  Pipe alive;
  int pid = 0;
  {
    Command command("cat");
    command.input_from(Stdio::pipe).pass_fd(alive.writer(), 3);
    Result<Process> child = command.spawn();
    EXPECT_TRUE(child.has_value());
    pid = child->pid();
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  alive.close_writer();
  Result<void> ended = co_await readable(alive.reader());
  EXPECT_TRUE(ended.has_value());
  // Dead, and soon reaped: then nobody has the number.
  while (::kill(pid, 0) == 0) co_await yield();
  EXPECT_EQ(errno, ESRCH);
}

template <template <class> class Routine>
Routine<int> wait_for_child(Process& child) {
  Task<Result<ExitStatus>> waiting = child.wait();
  Result<ExitStatus> status = co_await std::move(waiting);
  co_return code_of(status);
}

template <template <class> class Routine>
Routine<void> a_cancelled_wait_for_a_child_loses_nothing(World) {
  Command command("cat");
  Result<Process> child = command.input_from(Stdio::pipe).spawn();
  EXPECT_TRUE(child.has_value());
  JoinHandle<int> waiter = spawn_routine(wait_for_child<Routine>(*child));
  co_await yield();
  waiter.request_stop();
  Joined<int> joined = co_await waiter.join();
  EXPECT_EQ(std::move(joined).value(), ECANCELED);
  Result<void> closed = co_await child->input->close();
  EXPECT_TRUE(closed.has_value());
  Task<Result<ExitStatus>> waiting = child->wait();
  Result<ExitStatus> status = co_await std::move(waiting);
  EXPECT_TRUE(status.value().success());
}

}  // namespace

void add_process_scenarios(Suite& suite) {
  suite.add("a_child_answers_through_its_pipes", a_child_answers_through_its_pipes<Task>,
            a_child_answers_through_its_pipes<Script>);
  suite.add("a_child_tells_how_it_ended", a_child_tells_how_it_ended<Task>,
            a_child_tells_how_it_ended<Script>);
  suite.add("what_keeps_a_program_from_beginning_is_reported",
            what_keeps_a_program_from_beginning_is_reported<Task>,
            what_keeps_a_program_from_beginning_is_reported<Script>);
  suite.add("a_child_begins_with_what_it_is_given", a_child_begins_with_what_it_is_given<Task>,
            a_child_begins_with_what_it_is_given<Script>);
  suite.add("a_child_has_no_fd_but_those_it_was_given",
            a_child_has_no_fd_but_those_it_was_given<Task>,
            a_child_has_no_fd_but_those_it_was_given<Script>);
  suite.add("errors_go_where_the_output_goes", errors_go_where_the_output_goes<Task>,
            errors_go_where_the_output_goes<Script>);
  suite.add("a_child_on_a_terminal_sees_its_size", a_child_on_a_terminal_sees_its_size<Task>,
            a_child_on_a_terminal_sees_its_size<Script>);
  suite.add("a_child_that_is_dropped_is_killed_and_reaped",
            a_child_that_is_dropped_is_killed_and_reaped<Task>,
            a_child_that_is_dropped_is_killed_and_reaped<Script>);
  suite.add("a_cancelled_wait_for_a_child_loses_nothing",
            a_cancelled_wait_for_a_child_loses_nothing<Task>,
            a_cancelled_wait_for_a_child_loses_nothing<Script>);
}

}  // namespace rota::testing_tasks

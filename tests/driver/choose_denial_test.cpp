// io_uring denied for real, each way in a child process of its own. After every denial the chosen
// driver moves bytes, and the recorded reason names the cause.
#include "denial.hpp"
#include "driver/aio_context.hpp"
#include "driver/choose.hpp"
#include "driver/driver_rig.hpp"

#include <rota/rota.hpp>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

namespace rota {
namespace {

using testing_denial::become_nobody;
using testing_denial::deny;
using testing_denial::limit_locked_memory;
using testing_sockets::checked;
using testing_sockets::DriverRig;
using testing_sockets::fail;
using testing_sockets::Fd;
using testing_sockets::Pipe;
using testing_sockets::SocketPair;

constexpr const char* kSwitch = "/proc/sys/kernel/io_uring_disabled";

/// What the child found out, told through a pipe as lines.
struct Outcome {
  std::string driver;
  std::string reason;
  std::string echoed;
  std::vector<Refusal> refusals;
};

/// A byte to the driver's end and one back.
std::string echo_through(std::unique_ptr<Driver> driver) {
  DriverRig rig(std::move(driver));
  SocketPair pair = SocketPair::tcp();
  Descriptor& near = rig.adopt(std::move(pair.near));
  std::byte bytes[4];
  Transfer read(OpCode::read, bytes, sizeof bytes);
  read.flags = op_whole;
  rig.give(read, &near);
  rig.turn(Deadline::now());
  pair.far.send("ping");
  rig.turn_until_returned(1);
  Transfer write(OpCode::write, bytes, sizeof bytes);
  write.flags = op_whole;
  rig.give(write, &near);
  rig.turn_until_returned(2);
  std::string echoed(sizeof bytes, '\0');
  pair.far.wait_for(POLLIN);
  const ssize_t received = ::recv(pair.far.number(), echoed.data(), echoed.size(), 0);
  if (received < 0) fail("recv");
  echoed.resize(static_cast<std::size_t>(received));
  rig.close(near);
  return echoed;
}

void report(int to, const DriverConfig& config) {
  std::vector<Refusal> refused;
  Result<ChosenDriver> chosen = choose_driver(config, &refused);
  std::string told = chosen ? std::string(chosen->driver->traits().name) : "none";
  told += '\n' + (chosen ? chosen->reason : "");
  told += '\n' + (chosen ? echo_through(std::move(chosen->driver)) : "") + '\n';
  for (const Refusal& refusal : refused) {
    told += std::to_string(refusal.error) + '\n' + refusal.mechanism + '\n' + refusal.reason + '\n';
  }
  if (::write(to, told.data(), told.size()) != static_cast<ssize_t>(told.size())) fail("write");
}

std::string take_line(std::string& text) {
  const std::size_t end = text.find('\n');
  std::string line = text.substr(0, end);
  text.erase(0, end == std::string::npos ? end : end + 1);
  return line;
}

/// Chooses in a child that was denied something first.
template <class Deny>
Outcome choose_under(Deny deny, const DriverConfig& config = {}) {
  int ends[2];
  checked(::pipe2(ends, O_CLOEXEC), "pipe2");
  const pid_t child = checked(::fork(), "fork");
  if (child == 0) {
    deny();
    report(ends[1], config);
    std::fflush(nullptr);
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string told;
  char part[4096];
  for (ssize_t count = 1; count > 0;) {
    count = ::read(ends[0], part, sizeof part);
    if (count > 0) told.append(part, static_cast<std::size_t>(count));
  }
  ::close(ends[0]);
  int status = 0;
  checked(::waitpid(child, &status, 0), "waitpid");
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "the child failed";
  Outcome outcome;
  outcome.driver = take_line(told);
  outcome.reason = take_line(told);
  outcome.echoed = take_line(told);
  while (!told.empty()) {
    Refusal refusal;
    refusal.error = std::stoi(take_line(told));
    refusal.mechanism = take_line(told);
    refusal.reason = take_line(told);
    outcome.refusals.push_back(std::move(refusal));
  }
  return outcome;
}

/// From now on `call` answers `error`.
void filter_io_uring(int error, const char* call = "io_uring_setup") { deny({{call, error}}); }

void expect_in(const std::string& text, std::initializer_list<const char*> parts) {
  for (const char* part : parts) EXPECT_NE(text.find(part), std::string::npos) << text;
}

/// `says` is what a reader needs of the reason: the step, the cause, the error's text, what helps.
void expect_fallback(const Outcome& outcome, int error, std::initializer_list<const char*> says) {
  EXPECT_EQ(outcome.driver, "epoll");
  EXPECT_EQ(outcome.echoed, "ping");
  expect_in(outcome.reason, {"epoll: ", "Refused: io_uring pinned, with ", ::strerrorname_np(error),
                             ::strerrordesc_np(error)});
  ASSERT_FALSE(outcome.refusals.empty());
  EXPECT_EQ(outcome.refusals.back().mechanism, "io_uring pinned");
  EXPECT_EQ(outcome.refusals.back().error, error);
  expect_in(outcome.refusals.back().reason, {"io_uring_setup"});
  expect_in(outcome.refusals.back().reason, says);
}

TEST(Denial, without_any_the_ring_is_chosen_and_echoes) {
  const Outcome outcome = choose_under([] {});
  EXPECT_EQ(outcome.driver, "io_uring");
  EXPECT_EQ(outcome.echoed, "ping");
}

TEST(Denial, a_seccomp_filter_that_forbids_it_falls_back_and_is_named) {
  expect_fallback(choose_under([] { filter_io_uring(EPERM); }), EPERM,
                  {"seccomp", "EPERM (Operation not permitted)", "a profile that allows"});
}

TEST(Denial, a_seccomp_filter_that_hides_it_falls_back_and_is_named) {
  expect_fallback(choose_under([] { filter_io_uring(ENOSYS); }), ENOSYS,
                  {"ENOSYS (Function not implemented)", "What helps: ", "CONFIG_IO_URING",
                   "a seccomp profile"});
}

TEST(Denial, a_security_policy_falls_back_and_is_named) {
  expect_fallback(choose_under([] { filter_io_uring(EACCES); }), EACCES,
                  {"security policy", "EACCES (Permission denied)", "What helps: a rule"});
}

TEST(Denial, a_filter_that_allows_the_set_up_alone_falls_back_and_is_named) {
  expect_fallback(choose_under([] { filter_io_uring(EPERM, "io_uring_register"); }), EPERM,
                  {"io_uring_register answers", "as a seccomp filter may"});
  expect_fallback(choose_under([] { filter_io_uring(ENOSYS, "io_uring_enter"); }), ENOSYS,
                  {"io_uring_enter answers", "as a seccomp filter may"});
}

TEST(Denial, a_driver_asked_for_by_name_is_refused_and_never_replaced) {
  DriverConfig config;
  config.kind = DriverKind::io_uring;
  config.ring = RingProfile::movable;
  const Outcome outcome = choose_under([] { filter_io_uring(EPERM); }, config);
  EXPECT_EQ(outcome.driver, "none");
  ASSERT_EQ(outcome.refusals.size(), 1u);
  EXPECT_EQ(outcome.refusals[0].mechanism, "io_uring movable");
  EXPECT_EQ(outcome.refusals[0].error, EPERM);
}

/// Puts the system's switch back when it goes, or when this process does: the guard is a process
/// that waits for the end of the pipe.
class SwitchedOff {
 public:
  explicit SwitchedOff(char before) {
    guard_ = checked(::fork(), "fork");
    if (guard_ == 0) {
      alive_.writer.close();
      alive_.reader.wait_for(POLLIN);
      set(before);
      ::_exit(0);
    }
    alive_.reader.close();
    set('2');
  }
  SwitchedOff(const SwitchedOff&) = delete;
  SwitchedOff& operator=(const SwitchedOff&) = delete;
  ~SwitchedOff() {
    alive_.writer.close();
    ::waitpid(guard_, nullptr, 0);
  }

 private:
  static void set(char value) {
    const Fd file(checked(::open(kSwitch, O_WRONLY | O_CLOEXEC), kSwitch));
    if (::write(file.number(), &value, 1) != 1) fail(kSwitch);
  }

  Pipe alive_;
  pid_t guard_ = -1;
};

TEST(Denial, the_systems_switch_falls_back_and_is_named) {
  const Fd readable(::open(kSwitch, O_RDONLY | O_CLOEXEC));
  if (readable.number() < 0) GTEST_SKIP() << kSwitch << " is not there: Linux before 6.6";
  char before = '0';
  ASSERT_EQ(::read(readable.number(), &before, 1), 1);
  if (::access(kSwitch, W_OK) != 0 || Fd(::open(kSwitch, O_WRONLY | O_CLOEXEC)).number() < 0) {
    ASSERT_NE(::geteuid(), 0u) << "root cannot write " << kSwitch;
    GTEST_SKIP() << "only root can write " << kSwitch;
  }
  Outcome outcome;
  {
    const SwitchedOff off(before);
    outcome = choose_under([] {});
  }
  expect_fallback(outcome, EPERM,
                  {"kernel.io_uring_disabled is 2", "EPERM (Operation not permitted)",
                   "`sysctl kernel.io_uring_disabled=0`"});
  char after = ' ';
  ASSERT_EQ(::pread(readable.number(), &after, 1, 0), 1);
  EXPECT_EQ(after, before) << "the switch was not restored";
}

void have_locked_memory(rlim_t bytes) {
  limit_locked_memory(bytes);
  if (::geteuid() == 0) become_nobody();
}

TEST(Denial, too_little_locked_memory_gets_a_smaller_ring_and_is_named) {
  DriverConfig config;
  config.ring_entries = 4096;
  config.completion_entries = 65536;
  const Outcome outcome = choose_under([] { have_locked_memory(16 << 10); }, config);
  EXPECT_EQ(outcome.driver, "io_uring");
  EXPECT_EQ(outcome.echoed, "ping");
  ASSERT_FALSE(outcome.refusals.empty());
  EXPECT_EQ(outcome.refusals[0].error, ENOMEM);
  expect_in(outcome.refusals[0].reason, {"ulimit -l"});
  expect_in(outcome.refusals.back().reason, {"ENOMEM (Cannot allocate memory)",
                                             "What helps: more locked memory", "a smaller ring"});
  EXPECT_EQ(outcome.reason.find("Refused"), std::string::npos) << "a smaller ring is a ring";
}

TEST(Denial, no_locked_memory_at_all_falls_back_and_is_named) {
  expect_fallback(
      choose_under([] { have_locked_memory(0); }), ENOMEM,
      {"RLIMIT_MEMLOCK", "ENOMEM (Cannot allocate memory)", "What helps: more locked memory"});
}

/// A call of a mechanism, denied, and what is chosen without it.
struct Missing {
  DriverKind asked;
  const char* call;
  const char* chosen;
};

TEST(Denial, of_any_call_that_a_driver_stands_on_refuses_the_driver_and_is_named) {
  const Missing cases[] = {{DriverKind::best, "epoll_create1", "poll"},
                           {DriverKind::best, "epoll_ctl", "poll"},
                           {DriverKind::best, "epoll_wait", "poll"},
                           {DriverKind::best, "eventfd2", "none"},
                           {DriverKind::epoll, "eventfd2", "none"},
                           {DriverKind::poll, "ppoll", "none"},
                           {DriverKind::select, "pselect6", "none"},
                           {DriverKind::linux_aio, "io_setup", "none"},
                           {DriverKind::linux_aio, "io_submit", "none"},
                           {DriverKind::linux_aio, "io_getevents", "none"}};
  for (const int error : {EPERM, ENOSYS}) {
    for (const Missing& missing : cases) {
      SCOPED_TRACE(missing.call);
      DriverConfig config;
      config.kind = missing.asked;
      const auto denial = [&] { deny({{"io_uring_setup", error}, {missing.call, error}}); };
      const Outcome outcome = choose_under(denial, config);
      EXPECT_EQ(outcome.driver, missing.chosen);
      ASSERT_FALSE(outcome.refusals.empty());
      const Refusal& last = outcome.refusals.back();
      EXPECT_EQ(last.error, error);
      expect_in(last.reason, {missing.call, "is denied", "a profile that allows it",
                              ::strerrorname_np(error)});
      EXPECT_EQ(last.reason.find("CONFIG_IO_URING"), std::string::npos) << last.reason;
    }
  }
}

/// How many requests contexts of Linux aio may still have in flight.
unsigned room_for_requests() {
  unsigned most = 0;
  unsigned taken = 0;
  std::ifstream("/proc/sys/fs/aio-max-nr") >> most;
  std::ifstream("/proc/sys/fs/aio-nr") >> taken;
  return most - taken;
}

TEST(Denial, of_room_for_requests_on_files_is_told_by_a_driver_that_works_all_the_same) {
  AioContext of_others;
  if (const int error = of_others.set_up(room_for_requests()); error != 0) {
    GTEST_SKIP() << "the room cannot be taken: " << of_others.refusal(error).reason;
  }
  DriverConfig config;
  config.kind = DriverKind::epoll;
  const Outcome outcome = choose_under([] {}, config);
  EXPECT_EQ(outcome.driver, "epoll");
  EXPECT_EQ(outcome.echoed, "ping");
  ASSERT_EQ(outcome.refusals.size(), 1u);
  EXPECT_EQ(outcome.refusals[0].mechanism, "linux_aio");
  expect_in(outcome.refusals[0].reason, {"EAGAIN", "a higher `sysctl fs.aio-max-nr`"});
}

Task<int> answer() { co_return 42; }

TEST(DenialDeathTest, of_every_driver_is_told_to_whoever_runs_the_program) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto run_without_eventfd = [] {
    deny({{"eventfd2", ENOSYS}});
    std::exit(run(answer()));
  };
  EXPECT_EXIT(run_without_eventfd(), testing::ExitedWithCode(EXIT_FAILURE),
              "cannot start: Function not implemented\n.*select: eventfd2 is denied");
}

TEST(DenialDeathTest, of_a_call_that_some_programs_need_is_among_the_capabilities) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto list_what_is_missing = [] {
    deny({{"openat2", ENOSYS}, {"timerfd_create", EPERM}});
    for (const Capability& found : probe_capabilities()) {
      const bool is_missing = found.available == Availability::no;
      if (found.group != "system calls" || !is_missing) continue;
      std::fprintf(stderr, "%s.\n", found.detail.c_str());
    }
    std::exit(EXIT_SUCCESS);
  };
  EXPECT_EXIT(list_what_is_missing(), testing::ExitedWithCode(EXIT_SUCCESS),
              "openat2 answers ENOSYS .*: no confined path.\n"
              "timerfd_create answers EPERM .*: no alarm by the wall clock.\n");
}

void limit_open_files(rlim_t count) {
  const rlimit limit{count, count};
  checked(::setrlimit(RLIMIT_NOFILE, &limit), "RLIMIT_NOFILE");
}

TEST(Denial, no_file_descriptor_at_all_refuses_every_driver_and_is_named) {
  const Outcome outcome = choose_under([] { limit_open_files(0); });
  EXPECT_EQ(outcome.driver, "none");
  ASSERT_EQ(outcome.refusals.size(), 4u);
  const char* drivers[] = {"io_uring pinned", "epoll", "poll", "select"};
  const char* steps[] = {"io_uring_setup", "eventfd2", "eventfd2", "eventfd2"};
  for (std::size_t i = 0; i < outcome.refusals.size(); ++i) {
    EXPECT_EQ(outcome.refusals[i].mechanism, drivers[i]);
    EXPECT_EQ(outcome.refusals[i].error, EMFILE);
    expect_in(outcome.refusals[i].reason,
              {steps[i], "EMFILE (Too many open files)", "What helps: a higher limit"});
  }
}

}  // namespace
}  // namespace rota

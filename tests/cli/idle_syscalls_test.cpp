// A runtime of 8 workers that has nothing to do makes no system call, and so is woken by none: the
// kernel counts, or a tracer, in a process of its own.

#include "cli/lab/syscall_counter.hpp"

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <tuple>
#include <vector>

namespace rota::testing_cli {
namespace {

constexpr std::uint32_t kWorkers = 8;
constexpr std::uint64_t kWindowMs = 1000;
constexpr std::uint64_t kLookMs = 100;
constexpr int kPatienceLooks = 300;  // until it has come to rest

Task<void> nap() {
  auto slept = co_await sleep(std::chrono::milliseconds(1));
  static_cast<void>(slept);
}

void work(Runtime& runtime) {
  std::vector<JoinHandle<void>> naps;
  for (std::uint32_t i = 0; i < 4 * kWorkers; ++i) naps.push_back(runtime.spawn(nap()));
  runtime.block_on(nap());
}

/// A process with a runtime, which works once at the start and once for each byte that it is sent,
/// and answers with a byte. Between them its main thread waits for the next.
class Program {
 public:
  explicit Program(const Config& config) {
    int to_it[2];
    int from_it[2];
    if (::pipe(to_it) != 0 || ::pipe(from_it) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(to_it[1]);
      ::close(from_it[0]);
      serve(config, to_it[0], from_it[1]);
    }
    ::close(to_it[0]);
    ::close(from_it[1]);
    ask_ = to_it[1];
    answer_ = from_it[0];
  }
  ~Program() {
    ::close(ask_);
    ::close(answer_);
    ::waitpid(pid_, nullptr, 0);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void ask() const { EXPECT_EQ(::write(ask_, "?", 1), 1); }
  /// Whether it has done its work. False: it has ended, as it has no such driver.
  [[nodiscard]] bool has_answered() const {
    char byte = 0;
    return ::read(answer_, &byte, 1) == 1;
  }
  [[nodiscard]] int answer() const noexcept { return answer_; }
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

 private:
  [[noreturn]] static void serve(const Config& config, int asked, int answers) {
    Result<Runtime> runtime = Runtime::make(config);
    if (!runtime) ::_exit(EXIT_FAILURE);
    char byte = 0;
    do {
      work(*runtime);
      if (::write(answers, "!", 1) != 1) break;
    } while (::read(asked, &byte, 1) == 1);
    ::_exit(EXIT_SUCCESS);
  }

  pid_t pid_ = -1;
  int ask_ = -1;
  int answer_ = -1;
};

using Cell = std::tuple<DriverKind, SchedulerKind>;

class IdleSyscalls : public testing::TestWithParam<Cell> {};

TEST_P(IdleSyscalls, are_none) {
  if constexpr (address_sanitizer || thread_sanitizer) {
    GTEST_SKIP() << "a sanitizer makes calls of its own";
  }
  Config config;
  std::tie(config.driver.kind, config.scheduler.kind) = GetParam();
  config.scheduler.workers = kWorkers;
  const Program program(config);
  if (!program.has_answered()) GTEST_SKIP() << "no such driver here";
  auto counter = cli::SyscallCounter::attach(program.pid());
  if (!counter) GTEST_SKIP() << "system calls cannot be counted here: " << counter.error();

  // That it is traced, and that it has just worked, costs it some.
  std::uint64_t before = (*counter)->count_until_readable(program.answer(), kLookMs);
  std::uint64_t after = before;
  for (int look = 0; look < kPatienceLooks; ++look) {
    after = (*counter)->count_until_readable(program.answer(), kLookMs);
    if (after == before) break;
    before = after;
  }
  after = (*counter)->count_until_readable(program.answer(), kWindowMs);
  EXPECT_EQ(after - before, 0u) << "system calls in a second, by " << (*counter)->method();

  program.ask();
  const std::uint64_t asked = (*counter)->count_until_readable(program.answer(), 10'000);
  EXPECT_GT(asked, after + kWorkers) << "the counter would have seen them";
  EXPECT_TRUE(program.has_answered());
}

std::string name_of(const testing::TestParamInfo<Cell>& cell) {
  const auto [driver, scheduler] = cell.param;
  const char* drivers[] = {"best", "select", "poll", "epoll", "linux_aio", "io_uring", "sim"};
  return std::string(drivers[static_cast<int>(driver)]) +
         (scheduler == SchedulerKind::per_core ? "_per_core" : "_stealing");
}

INSTANTIATE_TEST_SUITE_P(Cells, IdleSyscalls,
                         testing::Combine(testing::Values(DriverKind::epoll, DriverKind::io_uring,
                                                          DriverKind::poll, DriverKind::select,
                                                          DriverKind::linux_aio),
                                          testing::Values(SchedulerKind::per_core,
                                                          SchedulerKind::stealing)),
                         name_of);

}  // namespace
}  // namespace rota::testing_cli

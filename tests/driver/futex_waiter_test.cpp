#include "driver/files/futex_waiter.hpp"

#include "denial.hpp"
#include "driver/engine_fixture.hpp"
#include "driver/files/blocking_pool.hpp"

#include <gtest/gtest.h>

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace rota {
namespace {

using Word = std::atomic<std::uint32_t>;

void change_and_wake(Word& word) {
  word.fetch_add(1);
  ::syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX);
}

/// By a pool, whose waits for words it has.
class FutexWaiterTest : public ::testing::Test, protected engine_fixture::EngineRig {
 protected:
  FutexWaiterTest() { use(make_blocking_pool(bell().notify(), 1)); }
};

TEST_F(FutexWaiterTest, AWordThatIsUnmappedMeanwhileEndsItsOwnWaitAlone) {
  void* const page =
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  Word word = 0;
  FutexWait bad(page, 0);
  FutexWait good(&word, 0);
  submit(bad);
  submit(good);
  ::munmap(page, 4096);
  FutexWait next(&word, 0);
  submit(next);  // The thread looks at all of them again.
  EXPECT_EQ(reap(1), std::vector<Operation*>{&bad});
  EXPECT_EQ(bad.result, -EFAULT);
  change_and_wake(word);
  EXPECT_EQ(reap(2).size(), 2u);
  EXPECT_EQ(good.result, 0);
  EXPECT_EQ(next.result, 0);
}

TEST_F(FutexWaiterTest, WaitsAreCountedByTheirThreads) {
  EXPECT_EQ(engine().use().threads, 0u);
  Word word = 0;
  FutexWait wait(&word, 0);
  submit(wait);
  EXPECT_EQ(engine().use().threads, 1u);
  EXPECT_EQ(engine().use().waiting, 0u);
  change_and_wake(word);
  EXPECT_EQ(reap(1), std::vector<Operation*>{&wait});
}

/// The letter that the kernel has for what a thread does: R where it runs.
char state_of(const std::filesystem::path& thread) {
  std::string line;
  std::getline(std::ifstream(thread / "stat"), line);
  const std::size_t name_end = line.rfind(')');
  return name_end == std::string::npos ? 'X' : line[name_end + 2];
}

bool all_others_sleep() {
  const std::string own = std::to_string(::gettid());
  const std::filesystem::directory_iterator threads("/proc/self/task");
  return std::all_of(begin(threads), end(threads), [&](const auto& thread) {
    return thread.path().filename() == own || state_of(thread.path()) == 'S';
  });
}

/// Exits with 0 when the wait has the denial's error and its thread has come to rest.
class DeniedWait : engine_fixture::EngineRig {
 public:
  [[noreturn]] void run() {
    testing_denial::deny({{.call = "futex_waitv", .error = ENOSYS}});
    use(make_blocking_pool(bell().notify(), 1));
    const Word word = 0;
    FutexWait wait(&word, 0);
    submit(wait);
    if (reap(1).front() != &wait || wait.result != -ENOSYS) std::_Exit(1);
    // One that calls again and again is never found asleep so often.
    for (int in_a_row = 0; in_a_row < 100;) {
      in_a_row = all_others_sleep() ? in_a_row + 1 : 0;
      std::this_thread::yield();
    }
    std::_Exit(0);
  }
};

TEST(FutexWaiterDeathTest, ARefusedCallIsTheResultAndItsThreadSleeps) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(DeniedWait().run(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace rota

#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <new>
#include <thread>

namespace rota::testing_tasks {
namespace {

using namespace std::chrono_literals;

using Word = std::atomic<std::uint32_t>;

/// A word that this process and its children have.
class SharedWord {
 public:
  SharedWord()
      : page_(::mmap(nullptr, sizeof(Word), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                     0)) {
    new (page_) Word(0);
  }
  ~SharedWord() { ::munmap(page_, sizeof(Word)); }
  SharedWord(const SharedWord&) = delete;
  SharedWord& operator=(const SharedWord&) = delete;

  [[nodiscard]] Word& get() const noexcept { return *static_cast<Word*>(page_); }

 private:
  void* page_;
};

/// What the child does: makes of each odd value the next even one.
[[noreturn]] void answer_until(Word& word, std::uint32_t last) {
  for (std::uint32_t value = 1; value < last; value += 2) {
    for (std::uint32_t seen = word.load(); seen != value; seen = word.load()) {
      ::syscall(SYS_futex, &word, FUTEX_WAIT, seen, nullptr, nullptr, 0);
    }
    word.store(value + 1);
    futex_wake(word);
  }
  ::_exit(0);
}

/// Until the word is no longer `seen`.
template <template <class> class Routine>
Routine<int> wait_while(const Word& word, std::uint32_t seen) {
  while (word.load() == seen) {
    Result<void> waited = co_await futex_wait(word, seen);
    if (!waited) co_return waited.error().value();
  }
  co_return 0;
}

template <template <class> class Routine>
Routine<void> a_word_that_another_thread_changes_is_waited_for(World) {
  Word word = 0;
  for (std::uint32_t value = 0; value < 20; ++value) {
    JoinHandle<int> waiter = spawn_routine(wait_while<Routine>(word, value));
    co_await yield();
    std::thread changer([&word] {
      word.fetch_add(1);
      futex_wake(word);
    });
    Joined<int> joined = co_await waiter.join();
    EXPECT_EQ(std::move(joined).value(), 0);
    changer.join();
  }
}

template <template <class> class Routine>
Routine<void> a_word_in_shared_memory_is_changed_by_a_child(World) {
  const SharedWord shared;
  constexpr std::uint32_t kLast = 40;
  const pid_t child = ::fork();
  if (child == 0) answer_until(shared.get(), kLast);
  EXPECT_GT(child, 0);
  // Each has the odd or the even values, and waits for the other to have made the next.
  for (std::uint32_t value = 0; value < kLast; value += 2) {
    shared.get().store(value + 1);
    futex_wake(shared.get());
    JoinHandle<int> waiter = spawn_routine(wait_while<Routine>(shared.get(), value + 1));
    Joined<int> joined = co_await waiter.join();
    EXPECT_EQ(std::move(joined).value(), 0);
  }
  EXPECT_EQ(shared.get().load(), kLast);
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
}

template <template <class> class Routine>
Routine<void> a_stop_and_a_timeout_end_the_wait_for_a_word(World) {
  const Word word = 0;
  JoinHandle<int> waiter = spawn_routine(wait_while<Routine>(word, 0));
  co_await yield();
  waiter.request_stop();
  Joined<int> stopped = co_await waiter.join();
  EXPECT_EQ(std::move(stopped).value(), ECANCELED);
  Result<void> late{};
  while (late) late = co_await timeout(Duration(1ms), futex_wait(word, 0));
  EXPECT_EQ(late.error(), std::errc::timed_out);
}

template <template <class> class Routine>
Routine<void> a_word_that_is_not_mapped_is_a_bad_address(World) {
  void* const nowhere = ::mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  Result<void> waited = co_await futex_wait(*static_cast<const Word*>(nowhere), 0);
  ::munmap(nowhere, 4096);
  EXPECT_EQ(waited.error(), std::errc::bad_address);
}

}  // namespace

void add_futex_scenarios(Suite& suite) {
  suite.add("a_word_that_another_thread_changes_is_waited_for",
            a_word_that_another_thread_changes_is_waited_for<Task>,
            a_word_that_another_thread_changes_is_waited_for<Script>);
  suite.add("a_word_in_shared_memory_is_changed_by_a_child",
            a_word_in_shared_memory_is_changed_by_a_child<Task>,
            a_word_in_shared_memory_is_changed_by_a_child<Script>);
  suite.add("a_stop_and_a_timeout_end_the_wait_for_a_word",
            a_stop_and_a_timeout_end_the_wait_for_a_word<Task>,
            a_stop_and_a_timeout_end_the_wait_for_a_word<Script>);
  suite.add("a_word_that_is_not_mapped_is_a_bad_address",
            a_word_that_is_not_mapped_is_a_bad_address<Task>,
            a_word_that_is_not_mapped_is_a_bad_address<Script>);
}

}  // namespace rota::testing_tasks

// Words of memory that are waited for: as futex(2) says, a wait may end for nothing, and no wake is
// lost.
#include "conformance/conformance.hpp"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <deque>
#include <vector>

namespace rota::conformance {
namespace {

using Word = std::atomic<std::uint32_t>;

long wake(const Word& word, int most = INT_MAX) {
  return ::syscall(SYS_futex, &word, FUTEX_WAKE, most);
}

void change_and_wake(Word& word) {
  word.fetch_add(1);
  wake(word);
}

/// One page of memory, mapped twice.
class SharedPage {
 public:
  SharedPage() : file_(::memfd_create("page", MFD_CLOEXEC)) {
    EXPECT_EQ(::ftruncate(file_.number(), kBytes), 0);
    here_ = map();
    there_ = map();
  }
  ~SharedPage() {
    ::munmap(here_, kBytes);
    ::munmap(there_, kBytes);
  }
  SharedPage(const SharedPage&) = delete;
  SharedPage& operator=(const SharedPage&) = delete;

  [[nodiscard]] Word& here() const { return *static_cast<Word*>(here_); }
  [[nodiscard]] Word& there() const { return *static_cast<Word*>(there_); }

 private:
  static constexpr std::size_t kBytes = 4096;

  [[nodiscard]] void* map() const {
    return ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_.number(), 0);
  }

  Fd file_;
  void* here_;
  void* there_;
};

class FutexConformance : public Conformance {
 protected:
  /// Only a simulation ends waits for nothing by chance.
  [[nodiscard]] bool waits_to_the_end() { return !driver().traits().virtual_clock; }
};

TEST_P(FutexConformance, a_word_is_waited_for_until_it_changes_and_is_woken) {
  Word word = 7;
  FutexWait& waiting = futex_wait(&word, 7);
  settle();
  if (waits_to_the_end()) {
    ASSERT_FALSE(is_back(waiting));
  }
  change_and_wake(word);
  ASSERT_TRUE(finish(waiting));
  EXPECT_EQ(waiting.result, 0);
}

TEST_P(FutexConformance, a_word_that_has_another_value_is_not_waited_for) {
  const Word word = 8;
  FutexWait& waiting = futex_wait(&word, 7);
  ASSERT_TRUE(finish(waiting));
  EXPECT_EQ(waiting.result, 0);
}

TEST_P(FutexConformance, a_wake_without_a_change_ends_the_wait) {
  const Word word = 7;
  FutexWait& waiting = futex_wait(&word, 7);
  ASSERT_TRUE(turn_until(
      [&] {
        wake(word);
        return is_back(waiting);
      },
      Deadline::now()));
  EXPECT_EQ(waiting.result, 0);
}

TEST_P(FutexConformance, a_wake_by_another_mapping_of_the_word_ends_the_wait) {
  const SharedPage page;
  FutexWait& waiting = futex_wait(&page.here(), 0);
  settle();
  change_and_wake(page.there());
  ASSERT_TRUE(finish(waiting));
  EXPECT_EQ(waiting.result, 0);
}

TEST_P(FutexConformance, a_wait_that_is_cancelled_ends_and_others_go_on) {
  Word word = 7;
  FutexWait& given_up = futex_wait(&word, 7);
  FutexWait& waiting = futex_wait(&word, 7);
  settle();
  if (!is_back(given_up)) cancel(given_up);
  ASSERT_TRUE(finish(given_up));
  if (waits_to_the_end()) {
    EXPECT_EQ(given_up.result, -ECANCELED);
    EXPECT_FALSE(is_back(waiting));
  }
  change_and_wake(word);
  ASSERT_TRUE(finish(waiting));
  EXPECT_EQ(waiting.result, 0);
}

TEST_P(FutexConformance, a_cancel_at_the_moment_of_a_wake_ends_the_wait_once) {
  for (int i = 0; i < 20; ++i) {
    Word word = 7;
    FutexWait& waiting = futex_wait(&word, 7);
    turn_now();
    change_and_wake(word);
    if (!is_back(waiting)) cancel(waiting);
    ASSERT_TRUE(finish(waiting));
    EXPECT_TRUE(waiting.result == 0 || waiting.result == -ECANCELED) << waiting.result;
  }
}

TEST_P(FutexConformance, a_word_that_cannot_be_waited_for_says_why) {
  const SharedPage page;
  void* const nowhere = ::mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  FutexWait& unmapped = futex_wait(nowhere, 0);
  FutexWait& askew = futex_wait(reinterpret_cast<std::byte*>(&page.here()) + 1, 0);
  ASSERT_TRUE(finish(unmapped, askew));
  ::munmap(nowhere, 4096);
  EXPECT_EQ(unmapped.result, -EFAULT);
  EXPECT_EQ(askew.result, -EINVAL);
}

/// More than one call of futex_waitv takes.
TEST_P(FutexConformance, three_hundred_words_are_waited_for_at_once) {
  constexpr std::size_t kWords = 300;
  std::deque<Word> words(kWords);
  std::vector<FutexWait*> waits;
  for (const Word& word : words) waits.push_back(&futex_wait(&word, 0));
  settle();
  for (std::size_t i = 0; i < kWords; ++i) {
    change_and_wake(words[i]);
    ASSERT_TRUE(finish(*waits[i]));
    EXPECT_EQ(waits[i]->result, 0);
    if (i + 1 < kWords && waits_to_the_end()) {
      ASSERT_FALSE(is_back(*waits[i + 1]));
    }
  }
}

TEST_P(FutexConformance, words_are_waited_for_again_and_again_without_a_lost_wake) {
  std::array<Word, 3> words{};
  std::array<FutexWait*, 3> waits{};
  for (std::size_t i = 0; i < words.size(); ++i) waits[i] = &futex_wait(&words[i], 0);
  for (int round = 0; round < 300; ++round) {
    const auto place = static_cast<std::size_t>(round) % words.size();
    change_and_wake(words[place]);
    ASSERT_TRUE(finish(*waits[place]));
    EXPECT_EQ(waits[place]->result, 0);
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (is_back(*waits[i])) waits[i] = &futex_wait(&words[i], words[i].load());
    }
  }
  for (Word& word : words) change_and_wake(word);
  ASSERT_TRUE(finish(*waits[0], *waits[1], *waits[2]));
}

INSTANTIATE_TEST_SUITE_P(Drivers, FutexConformance, testing::ValuesIn(cells()), name_of);

}  // namespace
}  // namespace rota::conformance

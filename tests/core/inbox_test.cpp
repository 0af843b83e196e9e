#include "core/inbox.hpp"

#include <rota/core/platform.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>
#include <thread>
#include <vector>

namespace rota {
namespace {

constexpr std::size_t kPosters = 4;

struct Letter : Runnable {
  std::size_t poster = 0;
  std::size_t number = 0;
};

using Letters = std::vector<std::vector<Letter>>;

Letters write_letters(std::size_t each) {
  Letters letters;
  for (std::size_t poster = 0; poster < kPosters; ++poster) {
    letters.emplace_back(each);
    for (std::size_t number = 0; number < each; ++number) {
      letters.back()[number].poster = poster;
      letters.back()[number].number = number;
    }
  }
  return letters;
}

/// What the owner has seen: per poster the number that must come next.
class Register {
 public:
  void take(Runnable* first) {
    while (first != nullptr) {
      const auto& letter = static_cast<Letter&>(*first);
      first = first->next;
      if (letter.number != next_[letter.poster]) out_of_order_ += 1;
      next_[letter.poster] = letter.number + 1;
      taken_ += 1;
    }
  }
  [[nodiscard]] std::size_t taken() const { return taken_; }
  [[nodiscard]] std::size_t out_of_order() const { return out_of_order_; }

 private:
  std::vector<std::size_t> next_ = std::vector<std::size_t>(kPosters, 0);
  std::size_t taken_ = 0;
  std::size_t out_of_order_ = 0;
};

TEST(InboxTest, each_kind_comes_out_of_its_own_slot) {
  Inbox inbox;
  EXPECT_TRUE(inbox.empty());
  Runnable ready;
  StopNode stop;
  Operation operation(OpCode::sync);
  CancelNode cancel;
  EXPECT_FALSE(inbox.post(ready));
  EXPECT_FALSE(inbox.post(stop));
  EXPECT_FALSE(inbox.post(operation));
  EXPECT_FALSE(inbox.post(cancel));
  EXPECT_FALSE(inbox.empty());
  EXPECT_EQ(inbox.take_ready(), &ready);
  EXPECT_EQ(inbox.take_stops(), &stop);
  EXPECT_EQ(inbox.take_operations(), &operation);
  EXPECT_FALSE(inbox.empty()) << "a cancel is still there";
  EXPECT_EQ(inbox.take_cancels(), &cancel);
  EXPECT_TRUE(inbox.empty());
  EXPECT_EQ(inbox.take_ready(), nullptr);
}

TEST(InboxTest, only_the_first_post_to_a_sleeper_owes_a_wake) {
  Inbox inbox;
  Runnable first;
  Runnable second;
  StopNode third;
  EXPECT_FALSE(inbox.knock()) << "the owner runs";
  inbox.park_word().announce();
  EXPECT_TRUE(inbox.post(first));
  EXPECT_FALSE(inbox.post(second));
  EXPECT_FALSE(inbox.post(third));
  EXPECT_TRUE(inbox.park_word().retract());
  EXPECT_FALSE(inbox.knock());
  inbox.park_word().announce();
  EXPECT_FALSE(inbox.park_word().retract()) << "nobody claimed";
}

/// Two posters at the same instant are explored in tests/model (park_word_model.cpp); here real
/// threads hammer.
TEST(InboxTest, of_many_threads_one_claims_the_wake_of_each_announcement) {
  constexpr int kAnnouncements = address_sanitizer || thread_sanitizer ? 2'000 : 50'000;
  Inbox inbox;
  std::atomic<bool> over{false};
  std::atomic<int> claimed{0};
  std::vector<std::thread> posters;
  for (std::size_t poster = 0; poster < kPosters; ++poster) {
    posters.emplace_back([&] {
      while (!over.load()) {
        if (inbox.knock()) claimed.fetch_add(1);
      }
    });
  }
  int answered = 0;
  for (int i = 0; i < kAnnouncements; ++i) {
    inbox.park_word().announce();
    spin_pause();
    if (inbox.park_word().retract()) answered += 1;
  }
  // The posters may have been kept from running so far: one announcement is answered for certain.
  inbox.park_word().announce();
  while (claimed.load() == 0) std::this_thread::yield();
  if (inbox.park_word().retract()) answered += 1;
  over.store(true);
  for (std::thread& poster : posters) poster.join();
  EXPECT_GT(answered, 0);
  EXPECT_EQ(claimed.load(), answered) << "a claim more is a wake that nobody owed";
}

/// The owner's loop, as a worker has it, over a semaphore in place of a driver.
TEST(InboxTest, a_sleeping_owner_gets_every_letter_in_the_order_of_its_poster) {
  constexpr std::size_t kEach = address_sanitizer || thread_sanitizer ? 5'000 : 50'000;
  Letters letters = write_letters(kEach);
  Inbox inbox;
  std::counting_semaphore wakes(0);
  std::vector<std::thread> posters;
  for (std::size_t poster = 0; poster < kPosters; ++poster) {
    posters.emplace_back([&, poster] {
      for (Letter& letter : letters[poster]) {
        if (inbox.post(letter)) wakes.release();
      }
    });
  }
  Register seen;
  while (seen.taken() < kPosters * kEach) {
    inbox.park_word().announce();
    if (inbox.empty()) wakes.acquire();
    inbox.park_word().retract();
    seen.take(inbox.take_ready());
  }
  for (std::thread& poster : posters) poster.join();
  EXPECT_EQ(seen.taken(), kPosters * kEach);
  EXPECT_EQ(seen.out_of_order(), 0u);
  EXPECT_TRUE(inbox.empty());
}

}  // namespace
}  // namespace rota

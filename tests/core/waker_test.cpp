#include <rota/core/waker.hpp>

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <thread>
#include <type_traits>
#include <utility>

namespace rota {
namespace {

static_assert(!std::is_copy_constructible_v<Waker>);
static_assert(std::is_nothrow_move_constructible_v<Waker>);

/// Leaves its waker where another party finds it. It cannot be cancelled: nobody does here.
class HandOutWaker : public Leaf {
 public:
  explicit HandOutWaker(std::optional<Waker>& place) noexcept : place_(place) {}

  bool start(Runnable& self) noexcept {
    waiter = &self;
    cancel = [](Leaf&) noexcept {};
    park(*this);
    place_.emplace(self);
    return true;
  }
  void finish() const noexcept {}

 private:
  std::optional<Waker>& place_;
};

Task<void> park_once(std::optional<Waker>& place, int& resumed) {
  co_await Await<HandOutWaker>(std::in_place, place);
  resumed += 1;
}

Task<void> wake_from_this_worker(int& resumed) {
  std::optional<Waker> place;
  auto parked = spawn(park_once(place, resumed));
  while (!place) co_await yield();
  EXPECT_EQ(resumed, 0);
  Waker moved = std::move(*place);
  place.reset();
  std::move(moved).wake();
  EXPECT_EQ(resumed, 0) << "a wake makes ready; it does not run";
  auto joined = co_await parked.join();
  EXPECT_TRUE(joined.has_value());
}

Task<void> wake_from_another_thread(int& resumed) {
  std::optional<Waker> place;
  auto parked = spawn(park_once(place, resumed));
  while (!place) co_await yield();
  std::thread waking([&place] { std::move(*place).wake(); });
  auto joined = co_await parked.join();
  waking.join();
  EXPECT_TRUE(joined.has_value());
}

TEST(WakerTest, ends_a_wait_of_the_same_worker_once) {
  auto runtime = Runtime::make();
  ASSERT_TRUE(runtime.has_value());
  int resumed = 0;
  runtime->block_on(wake_from_this_worker(resumed));
  EXPECT_EQ(resumed, 1);
}

TEST(WakerTest, ends_a_wait_from_another_thread_once) {
  auto runtime = Runtime::make();
  ASSERT_TRUE(runtime.has_value());
  int resumed = 0;
  runtime->block_on(wake_from_another_thread(resumed));
  EXPECT_EQ(resumed, 1);
}

void drop_a_waker() {
  Runnable parked;
  const Waker dropped(parked);
}

/// Where assertions are compiled out the statement only runs.
TEST(WakerDeathTest, one_that_is_dropped_unused_aborts_where_assertions_are_on) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(drop_a_waker(), "a waker was dropped");
}

}  // namespace
}  // namespace rota

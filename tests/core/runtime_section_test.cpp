#include "sched/seat.hpp"

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <thread>

namespace rota {
namespace {

bool worker_may_be_taken() {
  return TakeOverWord::in_task(current_seat().word.sample());
}

TEST(RuntimeSectionTest, a_plain_thread_carries_no_worker) {
  std::thread([] {
    const RuntimeSection section;
    EXPECT_EQ(section.worker(), nullptr);
    EXPECT_EQ(&section.seat(), &current_seat());
    EXPECT_EQ(current_task(), nullptr);
  }).join();
}

TEST(RuntimeSectionTest, each_thread_has_a_seat_of_its_own) {
  const Seat* mine = &current_seat();
  std::thread([mine] { EXPECT_NE(&current_seat(), mine); }).join();
  EXPECT_EQ(&current_seat(), mine);
}

Task<void> open_brackets() {
  EXPECT_TRUE(worker_may_be_taken()) << "this is task code";
  {
    const RuntimeSection outer;
    EXPECT_NE(outer.worker(), nullptr);
    EXPECT_FALSE(worker_may_be_taken());
    {
      const RuntimeSection inner;
      EXPECT_EQ(inner.worker(), outer.worker());
      EXPECT_FALSE(worker_may_be_taken());
    }
    EXPECT_FALSE(worker_may_be_taken()) << "the inner one must not close the outer one";
  }
  EXPECT_TRUE(worker_may_be_taken());
  co_return;
}

TEST(RuntimeSectionTest, brackets_nest_inside_a_task) {
  auto runtime = Runtime::make();
  ASSERT_TRUE(runtime.has_value());
  runtime->block_on(open_brackets());
  const RuntimeSection section;
  EXPECT_EQ(section.worker(), nullptr) << "the thread carries nothing once block_on is over";
}

}  // namespace
}  // namespace rota

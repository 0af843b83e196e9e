// What the hot structs weigh. The header asserts some of it; here stands what a task pays for.

#include <rota/core/operation.hpp>
#include <rota/core/operation_leaf.hpp>
#include <rota/core/runnable.hpp>
#include <rota/core/seat.hpp>
#include <rota/core/stream.hpp>
#include <rota/core/timer_entry.hpp>
#include <rota/core/waker.hpp>

#include "core/inbox.hpp"

#include <gtest/gtest.h>

#include <type_traits>

namespace rota {
namespace {

constexpr std::size_t kPaddingBytes = 128;  // two lines: the prefetcher fetches them in pairs

TEST(LayoutTest, an_operation_is_one_cache_line) {
  EXPECT_LE(sizeof(Operation), 64u);
  EXPECT_LE(sizeof(Transfer), sizeof(Operation) + 32);
  EXPECT_LE(sizeof(VectorTransfer), sizeof(Operation) + 24);
  EXPECT_LE(sizeof(Stream), sizeof(Operation) + 32);
}

TEST(LayoutTest, the_head_of_a_runnable_is_three_pointers) {
  EXPECT_EQ(sizeof(Runnable), 3 * sizeof(void*));
}

TEST(LayoutTest, a_waker_is_one_pointer) { EXPECT_EQ(sizeof(Waker), sizeof(void*)); }

TEST(LayoutTest, a_timer_is_at_most_48_bytes) { EXPECT_LE(sizeof(TimerEntry), 48u); }

TEST(LayoutTest, what_threads_share_stands_apart) {
  EXPECT_EQ(alignof(Seat), kPaddingBytes);
  EXPECT_EQ(alignof(Inbox), kPaddingBytes);
}

TEST(LayoutTest, what_lists_point_at_stays_in_place) {
  EXPECT_FALSE(std::is_copy_constructible_v<Runnable>);
  EXPECT_FALSE(std::is_move_constructible_v<Runnable>);
  EXPECT_FALSE(std::is_copy_constructible_v<Operation>);
  EXPECT_FALSE(std::is_move_constructible_v<Operation>);
  EXPECT_FALSE(std::is_move_constructible_v<Stream>);
  EXPECT_FALSE(std::is_copy_constructible_v<TimerEntry>);
}

}  // namespace
}  // namespace rota

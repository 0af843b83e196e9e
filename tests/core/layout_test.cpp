// What the hot structs weigh. The header asserts some of it; here stands what a task pays for.

#include <rota/core/operation.hpp>
#include <rota/core/operation_leaf.hpp>
#include <rota/core/runnable.hpp>
#include <rota/core/seat.hpp>
#include <rota/core/stream.hpp>
#include <rota/core/timer_entry.hpp>
#include <rota/core/waker.hpp>

#include "core/inbox.hpp"
#include "driver/uring/wake.hpp"
#include "driver/wake_fd.hpp"
#include "sched/frame_pool.hpp"
#include "sched/worker.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <type_traits>

namespace rota {
namespace {

constexpr std::size_t kPaddingBytes = 128;  // two lines: the prefetcher fetches them in pairs

TEST(LayoutTest, an_operation_is_one_cache_line) {
  EXPECT_LE(sizeof(Operation), 64u);
  EXPECT_LE(sizeof(Transfer), sizeof(Operation) + 32);
  EXPECT_LE(sizeof(VectorTransfer), sizeof(Operation) + 24);
  EXPECT_LE(sizeof(Stream), sizeof(Operation) + 56);
}

TEST(LayoutTest, the_head_of_a_runnable_is_three_pointers) {
  EXPECT_EQ(sizeof(Runnable), 3 * sizeof(void*));
}

TEST(LayoutTest, a_waker_is_one_pointer) { EXPECT_EQ(sizeof(Waker), sizeof(void*)); }

TEST(LayoutTest, a_timer_is_at_most_48_bytes) { EXPECT_LE(sizeof(TimerEntry), 48u); }

// What one thread writes and another one reads or writes begins on lines of its own and fills them,
// so that nothing stands beside it, wherever it is put. The rest of a structure with one such
// member is its owner's: the alignment of the whole is the member's, and is lost with it.
template <class T>
constexpr bool stands_apart = alignof(T) == kPaddingBytes && sizeof(T) == kPaddingBytes;

static_assert(stands_apart<Seat>);
static_assert(offsetof(Seat, word) == 0);
static_assert(sizeof(TakeOverWord) == 16, "both of its words are in the seat's first line");
static_assert(stands_apart<Inbox>);
static_assert(stands_apart<UringWake>);
static_assert(stands_apart<WakeFd>);
static_assert(alignof(FramePool) == kPaddingBytes, "by remote_, which every thread frees to");
static_assert(alignof(Worker) == kPaddingBytes, "by seat_, which takers read, and by its Inbox");

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

#include <rota/core/stream.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

namespace rota {
namespace {

template <std::size_t Places>
struct Ring {
  std::array<StreamResult, Places> storage{};
  Stream stream{OpCode::accept, storage};
};

StreamResult numbered(std::int32_t number) {
  return StreamResult(number, nullptr, static_cast<std::uint32_t>(number) + 1);
}

void expect_number(const StreamResult& result, std::int32_t number) {
  EXPECT_EQ(result.result, number);
  EXPECT_EQ(result.offset, static_cast<std::uint32_t>(number) + 1);
}

TEST(StreamTest, begins_empty_and_not_armed) {
  Ring<4> ring;
  EXPECT_TRUE(ring.stream.empty());
  EXPECT_FALSE(ring.stream.full());
  EXPECT_FALSE(ring.stream.armed);
  EXPECT_EQ(ring.stream.room(), 4u);
  EXPECT_NE(ring.stream.flags & op_stream, 0);
}

TEST(StreamTest, results_come_out_in_order_round_the_ring_many_times) {
  Ring<3> ring;
  std::int32_t pushed = 0;
  std::int32_t popped = 0;
  // Fill levels of 0 to 3 at every position of the head.
  for (int lap = 0; lap < 20; ++lap) {
    for (int level = 1; level <= 3; ++level) {
      for (int i = 0; i < level; ++i) ring.stream.push(numbered(pushed++));
      EXPECT_EQ(ring.stream.room(), 3u - static_cast<unsigned>(level));
      while (!ring.stream.empty()) expect_number(ring.stream.pop(), popped++);
    }
  }
  EXPECT_EQ(popped, pushed);
}

TEST(StreamTest, only_a_push_onto_the_empty_ring_announces) {
  Ring<3> ring;
  EXPECT_TRUE(ring.stream.push(numbered(0)));
  EXPECT_FALSE(ring.stream.push(numbered(1)));
  ring.stream.pop();
  EXPECT_FALSE(ring.stream.push(numbered(2))) << "the consumer has not emptied the ring";
  ring.stream.pop();
  ring.stream.pop();
  EXPECT_TRUE(ring.stream.push(numbered(3)));
}

TEST(StreamTest, is_full_at_the_last_place_and_not_before) {
  Ring<4> ring;
  for (std::int32_t i = 0; i < 4; ++i) {
    EXPECT_FALSE(ring.stream.full());
    ring.stream.push(numbered(i));
  }
  EXPECT_TRUE(ring.stream.full());
  EXPECT_EQ(ring.stream.room(), 0u);
  ring.stream.pop();
  EXPECT_FALSE(ring.stream.full());
}

TEST(StreamTest, the_start_limit_lies_at_half) {
  Ring<4> ring;
  EXPECT_FALSE(ring.stream.past_start_limit());
  ring.stream.push(numbered(0));
  EXPECT_FALSE(ring.stream.past_start_limit());
  ring.stream.push(numbered(1));
  EXPECT_TRUE(ring.stream.past_start_limit());
  ring.stream.pop();
  EXPECT_FALSE(ring.stream.past_start_limit());
}

TEST(StreamTest, the_smallest_ring_may_start_when_it_is_empty) {
  Ring<2> ring;
  EXPECT_FALSE(ring.stream.past_start_limit());
  ring.stream.push(numbered(0));
  EXPECT_TRUE(ring.stream.past_start_limit());
  EXPECT_EQ(ring.stream.room(), 1u) << "room for what comes while it is being disarmed";
}

}  // namespace
}  // namespace rota

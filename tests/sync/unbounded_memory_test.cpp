// What a burst took goes back, counted in bytes: every allocation of this process is.

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <malloc.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <thread>

namespace {

std::atomic<std::int64_t> live_bytes{0};

void* counted(void* block) {
  if (block == nullptr) throw std::bad_alloc();
  live_bytes.fetch_add(static_cast<std::int64_t>(malloc_usable_size(block)));
  return block;
}

void uncounted(void* block) noexcept {
  if (block == nullptr) return;
  live_bytes.fetch_sub(static_cast<std::int64_t>(malloc_usable_size(block)));
  std::free(block);
}

}  // namespace

void* operator new(std::size_t bytes) { return counted(std::malloc(bytes)); }
void* operator new[](std::size_t bytes) { return counted(std::malloc(bytes)); }
void operator delete(void* block) noexcept { uncounted(block); }
void operator delete(void* block, std::size_t) noexcept { uncounted(block); }
void operator delete[](void* block) noexcept { uncounted(block); }
void operator delete[](void* block, std::size_t) noexcept { uncounted(block); }

namespace rota {
namespace {

constexpr int kBurst = address_sanitizer || thread_sanitizer ? 200'000 : 10'000'000;
constexpr std::int64_t kSegment = 4096 + 64;  // with what the allocator adds
constexpr auto kValueBytes = static_cast<std::int64_t>(sizeof(std::int64_t));

void burst(UnboundedChannel<std::int64_t>& channel, std::int64_t baseline) {
  std::thread sender([&channel] {
    for (std::int64_t i = 0; i < kBurst; ++i) EXPECT_TRUE(channel.send(i).has_value());
  });
  sender.join();
  const std::int64_t held = live_bytes.load() - baseline;
  EXPECT_GE(held, kBurst * kValueBytes);
  EXPECT_LE(held, kBurst * kValueBytes * 103 / 100 + kSegment);
  for (std::int64_t i = 0; i < kBurst; ++i) EXPECT_EQ(channel.try_receive(), i);
}

TEST(UnboundedMemoryTest, a_burst_is_given_back_but_for_one_segment) {
  const std::int64_t before = live_bytes.load();
  {
    UnboundedChannel<std::int64_t> channel;
    EXPECT_EQ(live_bytes.load(), before);
    for (int round = 0; round < 2; ++round) {
      burst(channel, before);
      EXPECT_LE(live_bytes.load(), before + kSegment);
    }
  }
  EXPECT_EQ(live_bytes.load(), before);
}

TEST(UnboundedMemoryTest, what_is_never_received_goes_with_the_channel) {
  const std::int64_t before = live_bytes.load();
  {
    UnboundedChannel<std::int64_t> channel;
    for (std::int64_t i = 0; i < 10'000; ++i) EXPECT_TRUE(channel.send(i).has_value());
    EXPECT_EQ(channel.try_receive(), 0);
  }
  EXPECT_EQ(live_bytes.load(), before);
}

TEST(UnboundedMemoryTest, a_oneshot_is_one_allocation_that_the_second_half_frees) {
  const std::int64_t before = live_bytes.load();
  {
    Oneshot<int> ends = make_oneshot<int>();
    EXPECT_GT(live_bytes.load(), before);
    EXPECT_TRUE(ends.sender.send(1).has_value());
  }
  {
    static_cast<void>(make_oneshot<int>());
  }
  EXPECT_EQ(live_bytes.load(), before);
}

}  // namespace
}  // namespace rota

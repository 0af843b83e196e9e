// Closes when memory ends. An executable of its own, since it replaces operator new.
#include "sched/unwaited_closes.hpp"

#include "core/descriptor.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <new>
#include <vector>

namespace {

bool memory_is_short = false;

}  // namespace

void* operator new(std::size_t bytes) {
  void* memory = std::malloc(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return memory_is_short ? nullptr : std::malloc(bytes);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

namespace rota {
namespace {

constexpr std::size_t kMany = 100;

TEST(UnwaitedClosesTest, many_are_under_way_at_once_and_each_is_of_its_own) {
  std::array<Descriptor, kMany> abandoned;
  UnwaitedCloses closes;
  std::vector<Operation*> under_way;
  for (Descriptor& each : abandoned) under_way.push_back(closes.begin(each));
  for (std::size_t i = 0; i < kMany; ++i) {
    ASSERT_NE(under_way[i], nullptr);
    EXPECT_EQ(under_way[i]->code, OpCode::close);
    EXPECT_EQ(under_way[i]->descriptor, &abandoned[i]);
  }
  for (Operation* each : under_way) EXPECT_EQ(closes.end(*each), nullptr);
}

TEST(UnwaitedClosesTest, an_fd_that_is_somebody_elses_is_kept_open) {
  std::array<Descriptor, 2> abandoned;
  abandoned[0].borrowed = true;
  UnwaitedCloses closes;
  for (Descriptor& each : abandoned) {
    Operation* close = closes.begin(each);
    ASSERT_NE(close, nullptr);
    EXPECT_EQ((close->flags & op_keep_fd) != 0, each.borrowed);
    EXPECT_EQ(closes.end(*close), nullptr);
  }
}

TEST(UnwaitedClosesTest, without_memory_they_are_closed_one_after_the_other_in_order) {
  std::array<Descriptor, kMany> abandoned;
  UnwaitedCloses closes;
  memory_is_short = true;
  Operation* under_way = closes.begin(abandoned[0]);
  for (std::size_t i = 1; i < kMany; ++i) EXPECT_EQ(closes.begin(abandoned[i]), nullptr);
  for (const Descriptor& each : abandoned) {
    ASSERT_NE(under_way, nullptr);
    EXPECT_EQ(under_way->descriptor, &each);
    under_way = closes.end(*under_way);
  }
  EXPECT_EQ(under_way, nullptr);
  memory_is_short = false;
}

}  // namespace
}  // namespace rota

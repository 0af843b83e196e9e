// The table when memory ends. An executable of its own, since it replaces operator new.
#include "core/descriptor_table.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

namespace {

/// Allocations that still succeed; negative: all of them.
int allocations_left = -1;

void* take(std::size_t bytes) {
  if (allocations_left == 0) throw std::bad_alloc();
  if (allocations_left > 0) --allocations_left;
  void* memory = std::malloc(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t bytes) { return take(bytes); }
void* operator new[](std::size_t bytes) { return take(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace rota {
namespace {

/// Whether the adoption succeeded.
bool adopts(DescriptorTable& table, int allocations) {
  constexpr int kSomeFd = 1'000'000;
  allocations_left = allocations;
  bool adopted = true;
  try {
    table.release(table.adopt(kSomeFd, FdKind::socket, nullptr));
  } catch (const std::bad_alloc&) {
    adopted = false;
  }
  allocations_left = -1;
  return adopted;
}

TEST(DescriptorTableMemoryTest, an_adoption_that_fails_leaves_nothing_that_a_later_one_could_use) {
  int refused = 0;
  for (int allocations = 0; allocations < 10; ++allocations) {
    DescriptorTable table;
    if (adopts(table, allocations)) break;
    ++refused;
    EXPECT_FALSE(adopts(table, 0)) << "a place of a block that is gone, with " << allocations
                                   << " allocations";
    EXPECT_EQ(table.live(), 0u);
    EXPECT_TRUE(adopts(table, -1));
  }
  EXPECT_EQ(refused, 2) << "a block and the list of blocks";
}

}  // namespace
}  // namespace rota

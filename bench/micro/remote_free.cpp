// What does it cost to free a frame that another worker's pool gave, at once or in batches?
//
// Alone: one thread frees blocks of another pool, and that pool gives them out again, so that the
// figure has both ends and no cache line moves. Mutual: two threads, each of which frees what the
// other one took a round before and takes as many, both at the same time. Rounds are short and
// alternate; medians and quartiles over them are printed.
#include "sched/frame_pool.hpp"

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <thread>
#include <utility>
#include <vector>

namespace {

using rota::FramePool;

constexpr int rounds = 201;
constexpr std::size_t blocks = 5000;
constexpr std::size_t block_bytes = 208;  // a small coroutine's frame
constexpr std::size_t frees_per_pass = 64;

using Blocks = std::vector<void*>;
using Clock = std::chrono::steady_clock;

enum class Way : bool { at_once, in_batches };

Blocks take(FramePool& from) {
  Blocks taken(blocks);
  for (void*& block : taken) block = from.allocate(block_bytes);
  return taken;
}

void give_back(const Blocks& taken, FramePool& here, Way way) {
  std::size_t freed = 0;
  for (void* block : taken) {
    if (way == Way::at_once) {
      FramePool::of(block).free_remote(block);
      continue;
    }
    here.free_away(block, block_bytes);
    if (++freed % frees_per_pass == 0) here.hand_over();
  }
  here.hand_over();
}

double ns_per_block(Clock::time_point began) {
  const std::chrono::duration<double, std::nano> took = Clock::now() - began;
  return took.count() / static_cast<double>(blocks);
}

double alone(FramePool& home, FramePool& here, Way way) {
  const Blocks taken = take(home);
  const auto began = Clock::now();
  give_back(taken, here, way);
  const Blocks again = take(home);
  const double ns = ns_per_block(began);
  give_back(again, here, way);
  return ns;
}

double mutual(FramePool& one, FramePool& other, Way way) {
  Blocks of_one = take(one);
  Blocks of_other = take(other);
  std::barrier<> start(2);
  double ns[2];
  const auto work = [&](FramePool& mine, const Blocks& theirs, double& result) {
    start.arrive_and_wait();
    const auto began = Clock::now();
    give_back(theirs, mine, way);
    const Blocks taken = take(mine);
    result = ns_per_block(began);
    start.arrive_and_wait();
    for (void* block : taken) mine.free_local(block, block_bytes);
  };
  std::thread beside([&] { work(other, of_one, ns[1]); });
  work(one, of_other, ns[0]);
  beside.join();
  return std::max(ns[0], ns[1]);
}

void print(const char* name, std::vector<double> ns) {
  std::ranges::sort(ns);
  std::printf("  %-22s %6.1f ns a block (quartiles %.1f and %.1f)\n", name, ns[ns.size() / 2],
              ns[ns.size() / 4], ns[ns.size() * 3 / 4]);
}

template <class Measure>
void compare(const char* name, Measure measure) {
  FramePool& one = FramePool::acquire();
  FramePool& other = FramePool::acquire();
  std::vector<double> at_once;
  std::vector<double> in_batches;
  for (int round = 0; round < rounds; ++round) {
    at_once.push_back(measure(one, other, Way::at_once));
    in_batches.push_back(measure(one, other, Way::in_batches));
  }
  std::printf("%s\n", name);
  print("at once", std::move(at_once));
  print("in batches", std::move(in_batches));
  FramePool::retire(one);
  FramePool::retire(other);
}

}  // namespace

int main() {
  std::printf("%d rounds of %zu blocks of %zu bytes, a freed one and one taken\n", rounds, blocks,
              block_bytes);
  compare("alone", alone);
  compare("mutual", mutual);
}

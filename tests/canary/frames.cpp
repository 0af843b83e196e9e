// What a frame must keep, unwind and hand on.
#include <array>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <vector>

#include "shape.hpp"
#include "task.hpp"
#include "tracked.hpp"
#include "yields.hpp"

namespace canary {
namespace {

constexpr int million = 1'000'000;

Task<int> one_of_many() { co_return 1; }

Task<int> a_million_children() {
  int sum = 0;
  for (int i = 0; i < million; ++i) {
    auto one = co_await one_of_many();
    sum += one;
  }
  co_return sum;
}

// Two coroutines that hand control to each other, never returning to whoever resumed the first.
struct PingPong {
  std::coroutine_handle<> other = std::noop_coroutine();
  int hops = 0;
};

class Hop {
 public:
  Hop(PingPong& table, bool& stop) noexcept : table_(table), stop_(stop) {}
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> frame) noexcept {
    stop_ = ++table_.hops >= million;
    return std::exchange(table_.other, frame);
  }
  void await_resume() const noexcept {}

 private:
  PingPong& table_;
  bool& stop_;
};

Task<int> player(PingPong& table) {
  bool stop = false;
  while (!stop) {
    auto hop = Hop(table, stop);
    co_await hop;
  }
  co_return table.hops;
}

bool symmetric_transfer_a_million_hops() {
  PingPong table;
  auto first = player(table);
  auto second = player(table);
  first.start();   // parks in the table
  second.start();  // from here on they hand over to each other
  while (!first.done() || !second.done()) {
    std::exchange(table.other, std::noop_coroutine()).resume();
  }
  return table.hops >= million;
}

Task<int> throws_after(int value) {
  const Tracked held(value);
  co_await Pause();
  throw std::runtime_error("wanted");
  co_return held.number();
}

Task<int> exception_from_a_child() {
  const Tracked outer(1);
  try {
    auto got = co_await throws_after(2);
    co_return got;
  } catch (const std::runtime_error&) {
    co_return outer.number() + 4;
  }
}

Task<int> exception_past_a_frame() {
  const Tracked held(1);
  auto got = co_await throws_after(2);
  co_return got + held.number();
}

Task<int> exception_through_two_frames() {
  int got = 0;
  try {
    auto ignored = co_await exception_past_a_frame();
    got = ignored;
  } catch (const std::runtime_error&) {
    got = 5;
  }
  co_return got;
}

class ThrowingSuspend {
 public:
  ThrowingSuspend() noexcept {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<>) { throw std::runtime_error("wanted"); }
  void await_resume() const noexcept {}
};

Task<int> exception_from_await_suspend() {
  const Tracked held(5);
  try {
    co_await ThrowingSuspend();
  } catch (const std::runtime_error&) {
    co_return held.number();
  }
  co_return 0;
}

Task<int> keeps(Tracked by_value, const Tracked& by_reference, std::unique_ptr<Tracked> owned) {
  co_await Pause();
  co_return by_value.number() + by_reference.number() + owned->number();
}

Task<int> parameters_live_as_long_as_the_frame() {
  const Tracked second(2);
  auto got = co_await keeps(Tracked(1), second, std::make_unique<Tracked>(3));
  co_return got;
}

// Neither compiler aligns a frame beyond what plain operator new gives, so a local that wants more
// may stand anywhere (clang 19 does with -fcoro-aligned-allocation): keep such objects on the heap.
// The compilers believe their own alignas and fold a test of the address away, so ask at run time.
volatile std::uintptr_t seen_address = 0;

struct alignas(64) Wide {
  unsigned char bytes[64] = {};
};

Task<int> misplaced_wide_local() {
  Wide wide;
  seen_address = reinterpret_cast<std::uintptr_t>(&wide);
  co_await Pause();
  co_return seen_address % alignof(Wide) == 0 ? 0 : 1;
}

// Where malloc puts one frame is luck, so many frames live at once.
bool over_aligned_local() {
  std::vector<Task<int>> tasks;
  int misplaced = 0;
  for (int i = 0; i < 64; ++i) {
    tasks.push_back(misplaced_wide_local());
    if (!finishes(tasks.back())) return false;
    misplaced += tasks.back().result();
  }
  return misplaced == 0;
}

Task<int> locals_of_loops_and_blocks() {
  int sum = 0;
  for (int i = 0; i < 3; ++i) {
    const Tracked inner(i);
    co_await Pause();
    sum += inner.number();
    if (i == 1) continue;
    const Tracked after(10);
    co_await Pause();
    sum += after.number();
  }
  co_return sum;
}

// A frame that is destroyed while it waits must destroy what it holds, once.
bool destroyed_while_waiting() {
  {
    auto task = keeps(Tracked(1), Tracked(2), std::make_unique<Tracked>(3));
    task.start();
    ready.clear();
  }
  return Tracked::balanced();
}

struct Counter {
  Tracked step{2};
  Task<int> add(int value) {
    co_await Pause();
    co_return value + step.number();
  }
};

Task<int> member_coroutine() {
  Counter counter;
  auto got = co_await counter.add(3);
  co_return got;
}

Task<int> awaits_that_are_ready() {
  int sum = 0;
  for (int i = 0; i < 1000; ++i) {
    auto one = co_await Now<Tracked>(Tracked(1));
    sum += one.number();
  }
  co_return sum;
}

constexpr std::array shapes{
    Shape{"frame: a million children one by one", yields<a_million_children, million>},
    Shape{"frame: a million symmetric transfers deep", symmetric_transfer_a_million_hops},
    Shape{"frame: exception from a child", yields<exception_from_a_child, 5>},
    Shape{"frame: exception through two frames", yields<exception_through_two_frames, 5>},
    Shape{"frame: exception from await_suspend", yields<exception_from_await_suspend, 5>},
    Shape{"frame: parameters live long enough", yields<parameters_live_as_long_as_the_frame, 6>},
    Shape{"frame: a local aligned to 64 bytes", over_aligned_local, Outcome::wrong, Outcome::wrong},
    Shape{"frame: locals of loops and blocks", yields<locals_of_loops_and_blocks, 23>},
    Shape{"frame: destroyed while waiting", destroyed_while_waiting},
    Shape{"frame: a member function", yields<member_coroutine, 5>},
    Shape{"frame: a thousand awaits that are ready", yields<awaits_that_are_ready, 1000>},
};

}  // namespace

std::span<const Shape> frame_shapes() { return shapes; }

}  // namespace canary

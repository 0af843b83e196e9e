// Boost.Fiber's tasks: spawn and join, yield, channel ping-pong. One thread has the round-robin
// scheduler, several steal from each other, as the library does it by default: a thread without
// work spins.
//
//   fiber_tasks [--threads N]

#include "../../raw/task_work.hpp"

#include <boost/fiber/algo/work_stealing.hpp>
#include <boost/fiber/buffered_channel.hpp>
#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/fixedsize_stack.hpp>
#include <boost/fiber/mutex.hpp>
#include <boost/fiber/operations.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace {

using namespace rota::bench;
namespace fibers = boost::fibers;
using Channel = fibers::buffered_channel<std::uint64_t>;

constexpr std::size_t stack_bytes = 16 * 1024;
constexpr std::size_t one_message = 2;  // slots of a channel, one of which always stays free

/// `post`: the spawner goes on, as everywhere else, and the fiber waits for its turn.
template <class Body>
fibers::fiber start(Body body) {
  return fibers::fiber(fibers::launch::post, std::allocator_arg,
                       fibers::fixedsize_stack(stack_bytes), std::move(body));
}

void spawn_and_join() {
  for (std::uint64_t i = 0; i < kSpawns; ++i) start([] {}).join();
}

void yield_in_turn() {
  std::vector<fibers::fiber> all;
  all.reserve(kYielders);
  for (std::uint64_t i = 0; i < kYielders; ++i) {
    all.push_back(start([] {
      for (std::uint64_t turn = 0; turn < kYields; ++turn) boost::this_fiber::yield();
    }));
  }
  for (fibers::fiber& one : all) one.join();
}

void ping_pong(std::uint64_t round_trips) {
  Channel ping(one_message);
  Channel pong(one_message);
  fibers::fiber echo = start([&ping, &pong] {
    std::uint64_t value = 0;
    while (ping.pop(value) == fibers::channel_op_status::success) pong.push(value);
  });
  for (std::uint64_t i = 0; i < round_trips; ++i) {
    ping.push(i);
    if (pong.value_pop() != i) std::abort();
  }
  ping.close();
  echo.join();
}

void lock_among(int tasks) {
  fibers::mutex mutex;
  std::uint64_t count = 0;
  std::vector<fibers::fiber> all;
  for (int i = 0; i < tasks; ++i) {
    all.push_back(start([&mutex, &count] {
      for (std::uint64_t locks = 0; locks < kLocks; ++locks) {
        const std::lock_guard guard(mutex);
        count += 1;
      }
    }));
  }
  for (fibers::fiber& one : all) one.join();
  if (count != static_cast<std::uint64_t>(tasks) * kLocks) std::abort();
}

void measure_all(int threads) {
  measure_tasks("spawn_join", threads, kSpawns, spawn_and_join);
  measure_tasks("yield_1000", threads, kYielders * kYields, yield_in_turn);
  // Two threads take up to a hundred microseconds for a message.
  const std::uint64_t round_trips = threads > 1 ? kRoundTrips / 10 : kRoundTrips;
  measure_tasks("channel_ping_pong", threads, 2 * round_trips,
                [round_trips] { ping_pong(round_trips); });
  measure_tasks("mutex", threads, static_cast<std::uint64_t>(threads) * kLocks,
                [threads] { lock_among(threads); });
}

/// Keeps the other threads at work until the measurements are done.
class End {
 public:
  void await() {
    std::unique_lock lock(mutex_);
    condition_.wait(lock, [this] { return done_; });
  }
  void tell() {
    const std::lock_guard lock(mutex_);
    done_ = true;
    condition_.notify_all();
  }

 private:
  fibers::mutex mutex_;
  fibers::condition_variable condition_;
  bool done_ = false;
};

/// The scheduler of each thread waits until those of all are there.
void steal_from_each_other(int threads) {
  boost::fibers::use_scheduling_algorithm<fibers::algo::work_stealing>(
      static_cast<std::uint32_t>(threads));
}

void measure_with_several(int threads) {
  End end;
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) {
    others.emplace_back([&end, threads] {
      steal_from_each_other(threads);
      end.await();
    });
  }
  steal_from_each_other(threads);
  // In a fiber of its own: the first one of a thread cannot be stolen.
  start([threads] { measure_all(threads); }).join();
  end.tell();
  for (std::thread& other : others) other.join();
}

}  // namespace

int main(int count, char** words) {
  const int threads = threads_of(count, words);
  if (threads > 1) {
    measure_with_several(threads);
  } else {
    start([] { measure_all(1); }).join();
  }
}

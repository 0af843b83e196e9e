#include "sched/run_queue.hpp"

#include <rota/core/platform.hpp>

#include "base/random.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

namespace rota {
namespace {

/// More than a ring and a batch of the overflow hold.
constexpr std::size_t kMany = 1000;

struct Job : Runnable {
  std::size_t number = 0;
};

std::vector<Job> numbered_jobs(std::size_t count) {
  std::vector<Job> jobs(count);
  for (std::size_t i = 0; i < count; ++i) jobs[i].number = i;
  return jobs;
}

std::size_t number_of(const Runnable* runnable) {
  return static_cast<const Job*>(runnable)->number;
}

TEST(RunQueueTest, first_in_is_first_out_however_many_there_are) {
  for (RunQueue::Kind kind : {RunQueue::Kind::own, RunQueue::Kind::stealable}) {
    const auto queue = std::make_unique<RunQueue>(kind);
    std::vector<Job> jobs = numbered_jobs(kMany);
    for (Job& job : jobs) queue->push(job);
    for (std::size_t i = 0; i < kMany; ++i) {
      ASSERT_FALSE(queue->empty());
      ASSERT_EQ(queue->pop(), &jobs[i]);
    }
    EXPECT_TRUE(queue->empty());
    EXPECT_EQ(queue->pop(), nullptr);
  }
}

TEST(RunQueueTest, agrees_with_a_deque_while_it_grows_and_shrinks) {
  Random random(1);
  const auto queue = std::make_unique<RunQueue>(RunQueue::Kind::stealable);
  std::vector<Job> jobs = numbered_jobs(2 * kMany);
  std::deque<Job*> idle;
  std::deque<Job*> oracle;
  for (Job& job : jobs) idle.push_back(&job);
  for (int i = 0; i < 400'000; ++i) {
    // In long waves, so that both the ring and what is behind it run full and empty.
    const bool grows = (i / 3000) % 2 == 0;
    if (random.chance(grows ? 700 : 300) && !idle.empty()) {
      queue->push(*idle.front());
      oracle.push_back(idle.front());
      idle.pop_front();
    } else {
      Job* expected = oracle.empty() ? nullptr : oracle.front();
      ASSERT_EQ(queue->pop(), expected);
      if (expected == nullptr) continue;
      oracle.pop_front();
      idle.push_back(expected);
    }
    ASSERT_EQ(queue->empty(), oracle.empty());
  }
}

TEST(RunQueueTest, tasks_that_yield_take_turns) {
  const auto queue = std::make_unique<RunQueue>(RunQueue::Kind::stealable);
  std::vector<Job> jobs = numbered_jobs(kMany);
  for (Job& job : jobs) queue->push(job);
  for (std::size_t turn = 0; turn < 5 * kMany; ++turn) {
    Runnable* next = queue->pop();
    ASSERT_EQ(number_of(next), turn % kMany);
    queue->push(*next);
  }
}

/// The owner is in a long task.
TEST(RunQueueTest, a_thief_gets_all_that_its_victim_does_not_come_to) {
  const auto victim = std::make_unique<RunQueue>(RunQueue::Kind::stealable);
  const auto mine = std::make_unique<RunQueue>(RunQueue::Kind::stealable);
  std::vector<Job> jobs = numbered_jobs(kMany);
  for (Job& job : jobs) victim->push(job);
  std::vector<int> runs(kMany);
  while (victim->has_stealable()) {
    Runnable* stolen = victim->steal_into(*mine, StealAmount::half);
    ASSERT_NE(stolen, nullptr);
    for (; stolen != nullptr; stolen = mine->pop()) runs[number_of(stolen)] += 1;
  }
  EXPECT_EQ(runs, std::vector<int>(kMany, 1));
  EXPECT_TRUE(victim->empty());
}

TEST(RunQueueTest, a_thief_of_one_takes_one_of_the_overflow_too) {
  const auto victim = std::make_unique<RunQueue>(RunQueue::Kind::stealable);
  const auto mine = std::make_unique<RunQueue>(RunQueue::Kind::stealable);
  std::vector<Job> jobs = numbered_jobs(kMany);
  for (Job& job : jobs) victim->push(job);
  for (std::size_t i = 0; i < kMany; ++i) {
    ASSERT_EQ(victim->steal_into(*mine, StealAmount::one), &jobs[i]);
  }
  EXPECT_TRUE(mine->empty());
}

/// Each job goes through several times, by way of its owner or of a thief, who counts it with a
/// plain write that the thread sanitizer watches.
TEST(RunQueueTest, what_owner_and_thieves_take_turns_at_is_run_each_time_once) {
  constexpr std::size_t kThieves = 2;
  constexpr int kRuns = address_sanitizer || thread_sanitizer ? 40 : 400;
  struct Counted : Job {
    int runs = 0;
  };
  std::vector<Counted> jobs(kMany);
  std::atomic<std::size_t> left{kMany};
  std::vector<std::unique_ptr<RunQueue>> queues;
  for (std::size_t i = 0; i <= kThieves; ++i) {
    queues.push_back(std::make_unique<RunQueue>(RunQueue::Kind::stealable));
  }
  for (Counted& job : jobs) queues[0]->push(job);
  const auto run = [&](std::size_t self) {
    RunQueue& mine = *queues[self];
    for (std::size_t victim = 0; left.load(std::memory_order_relaxed) != 0;) {
      Runnable* next = mine.pop();
      if (next == nullptr) {
        victim = (victim + 1) % queues.size();
        if (victim != self) next = queues[victim]->steal_into(mine, StealAmount::half);
      }
      if (next == nullptr) continue;
      auto& job = static_cast<Counted&>(*next);
      if (++job.runs == kRuns) {
        left.fetch_sub(1, std::memory_order_relaxed);
      } else {
        mine.push(job);
      }
    }
  };
  std::vector<std::thread> thieves;
  for (std::size_t i = 1; i <= kThieves; ++i) thieves.emplace_back(run, i);
  run(0);
  for (std::thread& thief : thieves) thief.join();
  for (const auto& queue : queues) EXPECT_TRUE(queue->empty());
  for (const Counted& job : jobs) ASSERT_EQ(job.runs, kRuns);
}

}  // namespace
}  // namespace rota

// Random operations on a ConditionVariable and its Mutex, beside a model of two lines. With one
// worker the model says exactly who ends in which order and how.

#include <rota/rota.hpp>

#include "sync/random_steps.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace rota::testing_condition {
namespace {

using testing_sync::for_seeds;
using testing_sync::RandomSteps;

constexpr std::size_t kClients = 10;

enum class Place : std::uint8_t {
  idle,
  begins,       // spawned; has not run
  locks,        // in the mutex's line, before it waits
  has_lock,     // was handed the mutex, and will wait
  waits,        // in the condition's line
  locks_again,  // in the mutex's line, or handed it (`ready`), after that
  refused,      // stopped before it had the mutex
};

struct Model {
  struct Client {
    Place place = Place::idle;
    bool is_stopped = false;  // asked to stop
    bool canceled = false;    // and its wait was ended by that
  };

  void begin(std::size_t id) {
    clients[id] = {Place::begins, false, false};
    ready.push_back(id);
  }
  void unlock() {
    locked = false;
    if (mutex_line.empty()) return;
    const std::size_t id = mutex_line.front();
    mutex_line.pop_front();
    locked = true;
    if (clients[id].place == Place::locks) clients[id].place = Place::has_lock;
    ready.push_back(id);
  }
  void lock_again(std::size_t id) {
    clients[id].place = Place::locks_again;
    if (locked) {
      mutex_line.push_back(id);
    } else {
      locked = true;
      ready.push_back(id);
    }
  }
  void notify_one() {
    if (condition_line.empty()) return;
    const std::size_t id = condition_line.front();
    condition_line.pop_front();
    lock_again(id);
  }
  void notify_all() {
    while (!condition_line.empty()) notify_one();
  }
  void stop(std::size_t id) {
    Client& client = clients[id];
    client.is_stopped = true;
    if (client.place == Place::locks) {
      std::erase(mutex_line, id);
      client.place = Place::refused;
      ready.push_back(id);
    } else if (client.place == Place::waits) {
      std::erase(condition_line, id);
      client.canceled = true;
      lock_again(id);
    }
  }
  /// All that is ready runs once. Notes who ended: with success, or as -1 - id.
  void run(std::vector<int>& log) {
    for (std::size_t left = ready.size(); left > 0; --left) {
      const std::size_t id = ready.front();
      ready.pop_front();
      Client& client = clients[id];
      switch (client.place) {
        case Place::begins: run_first(id, log); break;
        case Place::has_lock: begin_wait(id, log); break;
        case Place::locks_again: finish(id, client.canceled, log); break;
        default: note(id, true, log); break;
      }
    }
  }
  void run_first(std::size_t id, std::vector<int>& log) {
    if (clients[id].is_stopped) return note(id, true, log);
    if (locked) {
      clients[id].place = Place::locks;
      mutex_line.push_back(id);
      return;
    }
    locked = true;
    begin_wait(id, log);
  }
  /// With the mutex.
  void begin_wait(std::size_t id, std::vector<int>& log) {
    if (clients[id].is_stopped) return finish(id, true, log);
    clients[id].place = Place::waits;
    condition_line.push_back(id);
    unlock();
  }
  void finish(std::size_t id, bool canceled, std::vector<int>& log) {
    note(id, canceled, log);
    unlock();
  }
  void note(std::size_t id, bool canceled, std::vector<int>& log) {
    log.push_back(canceled ? -1 - static_cast<int>(id) : static_cast<int>(id));
    clients[id].place = Place::idle;
  }

  bool locked = false;
  std::array<Client, kClients> clients;
  std::deque<std::size_t> mutex_line;
  std::deque<std::size_t> condition_line;
  std::deque<std::size_t> ready;
};

class Play {
 public:
  explicit Play(std::uint64_t seed) : steps_(seed) {}

  Task<void> play(std::uint64_t operations) {
    std::uint64_t done = 0;
    while (done < operations && !testing::Test::HasFailure()) {
      for (std::uint64_t burst = steps_.below(4) + 1; burst > 0; --burst, ++done) step();
      co_await compare(done);
    }
    held_.reset();
    if (model_.locked) model_.unlock();
    for (std::size_t round = 0; round < 4 * kClients; ++round) {
      condition_.notify_all();
      co_await yield();
    }
  }

 private:
  Task<void> compare(std::uint64_t done) {
    log_.clear();
    expected_.clear();
    model_.run(expected_);
    co_await yield();
    EXPECT_EQ(log_, expected_) << "seed " << steps_.seed() << ", after " << done;
  }
  void step() {
    switch (steps_.below(8)) {
      case 0: return lock_or_unlock();
      case 1: model_.notify_one(); return condition_.notify_one();
      case 2:
        if (steps_.below(4) != 0) return;
        model_.notify_all();
        return condition_.notify_all();
      default: return begin_or_stop(steps_.below(kClients));
    }
  }
  void lock_or_unlock() {
    if (held_) {
      held_.reset();
      return model_.unlock();
    }
    held_ = mutex_.try_lock();
    EXPECT_EQ(held_.has_value(), !model_.locked) << "seed " << steps_.seed();
    model_.locked = true;
  }
  void begin_or_stop(std::size_t id) {
    if (model_.clients[id].place == Place::idle) {
      model_.begin(id);
      clients_[id].emplace(spawn(wait(id)));
    } else if (steps_.below(4) == 0) {
      model_.stop(id);
      clients_[id]->request_stop();
    }
  }
  Task<void> wait(std::size_t id) {
    Result<MutexGuard> guard = co_await mutex_.lock();
    if (!guard) {
      log_.push_back(-1 - static_cast<int>(id));
      co_return;
    }
    Result<void> notified = co_await condition_.wait(*guard);
    log_.push_back(notified ? static_cast<int>(id) : -1 - static_cast<int>(id));
  }

  RandomSteps steps_;
  Mutex mutex_;
  ConditionVariable condition_;
  Model model_;
  std::optional<MutexGuard> held_;
  std::array<std::optional<JoinHandle<void>>, kClients> clients_;
  std::vector<int> log_;
  std::vector<int> expected_;
};

TEST(ConditionProperty, a_condition_variable_does_what_its_model_does) {
  for_seeds(2'000'000, [](std::uint64_t seed, std::uint64_t share) {
    Runtime runtime = Runtime::make().value();
    Play one(seed);
    runtime.block_on(one.play(share));
    EXPECT_TRUE(runtime.shutdown().clean());
  });
}

}  // namespace
}  // namespace rota::testing_condition

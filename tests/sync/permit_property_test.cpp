// Random operations on what hands out permits, beside a model that is one function long: a line, a
// count, and a queue of what will run next. With one worker the model says exactly who has what, in
// which order they got it, and what a stop came to.

#include <rota/rota.hpp>

#include "sync/random_steps.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <deque>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

namespace rota::testing_permits {
namespace {

using testing_sync::for_seeds;
using testing_sync::RandomSteps;

constexpr std::size_t kClients = 12;

/// The three types as one: how many permits there are, how many a wait may want, how it waits.
struct MutexSubject {
  static constexpr std::uint32_t kPermits = 1;
  using Guard = MutexGuard;

  static std::uint32_t wanted(RandomSteps&) { return 1; }
  Await<MutexLeaf> acquire(std::uint32_t) { return mutex.lock(); }
  std::optional<Guard> try_acquire(std::uint32_t) { return mutex.try_lock(); }

  Mutex mutex;
};
struct SemaphoreSubject {
  static constexpr std::uint32_t kPermits = 5;
  using Guard = SemaphorePermits;

  static std::uint32_t wanted(RandomSteps& steps) {
    return static_cast<std::uint32_t>(steps.below(kPermits + 1));
  }
  Await<SemaphoreLeaf> acquire(std::uint32_t count) { return semaphore.acquire(count); }
  std::optional<Guard> try_acquire(std::uint32_t count) { return semaphore.try_acquire(count); }

  Semaphore semaphore{kPermits};
};

/// Either guard of a SharedMutex.
struct SharedGuard {
  explicit SharedGuard(ReadGuard guard) : reads(std::move(guard)) {}
  explicit SharedGuard(WriteGuard guard) : writes(std::move(guard)) {}

  std::optional<ReadGuard> reads;
  std::optional<WriteGuard> writes;
};
struct SharedMutexSubject {
  static constexpr std::uint32_t kPermits = 1000;  // as many readers as the clients can be, or more
  using Guard = SharedGuard;

  static std::uint32_t wanted(RandomSteps& steps) { return steps.below(3) == 0 ? kPermits : 1; }
  Task<Result<Guard>> acquire(std::uint32_t count) {
    if (count == 1) {
      Result<ReadGuard> guard = co_await mutex.lock_shared();
      if (!guard) co_return std::unexpected(guard.error());
      co_return SharedGuard(std::move(*guard));
    }
    Result<WriteGuard> guard = co_await mutex.lock();
    if (!guard) co_return std::unexpected(guard.error());
    co_return SharedGuard(std::move(*guard));
  }
  std::optional<Guard> try_acquire(std::uint32_t count) {
    if (count == 1) {
      if (auto guard = mutex.try_lock_shared()) return SharedGuard(std::move(*guard));
    } else if (auto guard = mutex.try_lock()) {
      return SharedGuard(std::move(*guard));
    }
    return std::nullopt;
  }

  SharedMutex mutex;
};

enum class State : std::uint8_t { idle, begins, waits, given, stopped, holds };

/// What must be. `ready` is the worker's queue: who begins, was given its permits or was stopped.
struct Model {
  struct Client {
    State state = State::idle;
    std::uint32_t wanted = 0;
    bool is_stopped = false;
  };

  explicit Model(std::uint32_t count) : permits(count) {}

  [[nodiscard]] bool try_take(std::uint32_t wanted) {
    if (!line.empty() || permits < wanted) return false;
    permits -= wanted;
    return true;
  }
  void give(std::uint32_t count) {
    permits += count;
    hand_out();
  }
  void hand_out() {
    while (!line.empty() && clients[line.front()].wanted <= permits) {
      permits -= clients[line.front()].wanted;
      clients[line.front()].state = State::given;
      ready.push_back(line.front());
      line.pop_front();
    }
  }
  void begin(std::size_t id, std::uint32_t wanted) {
    clients[id] = {State::begins, wanted, false};
    ready.push_back(id);
  }
  void stop(std::size_t id) {
    clients[id].is_stopped = true;
    if (clients[id].state != State::waits) return;
    std::erase(line, id);
    // Who can go on because of it is woken first.
    hand_out();
    clients[id].state = State::stopped;
    ready.push_back(id);
  }
  /// All that is ready runs once. Notes who ended with permits, or without as -1 - id.
  void run(std::vector<int>& log) {
    for (std::size_t left = ready.size(); left > 0; --left) {
      const std::size_t id = ready.front();
      ready.pop_front();
      Client& client = clients[id];
      if (client.state == State::begins && !client.is_stopped && !try_take(client.wanted)) {
        client.state = State::waits;
        line.push_back(id);
        continue;
      }
      const bool without =
          client.state == State::stopped || (client.state == State::begins && client.is_stopped);
      client.state = without ? State::idle : State::holds;
      log.push_back(without ? -1 - static_cast<int>(id) : static_cast<int>(id));
    }
  }

  std::uint32_t permits;
  std::array<Client, kClients> clients;
  std::deque<std::size_t> line;
  std::deque<std::size_t> ready;
};

template <class Subject>
class Play {
 public:
  explicit Play(std::uint64_t seed) : steps_(seed) {}

  Task<void> play(std::uint64_t operations) {
    std::uint64_t done = 0;
    while (done < operations && !testing::Test::HasFailure()) {
      for (std::uint64_t burst = steps_.below(4) + 1; burst > 0; --burst, ++done) step();
      log_.clear();
      expected_.clear();
      model_.run(expected_);
      co_await yield();
      EXPECT_EQ(log_, expected_) << "seed " << steps_.seed() << ", after " << done;
    }
    co_await end();
  }

 private:
  struct Client {
    JoinHandle<void> task;
    std::optional<typename Subject::Guard> guard;
  };

  void step() {
    const std::size_t id = steps_.below(kClients);
    const State state = model_.clients[id].state;
    if (state == State::idle) return steps_.below(4) == 0 ? try_at_once() : begin(id);
    if (state == State::holds) return give_back(id);
    if (steps_.below(3) == 0) {
      model_.stop(id);
      clients_[id]->task.request_stop();
    }
  }
  void begin(std::size_t id) {
    const std::uint32_t wanted = Subject::wanted(steps_);
    model_.begin(id, wanted);
    clients_[id].emplace(Client{spawn(acquire(id, wanted)), std::nullopt});
  }
  void try_at_once() {
    const std::uint32_t wanted = Subject::wanted(steps_);
    const bool expected = model_.try_take(wanted);
    auto guard = subject_.try_acquire(wanted);
    EXPECT_EQ(guard.has_value(), expected) << "seed " << steps_.seed();
    if (expected) model_.give(wanted);
  }
  void give_back(std::size_t id) {
    model_.clients[id].state = State::idle;
    model_.give(model_.clients[id].wanted);
    clients_[id]->guard.reset();
  }
  Task<void> acquire(std::size_t id, std::uint32_t wanted) {
    Result<typename Subject::Guard> guard = co_await subject_.acquire(wanted);
    log_.push_back(guard ? static_cast<int>(id) : -1 - static_cast<int>(id));
    if (guard) clients_[id]->guard.emplace(std::move(*guard));
  }
  /// Everybody gives back what he has, until nobody waits any more.
  Task<void> end() {
    for (std::size_t round = 0; round < 2 * kClients; ++round) {
      for (auto& client : clients_) {
        if (client) client->guard.reset();
      }
      co_await yield();
    }
  }

  RandomSteps steps_;
  Subject subject_;
  Model model_{Subject::kPermits};
  std::array<std::optional<Client>, kClients> clients_;
  std::vector<int> log_;
  std::vector<int> expected_;
};

template <class Subject>
void play(std::uint64_t operations) {
  for_seeds(operations, [](std::uint64_t seed, std::uint64_t share) {
    Runtime runtime = Runtime::make().value();
    Play<Subject> one(seed);
    runtime.block_on(one.play(share));
    EXPECT_TRUE(runtime.shutdown().clean());
  });
}

TEST(PermitProperty, a_mutex_does_what_its_model_does) { play<MutexSubject>(3'000'000); }
TEST(PermitProperty, a_semaphore_does_what_its_model_does) { play<SemaphoreSubject>(3'000'000); }
TEST(PermitProperty, a_shared_mutex_does_what_its_model_does) {
  play<SharedMutexSubject>(2'000'000);
}

}  // namespace
}  // namespace rota::testing_permits

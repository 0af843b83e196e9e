// Random sends, receives, stops and closes on channels, beside a model that is one function long:
// values, two lines, and a queue of what will run next. With one worker the model says exactly who
// gets what, in which order, and what a stop came to: nothing is lost, nothing comes twice.

#include <rota/rota.hpp>

#include "sync/random_steps.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <deque>
#include <iterator>
#include <optional>
#include <ostream>
#include <utility>
#include <vector>

namespace rota::testing_channels {
namespace {

using testing_sync::for_seeds;
using testing_sync::RandomSteps;

constexpr std::size_t kClients = 10;
constexpr int kSent = -1;  // Outcomes below 0 are not values.
constexpr int kCanceled = -2;
constexpr int kClosed = -3;

struct Ended {
  std::size_t id;
  int outcome;

  friend bool operator==(const Ended&, const Ended&) = default;
  friend void PrintTo(const Ended& ended, std::ostream* out) {
    *out << ended.id << " ended with " << ended.outcome;
  }
};

template <class T>
int failure_of(const Result<T>& result) {
  return is_canceled(result.error()) ? kCanceled : kClosed;
}

struct BoundedSubject {
  static constexpr std::size_t kCapacity = 3;
  using Type = Channel<int>;

  Task<int> send(int value) {
    Result<void> sent = co_await channel.send(value);
    co_return sent ? kSent : failure_of(sent);
  }
  Type channel{kCapacity};
};
struct UnboundedSubject {
  static constexpr std::size_t kCapacity = SIZE_MAX;
  using Type = UnboundedChannel<int>;

  Task<int> send(int value) {
    // What a channel does not know of: a task that was stopped sends all the same.
    co_return channel.try_send(value) ? kSent : kClosed;
  }
  Type channel;
};

enum class Operation : std::uint8_t { send, receive };
enum class State : std::uint8_t { idle, begins, waits, ended };

/// What must be. `ready` is the worker's queue: who begins, or has been served or stopped.
struct Model {
  struct Client {
    State state = State::idle;
    Operation operation = Operation::send;
    int value = 0;
    bool is_stopped = false;
    int outcome = 0;
  };

  explicit Model(std::size_t places) : capacity(places) {}

  void end(std::size_t id, int outcome) {
    clients[id].state = State::ended;
    clients[id].outcome = outcome;
    ready.push_back(id);
  }
  [[nodiscard]] bool put(int value) {
    if (!receivers.empty()) {
      end(receivers.front(), value);
      receivers.pop_front();
      return true;
    }
    if (values.size() == capacity) return false;
    values.push_back(value);
    return true;
  }
  [[nodiscard]] std::optional<int> get() {
    if (values.empty()) return std::nullopt;
    const int value = values.front();
    values.pop_front();
    if (!senders.empty()) {
      values.push_back(clients[senders.front()].value);
      end(senders.front(), kSent);
      senders.pop_front();
    }
    return value;
  }
  void close() {
    is_closed = true;
    for (std::deque<std::size_t>* line : {&senders, &receivers}) {
      for (const std::size_t id : *line) end(id, kClosed);
      line->clear();
    }
  }
  void stop(std::size_t id) {
    clients[id].is_stopped = true;
    if (clients[id].state != State::waits) return;
    std::erase(senders, id);
    std::erase(receivers, id);
    end(id, kCanceled);
  }
  void begin(std::size_t id, Operation operation, int value) {
    clients[id] = {State::begins, operation, value, false, 0};
    ready.push_back(id);
  }
  /// What a client comes to that begins now; none: it waits.
  [[nodiscard]] std::optional<int> attempt(std::size_t id) {
    const Client& client = clients[id];
    const bool refuses = capacity != SIZE_MAX || client.operation == Operation::receive;
    if (client.is_stopped && refuses) return kCanceled;
    if (client.operation == Operation::send) {
      if (is_closed) return kClosed;
      if (put(client.value)) return kSent;
      senders.push_back(id);
      return std::nullopt;
    }
    if (const std::optional<int> value = get()) return value;
    if (is_closed) return kClosed;
    receivers.push_back(id);
    return std::nullopt;
  }
  /// All that is ready runs once.
  void run(std::vector<Ended>& log) {
    for (std::size_t left = ready.size(); left > 0; --left) {
      const std::size_t id = ready.front();
      ready.pop_front();
      Client& client = clients[id];
      int outcome = client.outcome;
      if (client.state == State::begins) {
        const std::optional<int> came_to = attempt(id);
        if (!came_to) {
          client.state = State::waits;
          continue;
        }
        outcome = *came_to;
      }
      client.state = State::idle;
      log.push_back({id, outcome});
    }
  }

  const std::size_t capacity;
  bool is_closed = false;
  std::array<Client, kClients> clients;
  std::deque<int> values;
  std::deque<std::size_t> senders;
  std::deque<std::size_t> receivers;
  std::deque<std::size_t> ready;
};

template <class Subject>
class Play {
 public:
  explicit Play(RandomSteps& steps) : steps_(steps) {}

  /// One channel from its making to its close. Yields how many operations that took.
  Task<std::uint64_t> play() {
    constexpr std::uint64_t kLongest = 2'000;
    const std::uint64_t operations = steps_.below(kLongest) + 1;
    std::uint64_t done = 0;
    while (done < operations && !testing::Test::HasFailure()) {
      for (std::uint64_t burst = steps_.below(6) + 1; burst > 0; --burst, ++done) step();
      co_await pass();
    }
    close();
    co_await pass();
    // What was sent before the close is there after it.
    while (std::optional<int> kept = model_.get()) EXPECT_EQ(subject_.channel.try_receive(), kept);
    EXPECT_EQ(subject_.channel.try_receive(), std::nullopt);
    co_return done;
  }

 private:
  Task<void> pass() {
    log_.clear();
    expected_.clear();
    model_.run(expected_);
    co_await yield();
    EXPECT_EQ(log_, expected_) << "seed " << steps_.seed();
  }
  void step() {
    const std::size_t id = steps_.below(kClients);
    if (model_.clients[id].state != State::idle) {
      if (steps_.below(3) == 0) stop(id);
    } else if (steps_.below(4) == 0) {
      try_at_once();
    } else {
      begin(id);
    }
  }
  void begin(std::size_t id) {
    const auto operation = steps_.below(2) == 0 ? Operation::send : Operation::receive;
    const int value = next_value_++;
    model_.begin(id, operation, value);
    clients_[id].emplace(spawn(run(id, operation, value)));
  }
  void stop(std::size_t id) {
    model_.stop(id);
    clients_[id]->request_stop();
  }
  void try_at_once() {
    if (steps_.below(2) == 0) {
      int value = next_value_++;
      const bool put = !model_.is_closed && model_.put(value);
      EXPECT_EQ(subject_.channel.try_send(value), put) << "seed " << steps_.seed();
    } else {
      const std::optional<int> value = model_.get();
      EXPECT_EQ(subject_.channel.try_receive(), value) << "seed " << steps_.seed();
    }
  }
  void close() {
    model_.close();
    subject_.channel.close();
  }
  Task<void> run(std::size_t id, Operation operation, int value) {
    int outcome = 0;
    if (operation == Operation::send) {
      outcome = co_await subject_.send(value);
    } else {
      Result<int> received = co_await subject_.channel.receive();
      outcome = received ? *received : failure_of(received);
    }
    log_.push_back({id, outcome});
  }

  RandomSteps& steps_;
  Subject subject_;
  Model model_{Subject::kCapacity};
  std::array<std::optional<JoinHandle<void>>, kClients> clients_;
  int next_value_ = 0;
  std::vector<Ended> log_;
  std::vector<Ended> expected_;
};

template <class Subject>
Task<void> play_until(std::uint64_t operations, std::uint64_t seed) {
  RandomSteps steps(seed);
  std::uint64_t done = 0;
  while (done < operations && !testing::Test::HasFailure()) {
    Play<Subject> one(steps);
    const std::uint64_t more = co_await one.play();
    done += more;
  }
}

template <class Subject>
void play(std::uint64_t operations) {
  for_seeds(operations, [](std::uint64_t seed, std::uint64_t share) {
    Runtime runtime = Runtime::make().value();
    runtime.block_on(play_until<Subject>(share, seed));
    EXPECT_TRUE(runtime.shutdown().clean());
  });
}

TEST(ChannelProperty, a_channel_does_what_its_model_does) { play<BoundedSubject>(3'000'000); }
TEST(ChannelProperty, an_unbounded_channel_does_what_its_model_does) {
  play<UnboundedSubject>(3'000'000);
}

}  // namespace
}  // namespace rota::testing_channels

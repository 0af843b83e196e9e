// Random steps of those who all see the same values, and of oneshots, beside models. One worker:
// the model says exactly what each reader sees.

#include <rota/rota.hpp>

#include "sync/random_steps.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

namespace rota::testing_readers {
namespace {

using testing_sync::for_seeds;
using testing_sync::RandomSteps;

constexpr std::size_t kReaders = 8;
constexpr std::int64_t kCanceled = -1;
constexpr std::int64_t kClosed = -2;
constexpr std::int64_t kMissed = -10;  // and below, by how many

using Number = std::uint64_t;  // Values are sent in order: 0, 1, and so on.

std::int64_t outcome_of(const Result<Number>& result) {
  if (result) return static_cast<std::int64_t>(*result);
  if (const std::uint64_t missed = values_missed(result.error())) {
    return kMissed - static_cast<std::int64_t>(missed);
  }
  return is_canceled(result.error()) ? kCanceled : kClosed;
}

struct BroadcastSubject {
  static constexpr std::uint64_t kCapacity = 4;
  using Reader = BroadcastReader<Number>;

  void send(Number value) { EXPECT_TRUE(of.send(value).has_value()); }
  static auto wait(Reader& reader) { return reader.receive(); }
  /// What a reader that is due sees, which has seen all before `next`.
  static std::int64_t look(std::uint64_t& next, std::uint64_t sent) {
    if (sent - next <= kCapacity) return static_cast<std::int64_t>(next++);
    const std::uint64_t oldest = sent - kCapacity;
    return kMissed - static_cast<std::int64_t>(oldest - std::exchange(next, oldest));
  }
  Broadcast<Number> of{kCapacity};
};
struct WatchSubject {
  using Reader = WatchReader<Number>;

  void send(Number value) { EXPECT_TRUE(of.set(value).has_value()); }
  static auto wait(Reader& reader) { return reader.changed(); }
  static std::int64_t look(std::uint64_t& next, std::uint64_t sent) {
    next = sent;
    return static_cast<std::int64_t>(sent - 1);
  }
  Watch<Number> of{Number{0}};
};

enum class State : std::uint8_t { idle, begins, waits, ended };

template <class Subject>
class Play {
 public:
  explicit Play(RandomSteps& steps) : steps_(steps) {
    for (Client& client : clients_) client.reader.emplace(subject_.of.subscribe());
  }

  Task<std::uint64_t> play() {
    constexpr std::uint64_t kLongest = 1'000;
    const std::uint64_t operations = steps_.below(kLongest) + 1;
    std::uint64_t done = 0;
    while (done < operations && !testing::Test::HasFailure()) {
      for (std::uint64_t burst = steps_.below(8) + 1; burst > 0; --burst, ++done) step();
      co_await pass();
    }
    is_closed_ = true;
    subject_.of.close();
    end_all();
    co_await pass();
    co_return done;
  }

 private:
  struct Client {
    std::optional<typename Subject::Reader> reader;
    std::optional<JoinHandle<void>> task;
    State state = State::idle;
    bool is_stopped = false;
    std::uint64_t next = 0;
  };
  using Ended = std::pair<std::size_t, std::int64_t>;

  void step() {
    const std::size_t id = steps_.below(kReaders);
    Client& client = clients_[id];
    if (steps_.below(3) == 0) {
      subject_.send(sent_++);
      end_all();
    } else if (client.state != State::idle) {
      if (steps_.below(3) == 0) stop(id);
    } else if (steps_.below(8) == 0) {
      client.reader.emplace(subject_.of.subscribe());
      client.next = sent_;
    } else {
      client.state = State::begins;
      client.is_stopped = false;
      ready_.push_back(id);
      client.task.emplace(spawn(run(id)));
    }
  }
  void end_all() {
    for (const std::size_t id : line_) {
      clients_[id].state = State::ended;
      ready_.push_back(id);
    }
    line_.clear();
  }
  void stop(std::size_t id) {
    Client& client = clients_[id];
    // One that was ended before it is stopped looks all the same.
    if (client.state != State::ended) client.is_stopped = true;
    client.task->request_stop();
    if (client.state != State::waits) return;
    std::erase(line_, id);
    client.state = State::ended;
    ready_.push_back(id);
  }
  Task<void> pass() {
    log_.clear();
    expected_.clear();
    for (std::size_t left = ready_.size(); left > 0; --left) {
      const std::size_t id = ready_.front();
      ready_.pop_front();
      Client& client = clients_[id];
      const bool is_due = client.next != sent_ || is_closed_;
      if (client.state == State::begins && !client.is_stopped && !is_due) {
        client.state = State::waits;
        line_.push_back(id);
        continue;
      }
      client.state = State::idle;
      expected_.emplace_back(id, came_to(client));
    }
    co_await yield();
    EXPECT_EQ(log_, expected_) << "seed " << steps_.seed();
  }
  [[nodiscard]] std::int64_t came_to(Client& client) const {
    if (client.is_stopped) return kCanceled;
    if (client.next == sent_) return kClosed;
    return Subject::look(client.next, sent_);
  }
  Task<void> run(std::size_t id) {
    Result<Number> seen = co_await Subject::wait(*clients_[id].reader);
    log_.emplace_back(id, outcome_of(seen));
  }

  RandomSteps& steps_;
  Subject subject_;
  std::array<Client, kReaders> clients_;
  std::uint64_t sent_ = 0;
  bool is_closed_ = false;
  std::deque<std::size_t> line_;
  std::deque<std::size_t> ready_;
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

Task<void> receive_into(OneshotReceiver<Number>& receiver, std::int64_t& outcome) {
  Result<Number> received = co_await receiver.receive();
  outcome = outcome_of(received);
}

/// One oneshot: in which order it is sent or dropped, waited for, stopped and abandoned.
Task<void> play_oneshot(RandomSteps& steps, Number value) {
  Oneshot<Number> ends = make_oneshot<Number>();
  std::optional<OneshotSender<Number>> sender(std::move(ends.sender));
  std::optional<OneshotReceiver<Number>> receiver(std::move(ends.receiver));
  const bool is_sent = steps.below(3) != 0;
  const bool is_early = steps.below(2) == 0;
  const bool is_stopped = steps.below(3) == 0;
  const auto bring = [&] {
    const bool there = receiver.has_value();
    if (is_sent) {
      EXPECT_EQ(sender->send(value).has_value(), there);
    }
    sender.reset();
  };
  if (steps.below(5) == 0) {
    receiver.reset();
    bring();
    co_return;
  }
  if (is_early) bring();
  std::int64_t outcome = 0;
  JoinHandle<void> child = spawn(receive_into(*receiver, outcome));
  const bool has_begun = steps.below(2) == 0;
  if (has_begun) co_await yield();
  if (is_stopped) child.request_stop();
  if (!is_early) bring();
  Joined<void> joined = co_await child.join();
  EXPECT_TRUE(joined.has_value());
  const std::int64_t brought = is_sent ? static_cast<std::int64_t>(value) : kClosed;
  const bool has_lost = is_stopped && !(is_early && has_begun);
  EXPECT_EQ(outcome, has_lost ? kCanceled : brought) << "seed " << steps.seed();
  // What a stopped wait left is still there.
  const std::optional<Number> left = receiver->try_receive();
  EXPECT_EQ(left.has_value(), has_lost && is_sent) << "seed " << steps.seed();
}

Task<void> play_oneshots(std::uint64_t operations, std::uint64_t seed) {
  constexpr std::uint64_t kStepsOfEach = 4;  // made, brought, waited for or stopped, dropped
  RandomSteps steps(seed);
  for (Number value = 0; value < operations / kStepsOfEach; ++value) {
    co_await play_oneshot(steps, value);
  }
}

template <class Body>
void play(std::uint64_t operations, Body body) {
  for_seeds(operations, [body](std::uint64_t seed, std::uint64_t share) {
    Runtime runtime = Runtime::make().value();
    runtime.block_on(body(share, seed));
    EXPECT_TRUE(runtime.shutdown().clean());
  });
}

TEST(ReaderProperty, a_broadcast_does_what_its_model_does) {
  play(2'000'000, play_until<BroadcastSubject>);
}
TEST(ReaderProperty, a_watch_does_what_its_model_does) {
  play(1'000'000, play_until<WatchSubject>);
}
TEST(ReaderProperty, a_oneshot_does_what_its_model_does) { play(1'000'000, play_oneshots); }

}  // namespace
}  // namespace rota::testing_readers

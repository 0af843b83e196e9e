// Random steps on what tasks wait for without getting anything, beside a model: a line, a queue of
// what will run next, and of each type the few lines that say who goes on. With one worker the
// model says exactly who ends in which order and how: no wake is lost, none is given twice.

#include <rota/rota.hpp>

#include "sync/random_steps.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <iterator>
#include <optional>
#include <ostream>
#include <utility>
#include <vector>

namespace rota::testing_waits {
namespace {

using testing_sync::for_seeds;
using testing_sync::RandomSteps;

constexpr std::size_t kClients = 10;
constexpr std::size_t kMostWaits = 3;  // of one task, one after the other

enum class Outcome : std::uint8_t { through, last, canceled };

struct Ended {
  std::size_t id;
  Outcome outcome;

  friend bool operator==(const Ended&, const Ended&) = default;
  friend void PrintTo(const Ended& ended, std::ostream* out) {
    *out << ended.id << " ended with " << static_cast<int>(ended.outcome);
  }
};

Outcome outcome_of(const Result<void>& result) {
  return result ? Outcome::through : Outcome::canceled;
}
Outcome outcome_of(const Result<Arrival>& result) {
  if (!result) return Outcome::canceled;
  return *result == Arrival::last ? Outcome::last : Outcome::through;
}

enum class State : std::uint8_t { idle, begins, waits, ended };

/// What must be. `ready` is the worker's queue: who begins, was let through or was stopped.
struct Model {
  struct Client {
    State state = State::idle;
    std::size_t waits_left = 0;
    bool is_stopped = false;
    Outcome outcome = Outcome::through;
  };

  void begin(std::size_t id, std::size_t waits) {
    clients[id] = {State::begins, waits, false, Outcome::through};
    ready.push_back(id);
  }
  void end(std::size_t id, Outcome outcome) {
    clients[id].state = State::ended;
    clients[id].outcome = outcome;
    ready.push_back(id);
  }
  void let_first_through() {
    end(line.front(), Outcome::through);
    line.pop_front();
  }
  void let_all_through() {
    while (!line.empty()) let_first_through();
  }
  void stop(std::size_t id) {
    clients[id].is_stopped = true;
    if (clients[id].state != State::waits) return;
    std::erase(line, id);
    end(id, Outcome::canceled);
  }
  /// All that is ready runs once.
  template <class Subject>
  void run(Subject& subject, std::vector<Ended>& log) {
    for (std::size_t left = ready.size(); left > 0; --left) {
      const std::size_t id = ready.front();
      ready.pop_front();
      std::optional<Outcome> outcome;
      if (clients[id].state == State::ended) outcome = clients[id].outcome;
      while (goes_on(id, outcome, log)) outcome = attempt(subject, id);
    }
  }
  /// What one that waits now comes to; none: it stands in line.
  template <class Subject>
  [[nodiscard]] std::optional<Outcome> attempt(Subject& subject, std::size_t id) {
    if (clients[id].is_stopped) return Outcome::canceled;
    const std::optional<Outcome> at_once = subject.arrive(*this);
    if (at_once) return at_once;
    clients[id].state = State::waits;
    line.push_back(id);
    return std::nullopt;
  }
  /// Whether a client waits once more after what it came to; none: it begins, or stands in line.
  [[nodiscard]] bool goes_on(std::size_t id, std::optional<Outcome> came_to,
                             std::vector<Ended>& log) {
    Client& client = clients[id];
    if (!came_to) return client.state == State::begins;
    log.push_back({id, *came_to});
    client.waits_left -= 1;
    if (*came_to != Outcome::canceled && client.waits_left > 0) return true;
    client.state = State::idle;
    return false;
  }
  [[nodiscard]] bool is_idle() const {
    return std::ranges::all_of(clients,
                               [](const Client& client) { return client.state == State::idle; });
  }

  std::array<Client, kClients> clients;
  std::deque<std::size_t> line;
  std::deque<std::size_t> ready;
};

// Each subject is what tasks wait for, and what the model must know of it: what a wait comes to at
// once, what a step does, and what lets the next waits through at the end.

struct EventSubject {
  static constexpr std::uint64_t kLongest = 1'000;  // steps

  explicit EventSubject(RandomSteps&) {}

  auto wait() { return event.wait(); }
  [[nodiscard]] std::optional<Outcome> arrive(Model&) const {
    if (is_set) return Outcome::through;
    return std::nullopt;
  }
  void step(RandomSteps& steps, Model& model) {
    if (steps.below(2) == 0) return open(model);
    is_set = false;
    event.reset();
    EXPECT_FALSE(event.is_set());
  }
  void open(Model& model) {
    is_set = true;
    model.let_all_through();
    event.set();
    EXPECT_TRUE(event.is_set());
  }

  Event event;
  bool is_set = false;
};

struct NotifySubject {
  static constexpr std::uint64_t kLongest = 1'000;

  explicit NotifySubject(RandomSteps&) {}

  auto wait() { return notify.wait(); }
  [[nodiscard]] std::optional<Outcome> arrive(Model&) {
    if (std::exchange(has_permit, false)) return Outcome::through;
    return std::nullopt;
  }
  void step(RandomSteps& steps, Model& model) {
    if (steps.below(4) == 0) return open(model);
    if (model.line.empty()) {
      has_permit = true;
    } else {
      model.let_first_through();
    }
    notify.notify_one();
  }
  void open(Model& model) {
    model.let_all_through();
    notify.notify_all();
  }

  Notify notify;
  bool has_permit = false;
};

struct LatchSubject {
  static constexpr std::uint64_t kLongest = 50;
  static constexpr std::size_t kMostCount = 8;

  explicit LatchSubject(RandomSteps& steps) : left(steps.below(kMostCount + 1)) {}

  auto wait() { return latch.wait(); }
  [[nodiscard]] std::optional<Outcome> arrive(Model&) const {
    if (left == 0) return Outcome::through;
    return std::nullopt;
  }
  void step(RandomSteps& steps, Model& model) {
    count_down(std::min(left, steps.below(3)), model);
    EXPECT_EQ(latch.try_wait(), left == 0);
  }
  void open(Model& model) { count_down(left, model); }
  void count_down(std::size_t by, Model& model) {
    left -= by;
    if (left == 0) model.let_all_through();
    latch.count_down(by);
  }

  std::size_t left;
  Latch latch{left};
};

struct BarrierSubject {
  static constexpr std::uint64_t kLongest = 300;
  static constexpr std::size_t kMostExpected = 6;

  explicit BarrierSubject(RandomSteps& steps) : expected(1 + steps.below(kMostExpected)) {}
  ~BarrierSubject() {
    Model nobody;
    drop(nobody);
  }
  BarrierSubject(const BarrierSubject&) = delete;
  BarrierSubject& operator=(const BarrierSubject&) = delete;

  auto wait() { return barrier.arrive_and_wait(); }
  [[nodiscard]] std::optional<Outcome> arrive(Model& model) {
    if (model.line.size() + 1 < expected) return std::nullopt;
    end_phase(model);
    return Outcome::last;
  }
  /// One of those who arrive later is always expected, as nobody may arrive where none is.
  void step(RandomSteps& steps, Model& model) {
    if (expected > 1 && steps.below(16) == 0) drop(model);
    EXPECT_EQ(barrier.phase(), phase);
  }
  void open(Model& model) {
    while (expected > 1) drop(model);
  }
  void drop(Model& model) {
    expected -= 1;
    const bool is_last = model.line.size() >= expected;
    if (is_last) end_phase(model);
    EXPECT_EQ(barrier.arrive_and_drop(), is_last ? Arrival::last : Arrival::waited);
    EXPECT_EQ(barrier.phase(), phase);
  }
  void end_phase(Model& model) {
    phase += 1;
    model.let_all_through();
  }

  std::size_t expected;
  std::uint64_t phase = 0;
  Barrier barrier{expected};
};

template <class Subject>
class Play {
 public:
  explicit Play(RandomSteps& steps) : steps_(steps), subject_(steps) {}

  /// From the making of the subject until nobody waits any more. Yields how many steps that took.
  Task<std::uint64_t> play() {
    const std::uint64_t operations = steps_.below(Subject::kLongest) + 1;
    std::uint64_t done = 0;
    while (done < operations && !testing::Test::HasFailure()) {
      for (std::uint64_t burst = steps_.below(6) + 1; burst > 0; --burst, ++done) step();
      co_await pass();
    }
    for (std::size_t round = 0; round <= kMostWaits && !is_over(); ++round) {
      subject_.open(model_);
      co_await pass();
    }
    EXPECT_TRUE(model_.is_idle()) << "seed " << steps_.seed();
    co_return done;
  }

 private:
  Task<void> pass() {
    log_.clear();
    expected_.clear();
    model_.run(subject_, expected_);
    co_await yield();
    EXPECT_EQ(log_, expected_) << "seed " << steps_.seed();
  }
  void step() {
    const std::size_t id = steps_.below(kClients);
    if (steps_.below(3) == 0) {
      subject_.step(steps_, model_);
    } else if (model_.clients[id].state == State::idle) {
      begin(id);
    } else if (steps_.below(3) == 0) {
      model_.stop(id);
      clients_[id]->request_stop();
    }
  }
  /// A model that was wrong does not know who waits.
  [[nodiscard]] bool is_over() const { return model_.is_idle() && !testing::Test::HasFailure(); }
  void begin(std::size_t id) {
    const std::size_t waits = 1 + steps_.below(kMostWaits);
    model_.begin(id, waits);
    clients_[id].emplace(spawn(wait(id, waits)));
  }
  Task<void> wait(std::size_t id, std::size_t waits) {
    for (std::size_t left = waits; left > 0; --left) {
      auto ended = co_await subject_.wait();
      log_.push_back({id, outcome_of(ended)});
      if (!ended) co_return;
    }
  }

  RandomSteps& steps_;
  Subject subject_;
  Model model_;
  std::array<std::optional<JoinHandle<void>>, kClients> clients_;
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

TEST(WaitingProperty, an_event_does_what_its_model_does) { play<EventSubject>(1'000'000); }
TEST(WaitingProperty, a_notify_does_what_its_model_does) { play<NotifySubject>(1'000'000); }
TEST(WaitingProperty, a_latch_does_what_its_model_does) { play<LatchSubject>(1'000'000); }
TEST(WaitingProperty, a_barrier_does_what_its_model_does) { play<BarrierSubject>(1'000'000); }

}  // namespace
}  // namespace rota::testing_waits

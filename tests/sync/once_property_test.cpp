// Random calls of a Once, whose initialisers succeed, fail, throw, wait and are stopped, beside a
// model: a line, a queue of what will run next, and what an initialiser comes to. With one worker
// the model says exactly which calls run their initialiser, in which order, and how each ends.

#include <rota/rota.hpp>

#include "sync/random_steps.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <deque>
#include <iterator>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <utility>
#include <vector>

namespace rota::testing_once {
namespace {

using testing_sync::for_seeds;
using testing_sync::RandomSteps;

constexpr std::size_t kClients = 10;

enum class Seen : std::uint8_t { initialiser_begins, success, error, exception, cancel };

struct Entry {
  std::size_t id;
  Seen seen;

  friend bool operator==(const Entry&, const Entry&) = default;
  friend void PrintTo(const Entry& entry, std::ostream* out) {
    *out << entry.id << " saw " << static_cast<int>(entry.seen);
  }
};

/// What an initialiser does. One that throws knows no errors: being stopped is nothing to it.
struct Plan {
  bool throws = false;
  bool waits = false;
  bool succeeds = false;

  static Plan any(RandomSteps& steps) {
    return {steps.below(2) == 0, steps.below(2) == 0, steps.below(8) == 0};
  }
  [[nodiscard]] Seen came_to(bool is_canceled) const {
    if (is_canceled && !throws) return Seen::cancel;
    if (succeeds) return Seen::success;
    return throws ? Seen::exception : Seen::error;
  }
};

enum class Place : std::uint8_t {
  idle,
  begins,       // spawned; has not run
  in_line,      // while another one's initialiser runs
  refused,      // stopped there
  has_turn,     // nobody's initialiser runs: it looks whether all is done
  at_gate,      // in its initialiser, which waits
  leaves_gate,  // that has ended
};

/// What must be. `ready` is the worker's queue.
struct Model {
  struct Client {
    Place place = Place::idle;
    Plan plan;
    bool is_stopped = false;   // asked to stop
    bool is_canceled = false;  // and its initialiser's wait was ended by that
  };

  void move(std::size_t id, Place place) {
    clients[id].place = place;
    ready.push_back(id);
  }
  void begin(std::size_t id, Plan plan) {
    clients[id] = {Place::idle, plan, false, false};
    move(id, Place::begins);
  }
  void open_gate() {
    for (std::size_t id = 0; id < kClients; ++id) {
      if (clients[id].place == Place::at_gate) move(id, Place::leaves_gate);
    }
  }
  void stop(std::size_t id) {
    Client& client = clients[id];
    client.is_stopped = true;
    if (client.place == Place::in_line) {
      std::erase(line, id);
      move(id, Place::refused);
    } else if (client.place == Place::at_gate) {
      client.is_canceled = true;
      move(id, Place::leaves_gate);
    }
  }
  /// All that is ready runs once.
  void run(std::vector<Entry>& log) {
    for (std::size_t left = ready.size(); left > 0; --left) {
      const std::size_t id = ready.front();
      ready.pop_front();
      switch (clients[id].place) {
        case Place::begins: run_first(id, log); break;
        case Place::has_turn: take_turn(id, log); break;
        case Place::leaves_gate: end_turn(id, came_to(id), log); break;
        default: note(id, Seen::cancel, log); break;
      }
    }
  }
  void run_first(std::size_t id, std::vector<Entry>& log) {
    // What is done is done for one that must stop as well.
    if (is_done) return note(id, Seen::success, log);
    if (clients[id].is_stopped) return note(id, Seen::cancel, log);
    if (is_taken) {
      clients[id].place = Place::in_line;
      line.push_back(id);
      return;
    }
    is_taken = true;
    take_turn(id, log);
  }
  void take_turn(std::size_t id, std::vector<Entry>& log) {
    Client& client = clients[id];
    if (is_done) return end_turn(id, Seen::success, log);
    log.push_back({id, Seen::initialiser_begins});
    client.is_canceled = client.plan.waits && client.is_stopped;
    if (!client.plan.waits || client.is_stopped) return end_turn(id, came_to(id), log);
    client.place = Place::at_gate;
  }
  void end_turn(std::size_t id, Seen seen, std::vector<Entry>& log) {
    if (seen == Seen::success) is_done = true;
    note(id, seen, log);
    is_taken = !line.empty();
    if (!is_taken) return;
    move(line.front(), Place::has_turn);
    line.pop_front();
  }
  void note(std::size_t id, Seen seen, std::vector<Entry>& log) {
    log.push_back({id, seen});
    clients[id].place = Place::idle;
  }
  [[nodiscard]] Seen came_to(std::size_t id) const {
    return clients[id].plan.came_to(clients[id].is_canceled);
  }
  [[nodiscard]] bool is_idle() const {
    return std::ranges::all_of(clients,
                               [](const Client& client) { return client.place == Place::idle; });
  }

  bool is_done = false;
  bool is_taken = false;
  std::array<Client, kClients> clients;
  std::deque<std::size_t> line;
  std::deque<std::size_t> ready;
};

class Play {
 public:
  explicit Play(RandomSteps& steps) : steps_(steps) {}

  /// One Once, from its making until nobody calls it any more. Yields how many steps that took.
  Task<std::uint64_t> play() {
    constexpr std::uint64_t kLongest = 100;
    const std::uint64_t operations = steps_.below(kLongest) + 1;
    std::uint64_t done = 0;
    while (done < operations && !testing::Test::HasFailure()) {
      for (std::uint64_t burst = steps_.below(4) + 1; burst > 0; --burst, ++done) step();
      co_await pass();
    }
    // An initialiser takes a pass to get its turn, and one to end.
    for (std::size_t round = 0; round <= 2 * kClients && !is_over(); ++round) {
      open_gate();
      co_await pass();
    }
    EXPECT_TRUE(model_.is_idle()) << "seed " << steps_.seed();
    co_return done;
  }

 private:
  Task<void> pass() {
    log_.clear();
    expected_.clear();
    model_.run(expected_);
    co_await yield();
    EXPECT_EQ(log_, expected_) << "seed " << steps_.seed();
    EXPECT_EQ(once_.is_done(), model_.is_done) << "seed " << steps_.seed();
  }
  void step() {
    const std::size_t id = steps_.below(kClients);
    if (steps_.below(4) == 0) {
      open_gate();
    } else if (model_.clients[id].place == Place::idle) {
      const Plan plan = Plan::any(steps_);
      model_.begin(id, plan);
      clients_[id].emplace(spawn(plan.throws ? call_throwing(id, plan) : call(id, plan)));
    } else if (steps_.below(4) == 0) {
      model_.stop(id);
      clients_[id]->request_stop();
    }
  }
  /// A model that was wrong does not know who waits.
  [[nodiscard]] bool is_over() const { return model_.is_idle() && !testing::Test::HasFailure(); }
  void open_gate() {
    model_.open_gate();
    gate_.notify_all();
  }
  Task<Result<void>> initialise(std::size_t id, Plan plan) {
    log_.push_back({id, Seen::initialiser_begins});
    if (plan.waits) {
      Result<void> opened = co_await gate_.wait();
      if (!opened) co_return opened;
    }
    if (!plan.succeeds) co_return failure(EAGAIN);
    times_done_ += 1;
    co_return Result<void>();
  }
  Task<void> initialise_throwing(std::size_t id, Plan plan) {
    log_.push_back({id, Seen::initialiser_begins});
    if (plan.waits) {
      Result<void> opened = co_await gate_.wait();
      static_cast<void>(opened);
    }
    if (!plan.succeeds) throw std::runtime_error("not this time");
    times_done_ += 1;
  }
  Task<void> call(std::size_t id, Plan plan) {
    auto initialiser = [this, id, plan] { return initialise(id, plan); };
    Result<void> ready = co_await once_.call(initialiser);
    note(id, ready);
  }
  Task<void> call_throwing(std::size_t id, Plan plan) {
    auto initialiser = [this, id, plan] { return initialise_throwing(id, plan); };
    try {
      Result<void> ready = co_await once_.call(initialiser);
      note(id, ready);
    } catch (const std::runtime_error&) {
      log_.push_back({id, Seen::exception});
    }
  }
  void note(std::size_t id, const Result<void>& ready) {
    if (ready) {
      EXPECT_EQ(times_done_, 1) << "seed " << steps_.seed();
      log_.push_back({id, Seen::success});
    } else {
      log_.push_back({id, is_canceled(ready.error()) ? Seen::cancel : Seen::error});
    }
  }

  RandomSteps& steps_;
  Once once_;
  Notify gate_;
  int times_done_ = 0;
  Model model_;
  std::array<std::optional<JoinHandle<void>>, kClients> clients_;
  std::vector<Entry> log_;
  std::vector<Entry> expected_;
};

Task<void> play_until(std::uint64_t operations, std::uint64_t seed) {
  RandomSteps steps(seed);
  std::uint64_t done = 0;
  while (done < operations && !testing::Test::HasFailure()) {
    Play one(steps);
    const std::uint64_t more = co_await one.play();
    done += more;
  }
}

TEST(OnceProperty, a_once_does_what_its_model_does) {
  for_seeds(1'000'000, [](std::uint64_t seed, std::uint64_t share) {
    Runtime runtime = Runtime::make().value();
    runtime.block_on(play_until(share, seed));
    EXPECT_TRUE(runtime.shutdown().clean());
  });
}

}  // namespace
}  // namespace rota::testing_once

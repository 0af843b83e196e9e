#pragma once

#include <rota/core/instant.hpp>

#include "base/random.hpp"
#include "core/descriptor_table.hpp"
#include "driver/driver.hpp"
#include "sim/actor.hpp"
#include "sim/channel.hpp"
#include "sim/defect.hpp"
#include "sim/endpoint.hpp"
#include "sim/ledger.hpp"
#include "sim/weather.hpp"

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace rota::simulation {

/// The actors of one run, what they wait for, and the loop that drives them. Stops at the first
/// violation of the contract.
class World {
 public:
  World(Driver& driver, Random& random, Weather weather, Defect defect)
      : driver_(driver), random_(random), weather_(weather), defect_(defect) {}

  /// Runs until every actor has finished. Empty, or what went wrong.
  std::string run();
  /// After a violation: takes everything back from `sound`, the driver without the planted bug.
  void abandon(Driver& sound);

  void submit(Operation& operation, Actor& actor);
  void cancel(Operation& operation);
  void settle(Stream& stream) { ledger_.settle(stream); }
  void nap(Actor& actor);
  void fail(std::string what);
  /// Fails unless the error is one that this operation can come back with in this weather.
  void expect_explained(const Operation& operation);

  template <class A, class... Args>
  A& add(Args&&... args) {
    auto owned = std::make_unique<A>(*this, std::forward<Args>(args)...);
    A& actor = *owned;
    actors_.push_back(std::move(owned));
    actor.begin();
    return actor;
  }
  Endpoint& add_endpoint(int fd, FdKind kind, Link& link);
  Link& add_link() { return links_.emplace_back(); }
  Channel& add_channel(Link& link);

  [[nodiscard]] Random& random() noexcept { return random_; }
  [[nodiscard]] DescriptorTable& table() noexcept { return table_; }
  [[nodiscard]] bool has_faults() const noexcept { return weather_.faults; }
  [[nodiscard]] bool has(Defect defect) const noexcept { return defect_ == defect; }
  [[nodiscard]] std::size_t operations() const noexcept { return operations_; }

 private:
  struct Nap {
    Instant until;
    Actor* actor;
  };

  void play_turn();
  void stir();
  void dispatch(OpList& done);
  void rouse_sleepers();
  [[nodiscard]] Deadline next_deadline();
  void check_progress(bool anything);
  void check_end();

  Driver& driver_;
  Random& random_;
  Weather weather_;
  Defect defect_;
  DescriptorTable table_;
  Ledger ledger_;
  OpList todo_;
  std::vector<Nap> naps_;
  std::vector<std::unique_ptr<Actor>> actors_;
  std::deque<Link> links_;
  std::deque<Channel> channels_;
  std::deque<Endpoint> endpoints_;
  std::string violation_;
  std::size_t operations_ = 0;
  std::size_t idle_turns_ = 0;
  bool woken_ = false;
};

}  // namespace rota::simulation

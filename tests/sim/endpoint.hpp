#pragma once

#include "core/descriptor.hpp"
#include "sim/actor.hpp"
#include "sim/channel.hpp"

#include <cstddef>
#include <optional>

namespace rota::simulation {

class World;

/// One open fd and those who use it. The last to leave closes it; anybody may slam it shut while
/// operations are in flight, which then must come back first.
class Endpoint : public Actor {
 public:
  Endpoint(World& world, int fd, FdKind kind, Link& link);

  void begin() override {}
  void completed(Operation& operation) override;

  void enter() noexcept { users_ += 1; }
  void leave();
  void slam();

  /// Judges what came back: true when there is no point in going on here. An error that leaves the
  /// fd usable was reported before anything moved, so that the same may be tried again.
  [[nodiscard]] bool lost_by(const Operation& operation);

  /// Nothing new may be submitted.
  [[nodiscard]] bool closing() const noexcept { return close_.has_value(); }
  [[nodiscard]] bool closed() const noexcept { return descriptor_ == nullptr; }
  [[nodiscard]] Descriptor& descriptor() const noexcept { return *descriptor_; }
  [[nodiscard]] Link& link() const noexcept { return *link_; }
  [[nodiscard]] int fd() const noexcept { return descriptor_->fd; }
  void shut_down_writing() const;

 private:
  World& world_;
  Link* link_;
  Descriptor* descriptor_;
  std::size_t users_ = 0;
  std::optional<Operation> close_;
};

}  // namespace rota::simulation

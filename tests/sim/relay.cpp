#include "sim/relay.hpp"

#include "sim/world.hpp"

namespace rota::simulation {

Relay::Relay(World& world, Endpoint& from, Endpoint& to) : world_(world), from_(from), to_(to) {}

void Relay::begin() {
  from_.enter();
  to_.enter();
  read_next();
}

void Relay::read_next() {
  if (from_.closing() || to_.closing()) return end();
  if (!in_.untouched()) return world_.fail("a buffer was touched between two reads");
  TransferPlan plan;
  plan.bytes = world_.random().between(1, TransferSlot::kBytes);
  world_.submit(in_.prepare_read(from_.descriptor(), plan), *this);
}

void Relay::write_rest() {
  if (to_.closing()) return end();
  if (!out_.untouched()) return world_.fail("a buffer was touched between two writes");
  TransferPlan plan;
  plan.bytes = rest_.size();
  plan.vectored = world_.random().chance(250);
  plan.whole = world_.random().chance(500);
  world_.submit(out_.prepare_write(to_.descriptor(), plan, rest_), *this);
}

void Relay::completed(Operation& operation) {
  if (out_.owns(operation)) return wrote(operation);
  if (!in_.take_back()) return world_.fail("a read wrote more than it counted");
  if (from_.lost_by(operation)) return end();
  if (operation.result < 0 && in_.moved() == 0) return read_next();
  if (operation.result == 0) {
    if (!to_.closing()) to_.shut_down_writing();
    return end();
  }
  rest_.assign(in_.content().begin(), in_.content().end());
  write_rest();
}

void Relay::wrote(Operation& operation) {
  if (!out_.take_back()) return world_.fail("a write changed its buffer or counts too much");
  const bool forgets = world_.has(Defect::relay_ignores_short_count) && operation.result > 0;
  const std::size_t moved = forgets ? rest_.size() : out_.moved();
  rest_.erase(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(moved));
  if (to_.lost_by(operation)) return end();
  if (rest_.empty()) return read_next();
  write_rest();
}

void Relay::end() {
  from_.leave();
  to_.leave();
}

}  // namespace rota::simulation

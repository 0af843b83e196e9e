#include "sim/source.hpp"

#include "sim/channel.hpp"
#include "sim/world.hpp"

#include <algorithm>
#include <array>

namespace rota::simulation {

Source::Source(World& world, Endpoint& to, Channel& channel)
    : world_(world), to_(to), channel_(channel) {}

void Source::begin() {
  to_.enter();
  go_on();
}

void Source::go_on() {
  if (world_.random().chance(100)) return world_.nap(*this);
  woke();
}

void Source::woke() {
  if (to_.closing()) return to_.leave();
  if (channel_.left_to_send() == 0) {
    to_.shut_down_writing();
    return to_.leave();
  }
  write_next();
}

void Source::write_next() {
  if (!slot_.untouched()) return world_.fail("a buffer was touched between two writes");
  Random& random = world_.random();
  TransferPlan plan;
  const std::size_t most = std::min(channel_.left_to_send(), TransferSlot::kBytes);
  plan.bytes = random.between(1, static_cast<std::uint32_t>(most));
  plan.vectored = random.chance(250);
  plan.whole = random.chance(300);
  std::array<std::byte, TransferSlot::kBytes> bytes;
  const std::span piece = std::span(bytes).first(plan.bytes);
  channel_.fill_next(piece);
  world_.submit(slot_.prepare_write(to_.descriptor(), plan, piece), *this);
}

void Source::completed(Operation& operation) {
  if (!slot_.take_back()) return world_.fail("a write changed its buffer or counts too much");
  if (operation.result == 0) return world_.fail("a write of some bytes moved none");
  if (world_.has(Defect::source_ignores_short_count) && operation.result > 0) {
    channel_.add_sent(slot_.asked());
  } else {
    channel_.add_sent(slot_.moved());
  }
  if (to_.lost_by(operation)) return to_.leave();
  go_on();
}

}  // namespace rota::simulation

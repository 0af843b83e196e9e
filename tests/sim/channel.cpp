#include "sim/channel.hpp"

namespace rota::simulation {

/// No two positions that are near each other, and no two channels, have the same neighbourhood: a
/// lost, doubled or swapped piece shows.
std::byte Channel::at(std::size_t position) const noexcept {
  const std::size_t value = position * 31 + (position >> 8) * 101 + number_ * 57;
  return static_cast<std::byte>(value ^ (value >> 7));
}

void Channel::fill_next(std::span<std::byte> into) const noexcept {
  for (std::size_t i = 0; i < into.size(); ++i) into[i] = at(sent_ + i);
}

bool Channel::take_received(std::span<const std::byte> bytes) noexcept {
  for (const std::byte each : bytes) {
    if (each != at(received_)) return false;
    received_ += 1;
  }
  return received_ <= total_;
}

bool Channel::kept_its_promise() const noexcept {
  return link_->broken || (ended_ && received_ == total_);
}

}  // namespace rota::simulation

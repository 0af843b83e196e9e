#include "driver/uring/file_table.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <bit>

namespace rota::inline v0 {

/// What finds the table full asks again after as many uses.
bool UringFileTable::give_place(Descriptor& file) noexcept {
  file.ring_uses = 0;
  if (file.borrowed) return false;
  const std::int32_t place = take_place();
  if (place < 0) return false;
  if (!put(place, file.fd)) {
    give_back(place);
    return false;
  }
  file.driver_index = place;
  return true;
}

std::int32_t UringFileTable::take_place() noexcept {
  if (state_ == State::unasked) make();
  return state_ == State::made ? take_free() : -1;
}

/// RLIMIT_NOFILE limits it, for one.
void UringFileTable::make() noexcept {
  state_ = State::refused;
  if (!ring_.can(ring_keeps_files)) return;
  rlimit limit{};
  std::uint32_t connections = 0;
  if (wanted_connections_ > 0 && ::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    const auto most = std::min<rlim_t>(limit.rlim_cur, kPlaces + wanted_connections_);
    connections = static_cast<std::uint32_t>(std::max<rlim_t>(most, kPlaces)) - kPlaces;
  }
  if (connections > 0 && !make_with(kPlaces + connections)) connections = 0;
  if (connections == 0 && !make_with(kPlaces)) return;
  connections_.have(kPlaces, connections);
  state_ = State::made;
}

bool UringFileTable::make_with(std::uint32_t places) noexcept {
  io_uring_rsrc_register table{};
  table.nr = places;
  table.flags = IORING_RSRC_REGISTER_SPARSE;
  return ring_.ask(IORING_REGISTER_FILES2, &table, sizeof table) == 0;
}

void UringFileTable::forget(Descriptor& file) noexcept {
  file.ring_uses = 0;
  if (file.driver_index < 0 || file.placed) return;
  clear(file.driver_index);
  give_back(file.driver_index);
  file.driver_index = -1;
}

/// Only a place that was never given is refused, and this one was.
void UringFileTable::clear(std::int32_t place) noexcept { static_cast<void>(put(place, -1)); }

bool UringFileTable::put(std::int32_t place, int fd) noexcept {
  io_uring_rsrc_update update{};
  update.offset = static_cast<std::uint32_t>(place);
  update.data = reinterpret_cast<std::uintptr_t>(&fd);
  return ring_.ask(IORING_REGISTER_FILES_UPDATE, &update, 1) == 1;
}

/// -1: there is none.
std::int32_t UringFileTable::take_free() noexcept {
  const SpinGuard guard(lock_);
  for (std::uint32_t word = 0; word < taken_.size(); ++word) {
    const int bit = std::countr_one(taken_[word]);
    if (bit == kWordBits) continue;
    taken_[word] |= std::uint64_t{1} << bit;
    return static_cast<std::int32_t>(word * kWordBits) + bit;
  }
  return -1;
}

void UringFileTable::give_back(std::int32_t place) noexcept {
  const SpinGuard guard(lock_);
  const auto number = static_cast<std::uint32_t>(place);
  taken_[number / kWordBits] &= ~(std::uint64_t{1} << number % kWordBits);
}

}  // namespace rota::inline v0

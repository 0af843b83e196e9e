#include "driver/uring/memory_table.hpp"

#include <sys/uio.h>

#include <algorithm>
#include <bit>
#include <utility>

namespace rota::inline v0 {

void UringMemoryTable::refresh() noexcept {
  seen_ = memory_registry().copy_to(copy_);
  std::swap(regions_, before_);
  regions_.clear();
  for (const MemoryRegistry::Region& each : copy_) regions_.push_back({each, kUnasked});
  std::ranges::sort(regions_, {}, &Known::begin);
  for (const Known& old : before_) {
    const auto same = std::ranges::find(regions_, old.number, &Known::number);
    if (same != regions_.end()) {
      same->place = old.place;
    } else if (old.place >= 0) {
      // Only a place that was never given is refused, and this one was.
      static_cast<void>(put(old.place, nullptr, 0));
      taken_ &= ~(std::uint64_t{1} << old.place);
    }
  }
}

void UringMemoryTable::use(io_uring_sqe& entry) noexcept {
  const bool reads = entry.opcode == IORING_OP_READ;
  if (!reads && entry.opcode != IORING_OP_WRITE) return;
  Known* region = find(entry.addr, entry.len);
  if (region == nullptr) return;
  if (region->place == kUnasked) region->place = pin(*region);
  if (region->place < 0) return;
  entry.opcode = reads ? IORING_OP_READ_FIXED : IORING_OP_WRITE_FIXED;
  entry.buf_index = static_cast<std::uint16_t>(region->place);
}

/// The one that has all these bytes.
UringMemoryTable::Known* UringMemoryTable::find(std::uint64_t address,
                                                std::uint32_t bytes) noexcept {
  const auto begin_of = [](const Known& region) {
    return reinterpret_cast<std::uintptr_t>(region.begin);
  };
  const auto behind = std::ranges::upper_bound(regions_, address, {}, begin_of);
  if (behind == regions_.begin()) return nullptr;
  Known& region = *(behind - 1);
  const std::uint64_t at = address - begin_of(region);
  return at <= region.bytes && bytes <= region.bytes - at ? &region : nullptr;
}

/// Its place, or kRefused.
std::int32_t UringMemoryTable::pin(const Known& region) noexcept {
  if (state_ == State::unasked) make();
  const int place = std::countr_one(taken_);
  if (state_ == State::refused || place == kPlaces) return kRefused;
  if (!put(place, region.begin, region.bytes)) return kRefused;
  taken_ |= std::uint64_t{1} << place;
  return place;
}

void UringMemoryTable::make() noexcept {
  state_ = State::refused;
  if (!ring_.can(ring_keeps_memory)) return;
  io_uring_rsrc_register table{};
  table.nr = kPlaces;
  table.flags = IORING_RSRC_REGISTER_SPARSE;
  if (ring_.ask(IORING_REGISTER_BUFFERS2, &table, sizeof table) == 0) state_ = State::made;
}

bool UringMemoryTable::put(std::int32_t place, void* begin, std::size_t bytes) noexcept {
  const iovec memory{.iov_base = begin, .iov_len = bytes};
  io_uring_rsrc_update2 update{};
  update.offset = static_cast<std::uint32_t>(place);
  update.data = reinterpret_cast<std::uintptr_t>(&memory);
  update.nr = 1;
  return ring_.ask(IORING_REGISTER_BUFFERS_UPDATE, &update, sizeof update) == 1;
}

}  // namespace rota::inline v0

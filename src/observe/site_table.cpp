#include "observe/site_table.hpp"

#include <new>

namespace rota::inline v0 {

SiteTable::~SiteTable() {
  for (Atomic<TaskKind*>& slot : slots_) delete slot.load(MemoryOrder::relaxed);
}

TaskKind* SiteTable::find_further(std::source_location site) const noexcept {
  for (std::size_t slot = home_of(site);; slot = (slot + 1) % kSlots) {
    TaskKind* kind = slots_[slot].load(MemoryOrder::relaxed);
    if (kind == nullptr || same(kind->site, site)) return kind;
  }
}

TaskKind& SiteTable::add(std::source_location site, const char* name) noexcept {
  if (kinds_ == kMostKinds) return others_;
  auto* kind = new (std::nothrow) TaskKind(site, name);
  if (kind == nullptr) return others_;
  std::size_t slot = home_of(site);
  while (slots_[slot].load(MemoryOrder::relaxed) != nullptr) slot = (slot + 1) % kSlots;
  slots_[slot].store(kind, MemoryOrder::release);  // Rule 2.
  ++kinds_;
  return *kind;
}

}  // namespace rota::inline v0

#include "observe/site_table.hpp"

#include <new>

namespace rota::inline v0 {

SiteTable::~SiteTable() {
  for (Atomic<TaskKind*>& slot : slots_) delete slot.load(MemoryOrder::relaxed);
}

TaskKind& SiteTable::find_or_add(SpawnLabel label) noexcept {
  std::size_t slot = home_of(label.site());
  while (TaskKind* kind = slots_[slot].load(MemoryOrder::relaxed)) {
    if (same(kind->site, label.site())) return *kind;
    slot = (slot + 1) % kSlots;
  }
  if (kinds_ == kMostKinds) return others_;
  auto* kind = new (std::nothrow) TaskKind(label.site(), label.name());
  if (kind == nullptr) return others_;
  slots_[slot].store(kind, MemoryOrder::release);  // Rule 2.
  ++kinds_;
  return *kind;
}

}  // namespace rota::inline v0

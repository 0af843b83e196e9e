#include "core/descriptor_table.hpp"

#include <fcntl.h>

#include <cassert>

namespace rota::inline v0 {
namespace {

bool is_direct(int fd, FdKind kind) noexcept {
  if (kind != FdKind::file) return false;
  const int flags = ::fcntl(fd, F_GETFL);
  return flags >= 0 && (flags & O_DIRECT) != 0;
}

}  // namespace

Descriptor& DescriptorTable::adopt(int fd, FdKind kind, Worker* home) {
  std::lock_guard lock(mutex_);
  if (free_ == nullptr) {
    // What may throw comes first: nothing may point into a block that the table does not keep.
    const std::size_t first_index = blocks_.size() * kBlockDescriptors;
    blocks_.push_back(std::make_unique<Descriptor[]>(kBlockDescriptors));
    const Block& block = blocks_.back();
    for (std::size_t i = kBlockDescriptors; i-- > 0;) {
      block[i].index = static_cast<std::uint32_t>(first_index + i);
      block[i].next = free_;
      free_ = &block[i];
    }
  }
  Descriptor& place = *free_;
  free_ = static_cast<Descriptor*>(place.next);
  place.next = nullptr;
  place.fd = fd;
  next_generation(place);
  place.home.set(home);
  place.users = 0;
  place.driver_index = -1;
  place.kind = kind;
  place.direct = is_direct(fd, kind);
  // RWF_NOWAIT keeps its promise for the page cache only: a direct read waits for the device.
  place.ready_hint = place.direct ? interest_none : interest_all;
  place.registered.store(0, MemoryOrder::relaxed);
  place.short_read = ShortRead::unasked;
  place.driver_bits = 0;
  place.lingers = false;
  place.borrowed = false;
  place.placed = false;
  place.receives_much = false;
  place.unfit_loans = 0;
  place.copied_sends = 0;
  place.ring_uses = 0;
  place.cached = {};
  place.unpunted = {};
  place.interrupts = false;
  place.ahead = nullptr;
  place.closing = nullptr;
  live_ += 1;
  return place;
}

void DescriptorTable::release(Descriptor& descriptor) noexcept {
  assert(descriptor.in_flight == 0 && descriptor.reading.empty() && descriptor.writing.empty());
  assert(descriptor.polls.empty() && descriptor.unordered.empty());
  std::lock_guard lock(mutex_);
  descriptor.fd = -1;
  next_generation(descriptor);
  descriptor.home.set(nullptr);
  descriptor.next = free_;
  free_ = &descriptor;
  live_ -= 1;
}

std::size_t DescriptorTable::live() const noexcept {
  std::lock_guard lock(mutex_);
  return live_;
}

}  // namespace rota::inline v0

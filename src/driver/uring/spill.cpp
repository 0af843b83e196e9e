#include "driver/uring/spill.hpp"

#include "core/discard.hpp"

#include <algorithm>

namespace rota::inline v0 {

UringSpill::~UringSpill() {
  for (const Entry& entry : entries_) discard(entry.code, entry.result);
}

void UringSpill::add(const Stream& stream, const StreamResult& result) {
  if (stream.code != OpCode::accept || entries_.size() < kMostConnections) {
    entries_.push_back({stream.descriptor, stream.code, result});
  } else {
    discard(stream.code, result);
  }
}

bool UringSpill::take(const Descriptor& descriptor, StreamResult& result) noexcept {
  const auto oldest = std::ranges::find(entries_, &descriptor, &Entry::descriptor);
  if (oldest == entries_.end()) return false;
  result = oldest->result;
  entries_.erase(oldest);
  return true;
}

bool UringSpill::holds(const Descriptor& descriptor) const noexcept {
  return std::ranges::find(entries_, &descriptor, &Entry::descriptor) != entries_.end();
}

void UringSpill::drop(const Descriptor& descriptor) noexcept {
  std::erase_if(entries_, [&](const Entry& entry) {
    if (entry.descriptor != &descriptor) return false;
    discard(entry.code, entry.result);
    return true;
  });
}

}  // namespace rota::inline v0

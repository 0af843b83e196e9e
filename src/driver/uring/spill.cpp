#include "driver/uring/spill.hpp"

#include <unistd.h>

#include <algorithm>

namespace rota::inline v0 {

UringSpill::~UringSpill() {
  for (const Entry& entry : entries_) ::close(entry.connection);
}

void UringSpill::add(const Descriptor& listener, int connection) {
  if (entries_.size() < kLimit) {
    entries_.push_back({&listener, connection});
  } else {
    ::close(connection);
  }
}

int UringSpill::take(const Descriptor& listener) noexcept {
  const auto oldest = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.listener == &listener;
  });
  if (oldest == entries_.end()) return -1;
  const int connection = oldest->connection;
  entries_.erase(oldest);
  return connection;
}

bool UringSpill::holds(const Descriptor& listener) const noexcept {
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const Entry& entry) { return entry.listener == &listener; });
}

void UringSpill::drop(const Descriptor& listener) noexcept {
  std::erase_if(entries_, [&](const Entry& entry) {
    if (entry.listener != &listener) return false;
    ::close(entry.connection);
    return true;
  });
}

}  // namespace rota::inline v0

#include "driver/files/posix_aio_bell.hpp"

#include <sched.h>

namespace rota::inline v0 {
namespace {

/// As many as there were engines at once. Grows at its head only; an acquire of the head has all of
/// them as they were published.
constinit Atomic<PosixAioBell*> bells{nullptr};

}  // namespace

PosixAioBell& PosixAioBell::take() {
  for (PosixAioBell* each = bells.load(MemoryOrder::acquire); each != nullptr; each = each->next_) {
    if (!each->taken_.exchange(true, MemoryOrder::acquire)) return *each;
  }
  auto* bell = new PosixAioBell;
  PosixAioBell* head = bells.load(MemoryOrder::relaxed);
  do {
    bell->next_ = head;
  } while (!bells.compare_exchange_weak(head, bell, MemoryOrder::release, MemoryOrder::relaxed));
  return *bell;
}

void PosixAioBell::give_back() noexcept {
  detach();
  while (ringing_.load() != 0) ::sched_yield();
  taken_.store(false, MemoryOrder::release);
}

void PosixAioBell::ring() noexcept {
  ringing_.fetch_add(1);
  if (const EngineNotify* engine = engine_.load()) (*engine)();
  ringing_.fetch_sub(1);
}

void PosixAioBell::ring_all() noexcept {
  for (PosixAioBell* each = bells.load(MemoryOrder::acquire); each != nullptr; each = each->next_) {
    each->ring();
  }
}

}  // namespace rota::inline v0

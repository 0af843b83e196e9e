#include "stress/unrest.hpp"

#include "base/hooks.hpp"
#include "base/random.hpp"

#include <sched.h>

#include <atomic>

namespace rota::testing_stress {

namespace {

std::atomic<std::uint32_t> yields_per_mille{0};
std::atomic<std::uint64_t> next_seed{1};

void give_way() {
  thread_local Random random(next_seed.fetch_add(1));
  if (random.chance(yields_per_mille.load(std::memory_order_relaxed))) sched_yield();
}

}  // namespace

Unrest::Unrest(std::uint32_t per_mille) noexcept {
  yields_per_mille.store(per_mille);
  hooks.crossing = [](Crossing) { give_way(); };
}

Unrest::~Unrest() { hooks.crossing = nullptr; }

}  // namespace rota::testing_stress

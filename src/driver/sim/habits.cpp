#include "driver/sim/habits.hpp"

#include <array>

namespace rota::inline v0 {
namespace {

constexpr std::int64_t kUs = 1'000;
constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kSecond = 1'000'000'000;

/// Moments at which somebody's counter wraps: 32 bits of ns, us, ms (49.7 days) and seconds,
/// signed and unsigned, and the ns that a double no longer counts one by one.
constexpr std::array<std::int64_t, 9> kWraps_ns{
    1LL << 31,           1LL << 32,           (1LL << 31) * kUs, (1LL << 32) * kUs,
    (1LL << 31) * kMs,   (1LL << 32) * kMs,   1LL << 53,         (1LL << 31) * kSecond,
    (1LL << 32) * kSecond};

constexpr std::array<std::uint32_t, 4> kSeldomToMostly{0, 100, 400, 800};
constexpr std::array<std::uint32_t, 3> kRounds{1, 3, 10};

}  // namespace

SimHabits SimHabits::swarm(Random& random) noexcept {
  SimHabits habits{};
  habits.held_per_mille = random.pick(kSeldomToMostly);
  habits.held_rounds = random.pick(kRounds);
  habits.short_per_mille = random.pick(kSeldomToMostly);
  habits.late_cancel_rounds = random.chance(300) ? 0 : random.pick(kRounds);
  habits.raced_cancel_per_mille = random.pick(kSeldomToMostly);
  habits.disarmed_per_mille = random.pick(kSeldomToMostly);
  // Up to 50 ms before the wrap: a short run crosses it.
  habits.begin = Instant{random.pick(kWraps_ns) - 1 - random.below(50'000'000)};
  return habits;
}

}  // namespace rota::inline v0

#include "measured_choice.hpp"

namespace rota::inline v0 {

MeasuredChoice choice_by(const Measurements& measured) noexcept {
  const bool both = measured.read != Duration{} && measured.ring_reads_inline;
  return {measured.wake, !both || measured.read <= measured.ring_read};
}

MeasuredChoice measured_choice(Measuring measuring) {
  if (measuring == Measuring::off) return {};
  if (const auto kept = kept_measurements()) return choice_by(*kept);
  const Measurements measured = measure_machine();
  // A home that may not be written costs the next program these milliseconds again, and no more.
  static_cast<void>(keep_measurements(measured));
  return choice_by(measured);
}

}  // namespace rota::inline v0

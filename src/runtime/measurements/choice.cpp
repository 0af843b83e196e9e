#include "runtime/measurements/choice.hpp"

namespace rota::inline v0 {

MeasuredChoice choice_by(const Measurements& measured) noexcept {
  const bool both = measured.read != Duration{} && measured.ring_reads_inline;
  // A read through a driver costs more than it takes in a ring: its task is suspended, the worker
  // turns, and the task is resumed. That is about 0.7 µs, or one more call of a ring.
  const Duration through_driver = measured.ring_read + measured.ring_call;
  return {measured.wake, !both || measured.read <= through_driver};
}

MeasuredChoice measured_choice(Measuring measuring) {
  if (measuring == Measuring::off) return {};
  if (const auto kept = kept_measurements()) return choice_by(*kept);
  const Measurements measured = measure_machine();
  // What is not kept costs the next program these milliseconds again, and no more: a home that may
  // not be written, or a call that could not be made.
  static_cast<void>(keep_measurements(measured));
  return choice_by(measured);
}

}  // namespace rota::inline v0

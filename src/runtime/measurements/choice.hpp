#pragma once

#include <rota/config.hpp>
#include <rota/measurements.hpp>

namespace rota::inline v0 {

/// The defaults that follow what was measured. They are few: each is one where machines differ by
/// more than a measurement errs, and where being wrong costs time and nothing else.
struct MeasuredChoice {
  Duration wake;                 ///< which a spin is derived from; zero: not known
  bool tries_lone_reads = true;  ///< a ring's worker tries the lone read of a file by
                                 ///< preadv2(RWF_NOWAIT) first
};

/// A lone read is tried unless the ring, which did it at once too, is cheaper with all that a read
/// through a driver takes besides. Where only one of the two can be done nothing is known.
[[nodiscard]] MeasuredChoice choice_by(const Measurements& measured) noexcept;

/// By what is kept, or else measured now and kept; nothing where nobody asks for it.
[[nodiscard]] MeasuredChoice measured_choice(Measuring measuring);

}  // namespace rota::inline v0

#pragma once

#include <cstdint>

namespace rota::inline v0 {

/// What a cancelled wait loses besides its time: what a leaf type says in `loses`.
enum class CancelLoss : std::uint8_t {
  nothing,  ///< it can begin again as if it had not been
  place,    ///< its place in a line, or its arrival: it begins again behind the others
  work,     ///< a value that was to be sent, or how far an operation had come
};

/// What leaf L says. One that says nothing is taken to lose work.
template <class L>
inline constexpr CancelLoss loss_of = CancelLoss::work;
template <class L>
  requires requires { L::loses; }
inline constexpr CancelLoss loss_of<L> = L::loses;

}  // namespace rota::inline v0

#pragma once

#include "driver/uring/request.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace rota::inline v0 {

/// A flag of io_uring_setup that not every kernel from the floor on knows.
struct SetupFlag {
  std::uint32_t flag;
  const char* name;
  KernelRelease since;
};

/// What a ring may be able to do, and what is done instead where it cannot.
struct AgedAbility {
  RingAbility ability;
  KernelRelease since;
  const char* name;     ///< of the part of the kernel's interface
  const char* instead;  ///< empty: the answer to a request of its own tells
};

std::span<const AgedAbility> aged_abilities() noexcept;

/// Newest first: the order in which flags are given up.
std::span<const SetupFlag> optional_setup_flags() noexcept;

/// The oldest release whose rings a driver can be made of.
inline constexpr KernelRelease oldest_ring{5, 13};

/// Whether a ring that pretends to be of `as_kernel` lacks what came with `since`.
constexpr bool is_younger(KernelRelease since, KernelRelease as_kernel) noexcept {
  return as_kernel != KernelRelease{} && as_kernel < since;
}

/// The request with everything withheld that is younger than the kernel it pretends.
RingRequest as_asked_of(RingRequest request) noexcept;

/// "6.1".
std::string in_words(KernelRelease release);

}  // namespace rota::inline v0

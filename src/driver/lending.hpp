#pragma once

#include <rota/core/operation.hpp>

#include "core/descriptor.hpp"
#include "driver/lender.hpp"

#include <cstdint>

namespace rota::inline v0 {

/// A Receive, its lender and an attempt.

/// Which buffer the connection is lent next. It has one that is large after two small ones that
/// were filled to the brim, and a small one again after sixteen large ones that were hardly used.
[[nodiscard]] inline LentSize lent_size(const Descriptor& descriptor) noexcept {
  return descriptor.receives_much ? LentSize::large : LentSize::small;
}

/// Takes a buffer for one attempt; false without memory.
[[nodiscard]] bool borrow(Receive& receive) noexcept;

/// The attempt has brought nothing: what waits holds no buffer.
void return_unused(Receive& receive) noexcept;

/// So many bytes came into a buffer of so many: the connection's next may have another size.
void note_received(Descriptor& descriptor, std::uint32_t count, std::uint32_t room) noexcept;

}  // namespace rota::inline v0

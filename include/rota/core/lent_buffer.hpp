#pragma once

#include <rota/core/atomic.hpp>
#include <rota/core/build_mark.hpp>

#include <cstddef>
#include <cstdint>

namespace rota::inline v0 {

class Lender;

/// Memory that a driver lends to whoever received into it. It is its lender's (driver/lender.hpp),
/// and the borrower's until it is given back. One that is shared has several borrowers, each with
/// bytes of its own in it, and is back when the last of them has given it back.
struct LentBuffer {
  LentBuffer* next = nullptr;  ///< in one of its lender's lists
  Lender* lender = nullptr;
  std::byte* memory = nullptr;
  std::uint32_t bytes = 0;
  std::uint16_t number = 0;  ///< among those of its size; see `single`
  bool single = false;       ///< made for one loan, and without a number
  bool shared = false;       ///< written by the owner before anybody else has it
  Atomic<std::uint32_t> holders{0};  ///< of one that is shared; the driver is one while it fills it

  LentBuffer() = default;
};

/// Ends a loan. Any thread, also when the runtime is gone. The borrower touches its bytes no more.
void give_back(LentBuffer& buffer) noexcept;

}  // namespace rota::inline v0

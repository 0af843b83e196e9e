#include "driver/lending.hpp"

#include <utility>

namespace rota::inline v0 {
namespace {

constexpr std::uint8_t kFilledToGrow = 2;
constexpr std::uint8_t kHardlyUsedToShrink = 16;
constexpr std::uint32_t kHardlyUsed = bytes_of(LentSize::small) / 2;

}  // namespace

bool borrow(Receive& receive) noexcept {
  if (receive.lender == nullptr) return false;
  receive.buffer = receive.lender->lend(lent_size(*receive.descriptor));
  if (receive.buffer == nullptr) return false;
  receive.data = receive.buffer->memory;
  receive.bytes = receive.buffer->bytes;
  return true;
}

void return_unused(Receive& receive) noexcept {
  receive.lender->take_back_unused(*std::exchange(receive.buffer, nullptr));
  receive.data = nullptr;
}

void note_received(Descriptor& descriptor, std::uint32_t count, std::uint32_t room) noexcept {
  const bool much = descriptor.receives_much;
  const bool unfit = much ? count <= kHardlyUsed : count == room;
  descriptor.unfit_loans = static_cast<std::uint8_t>(unfit ? descriptor.unfit_loans + 1 : 0);
  if (descriptor.unfit_loans < (much ? kHardlyUsedToShrink : kFilledToGrow)) return;
  descriptor.receives_much = !much;
  descriptor.unfit_loans = 0;
}

}  // namespace rota::inline v0

#pragma once

#include <rota/core/cancel_loss.hpp>
#include <rota/core/lent_buffer.hpp>
#include <rota/core/operation_leaf.hpp>
#include <rota/lease.hpp>
#include <rota/result.hpp>

#include <cstdint>
#include <utility>

namespace rota::inline v0 {

/// A read into a buffer that is lent.
class ReceiveLeaf : public OperationLeaf<Receive> {
 public:
  static constexpr CancelLoss loses = CancelLoss::nothing;

  explicit ReceiveLeaf(Descriptor* from) noexcept : OperationLeaf(from) {}
  ~ReceiveLeaf() {
    if (operation_.buffer != nullptr) give_back(*operation_.buffer);
  }

  Result<Lease> finish() noexcept {
    if (operation_.result < 0) return failure(-operation_.result);
    if (operation_.buffer == nullptr) return Lease();
    LentBuffer& lent = *std::exchange(operation_.buffer, nullptr);
    return Lease(lent, static_cast<std::uint32_t>(operation_.result),
                 static_cast<std::size_t>(operation_.data - lent.memory));
  }
};

}  // namespace rota::inline v0

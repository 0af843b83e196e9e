#pragma once

#include <rota/core/cancel_loss.hpp>
#include <rota/core/cancel_node.hpp>
#include <rota/core/descriptor_ref.hpp>
#include <rota/core/operation.hpp>
#include <rota/core/worker_calls.hpp>
#include <rota/result.hpp>

#include <cerrno>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

namespace rota::inline v0 {

/// A leaf that is one operation. Cancelling it asks the driver; what the operation achieved until
/// then is its result.
template <class Op>
class OperationLeaf {
 public:
  template <class... Args>
  explicit OperationLeaf(Descriptor* descriptor, Args&&... operands) noexcept
      : operation_(std::forward<Args>(operands)...) {
    operation_.descriptor = descriptor;
  }
  OperationLeaf(const OperationLeaf&) = delete;
  OperationLeaf& operator=(const OperationLeaf&) = delete;

  bool start(Runnable& self) noexcept {
    operation_.waiter = &self;
    operation_.cancel = cancel_operation;
    return submit(operation_, node_);
  }
  void refuse() noexcept { operation_.result = -ECANCELED; }

  /// For `start_operation`.
  [[nodiscard]] Op& operation() noexcept { return operation_; }
  [[nodiscard]] CancelNode& node() noexcept { return node_; }

 protected:
  Op operation_;

 private:
  CancelNode node_;
};

/// The count of bytes that an operation moved.
template <class Op>
class CountLeaf : public OperationLeaf<Op> {
 public:
  static constexpr CancelLoss loses = CancelLoss::nothing;

  using OperationLeaf<Op>::OperationLeaf;
  void add_flags(unsigned flags) noexcept {
    this->operation_.flags = static_cast<std::uint8_t>(this->operation_.flags | flags);
  }
  Result<std::size_t> finish() const noexcept {
    if (this->operation_.result < 0) return failure(-this->operation_.result);
    if constexpr (std::is_same_v<Op, Transfer>) return this->operation_.moved;
    return static_cast<std::size_t>(this->operation_.result);
  }
};

/// Success or an error.
template <class Op>
class StatusLeaf : public OperationLeaf<Op> {
 public:
  static constexpr CancelLoss loses = CancelLoss::nothing;

  using OperationLeaf<Op>::OperationLeaf;
  Result<void> finish() const noexcept {
    if (this->operation_.result < 0) return failure(-this->operation_.result);
    return {};
  }
};

/// Every byte of a write, or the error that ended it. `written`, unless it is null, receives how
/// many there were, in either case.
class WholeWriteLeaf : public OperationLeaf<Transfer> {
 public:
  static constexpr CancelLoss loses = CancelLoss::work;

  WholeWriteLeaf(Descriptor* descriptor, OpCode code, std::span<const std::byte> from,
                 std::uint64_t offset, std::size_t* written,
                 IoPriority priority = IoPriority::normal) noexcept
      : OperationLeaf(descriptor, code, const_cast<std::byte*>(from.data()), from.size(), offset,
                      priority),
        written_(written) {
    operation_.flags = op_whole;
  }
  Result<void> finish() const noexcept {
    if (written_ != nullptr) *written_ = operation_.moved;
    if (operation_.result < 0) return failure(-operation_.result);
    return {};
  }

 private:
  std::size_t* written_;
};

/// Ends everything in flight on a descriptor and closes it. Not refused: a stop does not keep a
/// socket open; and not cancelled, since closing is what a cancelled task does. One that is never
/// awaited closes in the background.
class CloseLeaf {
 public:
  explicit CloseLeaf(DescriptorRef descriptor) noexcept
      : descriptor_(std::move(descriptor)), operation_(OpCode::close) {}
  bool start(Runnable& self) noexcept;
  Result<void> finish() noexcept;

 private:
  DescriptorRef descriptor_;  ///< until it is started
  Operation operation_;
  CancelNode node_;
};

}  // namespace rota::inline v0

#include "sim/transfer_slot.hpp"

#include <algorithm>

namespace rota::simulation {

Operation& TransferSlot::prepare_read(Descriptor& descriptor, const TransferPlan& plan) {
  lent_ = buffer_.lend(plan.bytes);
  reads_ = true;
  return plan.offset.has_value()
             ? prepare(descriptor, OpCode::read_at, OpCode::read_vector_at, plan)
             : prepare(descriptor, OpCode::read, OpCode::read_vector, plan);
}

Operation& TransferSlot::prepare_write(Descriptor& descriptor, const TransferPlan& plan,
                                       std::span<const std::byte> bytes) {
  lent_ = buffer_.lend(plan.bytes);
  std::ranges::copy(bytes, lent_.begin());
  written_.assign(bytes.begin(), bytes.end());
  reads_ = false;
  if (plan.durable) {
    return prepare(descriptor, OpCode::write_durably_at, OpCode::write_vector_at, plan);
  }
  return plan.offset.has_value()
             ? prepare(descriptor, OpCode::write_at, OpCode::write_vector_at, plan)
             : prepare(descriptor, OpCode::write, OpCode::write_vector, plan);
}

Operation& TransferSlot::prepare(Descriptor& descriptor, OpCode code, OpCode vector_code,
                                 const TransferPlan& plan) {
  asked_ = plan.bytes;
  const std::uint64_t offset = plan.offset.value_or(0);
  transfer_.reset();
  vector_.reset();
  if (!plan.vectored) {
    transfer_.emplace(code, lent_.data(), lent_.size(), offset);
    if (plan.whole || plan.durable) transfer_->flags = op_whole;
    transfer_->descriptor = &descriptor;
    return *transfer_;
  }
  std::span<std::byte> rest = lent_;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const std::size_t bytes = i + 1 == parts_.size() ? rest.size() : rest.size() / 2;
    parts_[i] = {rest.data(), bytes};
    rest = rest.subspan(bytes);
  }
  vector_.emplace(vector_code, parts_.data(), static_cast<std::uint32_t>(parts_.size()), offset);
  vector_->descriptor = &descriptor;
  return *vector_;
}

bool TransferSlot::owns(const Operation& operation) const noexcept {
  return (transfer_.has_value() && &*transfer_ == &operation) ||
         (vector_.has_value() && &*vector_ == &operation);
}

bool TransferSlot::take_back() {
  // A whole transfer that failed tells by `moved` how far it came.
  moved_ = transfer_.has_value() ? transfer_->moved
                                 : static_cast<std::size_t>(std::max(vector_->result, 0));
  if (moved_ > asked_) return false;
  const bool source_unchanged = reads_ || std::ranges::equal(lent_, written_);
  return buffer_.take_back(reads_ ? moved_ : asked_) && source_unchanged;
}

}  // namespace rota::simulation

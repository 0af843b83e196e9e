#pragma once

#include <rota/core/errand.hpp>
#include <rota/core/list.hpp>
#include <rota/core/operation.hpp>

#include <cstddef>

namespace rota::inline v0 {

/// What a worker closes for owners who have gone away without waiting. Each close under way needs
/// an Operation. They are few at a time, so that they stand here: in each Descriptor one would be
/// a third of it. Where there is no memory for another, the next ones wait in line: one is always
/// there. So nothing can fail.
class UnwaitedCloses {
 public:
  UnwaitedCloses() noexcept { spare_.push_back(last_); }
  UnwaitedCloses(const UnwaitedCloses&) = delete;
  UnwaitedCloses& operator=(const UnwaitedCloses&) = delete;
  /// With no close under way.
  ~UnwaitedCloses();

  /// The close of this one, which is to be started now. Null: another one's `end` will yield it.
  [[nodiscard]] Operation* begin(Descriptor& abandoned) noexcept;
  /// A close is complete. Yields the one that is to be started after it, or null.
  [[nodiscard]] Operation* end(Operation& complete) noexcept;

 private:
  static constexpr std::size_t kMostSpare = 32;

  [[nodiscard]] Operation* find_operation() noexcept;

  FifoList<Operation> spare_;
  std::size_t spares_ = 1;
  FifoList<Errand> waiting_;  // Descriptors
  Operation last_{OpCode::close};
};

}  // namespace rota::inline v0

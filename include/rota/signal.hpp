#pragma once

#include <rota/await.hpp>
#include <rota/core/cancel_loss.hpp>
#include <rota/core/descriptor_ref.hpp>
#include <rota/core/operation_leaf.hpp>
#include <rota/result.hpp>

#include <cstddef>
#include <initializer_list>

namespace rota::inline v0 {

/// The leaf of `SignalWatch::next`.
class SignalLeaf : public OperationLeaf<Transfer> {
 public:
  static constexpr CancelLoss loses = CancelLoss::nothing;
  explicit SignalLeaf(Descriptor* pipe) noexcept
      : OperationLeaf(pipe, OpCode::read, &number_, std::size_t{1}) {}
  Result<int> finish() const noexcept {
    if (operation_.result < 0) return failure(-operation_.result);
    return static_cast<int>(number_);
  }

 private:
  std::byte number_{};
};

/// Receives signals as values, in the order in which they came, while it lives.
///
/// A handler writes the number into a pipe; that works in any thread and beside other libraries,
/// and needs no signal mask. Signals of one number that come faster than they are read may be
/// merged once the pipe is full (64 KiB of them).
///
/// @threads one task
/// @loses nothing: the signal is there for the next call
/// @owns the old effect of a signal comes back with its last watch
/// @errors `open`: `invalid_argument` for a signal that cannot be caught,
/// `resource_unavailable_try_again` beyond 16 watches in the process
class SignalWatch {
 public:
  /// Only in a task.
  [[nodiscard]] static Result<SignalWatch> open(std::initializer_list<int> signals);

  SignalWatch(SignalWatch&& other) noexcept;
  SignalWatch& operator=(SignalWatch&&) = delete;
  ~SignalWatch();

  [[nodiscard]] Await<SignalLeaf> next() noexcept {
    return Await<SignalLeaf>(std::in_place, pipe_.get());
  }

 private:
  explicit SignalWatch(DescriptorRef pipe, int place) noexcept
      : pipe_(std::move(pipe)), place_(place) {}

  DescriptorRef pipe_;
  int place_;  ///< among the watches of the process; -1 once moved from
};

}  // namespace rota::inline v0

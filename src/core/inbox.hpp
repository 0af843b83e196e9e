#pragma once

#include <rota/core/cancel_node.hpp>
#include <rota/core/errand.hpp>
#include <rota/core/mpsc_stack.hpp>
#include <rota/core/operation.hpp>
#include <rota/core/task_header.hpp>

#include "core/park_word.hpp"

namespace rota::inline v0 {

/// Where what comes from another thread lands. Any thread posts, the owner drains.
///
/// It cannot grow without bound: each node is embedded in a task, an operation or a wait, and is
/// in the inbox at most once.
class alignas(128) Inbox {
 public:
  /// Each returns true when the owner sleeps and this caller must wake its driver.
  [[nodiscard]] bool post(Runnable& ready) noexcept {
    ready_.push(ready);
    return park_.claim_wake();
  }
  [[nodiscard]] bool post(StopNode& stop) noexcept {
    stops_.push(stop);
    return park_.claim_wake();
  }
  [[nodiscard]] bool post(Operation& forwarded) noexcept {
    operations_.push(forwarded);
    return park_.claim_wake();
  }
  [[nodiscard]] bool post(CancelNode& cancel) noexcept {
    cancels_.push(cancel);
    return park_.claim_wake();
  }
  [[nodiscard]] bool post(Errand& errand) noexcept {
    errands_.push(errand);
    return park_.claim_wake();
  }
  /// Something the owner looks at on its own changed (its loop should end).
  [[nodiscard]] bool knock() noexcept { return park_.claim_wake(); }

  // The owner's side.
  Runnable* take_ready() noexcept { return ready_.take_all(); }
  StopNode* take_stops() noexcept { return stops_.take_all(); }
  Operation* take_operations() noexcept { return operations_.take_all(); }
  CancelNode* take_cancels() noexcept { return cancels_.take_all(); }
  Errand* take_errands() noexcept { return errands_.take_all(); }

  [[nodiscard]] bool empty() const noexcept {
    return ready_.empty() && stops_.empty() && operations_.empty() && cancels_.empty() &&
           errands_.empty();
  }

  ParkWord& park_word() noexcept { return park_; }
  /// Any thread.
  [[nodiscard]] const ParkWord& park_word() const noexcept { return park_; }

 private:
  MpscStack<Runnable> ready_;
  MpscStack<StopNode> stops_;
  MpscStack<Operation> operations_;
  MpscStack<CancelNode> cancels_;
  MpscStack<Errand> errands_;
  ParkWord park_;
};

}  // namespace rota::inline v0

#pragma once

#include <rota/core/cancel_loss.hpp>
#include <rota/core/cancel_node.hpp>
#include <rota/core/leaf.hpp>
#include <rota/core/operation.hpp>
#include <rota/core/stream.hpp>

#include <cerrno>

namespace rota::inline v0 {

/// The Stream of a Descriptor, with what it holds: lives until the fd is closed and nobody is left
/// who waited on it.
struct StreamState;

/// The wait of a task for what the Stream of a Descriptor brings next; or, where the task does not
/// live on the worker of the Descriptor, for an operation of its own that takes the same.
class StreamWait : public Leaf {
 public:
  static constexpr CancelLoss loses = CancelLoss::nothing;

  void refuse() noexcept {}

 protected:
  explicit StreamWait(Descriptor* from) noexcept : from_(from) {}

  /// The Descriptor has a Stream and is settled here.
  bool wait_here(Runnable& self) noexcept;
  bool wait_away(Runnable& self, Operation& away) noexcept;
  /// Once, when the wait is over. `state` is held until then, and may be gone afterwards.
  void leave() noexcept;

  Descriptor* from_;
  StreamState* state_ = nullptr;  ///< null: of nobody, or an operation of its own
  Operation* away_ = nullptr;
  StreamResult came_{-ECANCELED};  ///< until there is one

 private:
  void stop() noexcept;

  CancelNode node_;
};

}  // namespace rota::inline v0

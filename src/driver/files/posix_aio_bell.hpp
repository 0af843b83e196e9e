#pragma once

#include <rota/core/atomic.hpp>

#include "driver/files/file_engine.hpp"

namespace rota::inline v0 {

/// What a signal handler, or a thread that the C library starts, rings to rouse an engine.
///
/// Rules
///   1. A bell is never freed, and stays in the list of all: a notification may come late, when the
///      engine has gone and another has its bell. That one is roused for nothing.
///   2. Who rings is counted in `ringing_` before it looks for the engine (both seq_cst, as the
///      engine's clearing and its look at the count): an engine that has gone silent and sees
///      nobody ringing is not touched any more.
///   3. `attach` comes before the request whose end shall ring, `detach` after it was reaped.
class PosixAioBell {
 public:
  /// One that no engine has. It is the caller's until `give_back`.
  static PosixAioBell& take();
  /// Returns when nobody rings it.
  void give_back() noexcept;

  void attach(const EngineNotify& engine) noexcept { engine_.store(&engine); }
  void detach() noexcept { engine_.store(nullptr); }

  /// Any thread, any signal handler.
  void ring() noexcept;
  static void ring_all() noexcept;

 private:
  PosixAioBell() = default;

  Atomic<const EngineNotify*> engine_{nullptr};
  Atomic<unsigned> ringing_{0};
  Atomic<bool> taken_{true};
  PosixAioBell* next_ = nullptr;  ///< written before the list has it
};

}  // namespace rota::inline v0

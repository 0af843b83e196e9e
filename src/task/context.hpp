#pragma once

#include "task/stack_pool.hpp"

#include <cstddef>

namespace rota::inline v0 {

/// Execution on a stack of its own, that carriers enter and that leaves them again.
///
/// Where `leave` goes back to belongs to the carrier that entered last, so it is stored anew at
/// each `enter`: a context may be entered by another thread each time. Neither call may stand in a
/// function that reads a thread_local before and after it: the compiler is free to keep that
/// variable's address, and the thread may be another one.
class Context {
 public:
  using Entry = void (*)(void* argument) noexcept;

  /// The first `enter` calls `entry` on the stack, which must end in `end`.
  Context(StackMemory stack, Entry entry, void* argument) noexcept;
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// On a carrier: goes on inside until it leaves. One carrier at a time.
  void enter() noexcept;
  /// Inside: goes back to the carrier; returns when one enters again.
  void leave() noexcept;
  /// Inside: goes back for the last time. The stack may then be given to somebody else.
  [[noreturn]] void end() noexcept;

 private:
  struct Start;

  const Entry entry_;
  void* const argument_;
  void* inside_;             // where the stack goes on; while it is left
  void* outside_ = nullptr;  // where the carrier goes on; while it is entered

  // What the sanitizers know of both sides; unused in other builds. A context may be left on the
  // stack of another, which was entered inside: that is where it is entered again.
  void* const sanitizer_own_;
  void* sanitizer_inside_;
  const void* inside_lowest_;
  std::size_t inside_bytes_;
  void* sanitizer_outside_ = nullptr;
  const void* outside_lowest_ = nullptr;
  std::size_t outside_bytes_ = 0;
};

}  // namespace rota::inline v0

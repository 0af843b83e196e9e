#pragma once

#include <cstdint>

namespace rota::inline v0 {

/// The exception state of one stack: what <cxxabi.h> keeps per thread and calls __cxa_eh_globals.
/// A thread has one, so each switch puts the stack's own in its place: who leaves a stack may be
/// inside a catch block, or in a destructor while it unwinds, and may end that on another thread.
struct ExceptionState {
  void* caught = nullptr;
  std::uintptr_t uncaught = 0;
};

/// Gives the calling thread this state, and returns the one that it had.
ExceptionState exchange_exceptions(const ExceptionState& next) noexcept;

}  // namespace rota::inline v0

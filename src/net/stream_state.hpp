#pragma once

#include <rota/core/atomic.hpp>
#include <rota/core/stream.hpp>

#include "core/discard.hpp"

#include <span>

namespace rota::inline v0 {

struct StreamState : Stream {
  StreamState(OpCode what, std::span<StreamResult> storage) noexcept : Stream(what, storage) {
    fd_closed = [](Stream& stream) noexcept { static_cast<StreamState&>(stream).release(); };
  }
  virtual ~StreamState() = default;

  void hold() noexcept { holders_.fetch_add(1, MemoryOrder::relaxed); }
  /// The last who leaves frees it, with what nobody took.
  void release() noexcept {
    // Release: what this holder did with the ring comes before it is freed. Acquire: the last one
    // sees that of all others.
    if (holders_.fetch_sub(1, MemoryOrder::acq_rel) != 1) return;
    while (!empty()) discard(code, pop());
    delete this;
  }

 private:
  /// The Descriptor, and the task that waits: the close that ends its wait may be complete before
  /// it runs, and on another worker.
  Atomic<int> holders_{1};
};

}  // namespace rota::inline v0

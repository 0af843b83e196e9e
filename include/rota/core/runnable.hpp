#pragma once

#include <rota/core/list.hpp>

namespace rota::inline v0 {

struct TaskHeader;

/// The head of whatever a worker can run: a base of a coroutine's promise or of a fiber.
/// In exactly one place at any time: running, in one queue, or parked on a leaf.
struct Runnable {
  Runnable* next = nullptr;
  void (*resume)(Runnable&) noexcept = nullptr;  ///< continue the frame, or switch to the stack
  TaskHeader* task = nullptr;                    ///< shared by all frames of one root task

  Runnable() = default;
  Runnable(const Runnable&) = delete;
  Runnable& operator=(const Runnable&) = delete;
};

using RunList = FifoList<Runnable>;

}  // namespace rota::inline v0

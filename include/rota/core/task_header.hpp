#pragma once

#include <rota/core/atomic.hpp>
#include <rota/core/home_word.hpp>
#include <rota/core/join_word.hpp>
#include <rota/core/leaf.hpp>
#include <rota/core/list.hpp>
#include <rota/core/stop_word.hpp>

#include <bit>
#include <cstdint>
#include <exception>
#include <new>
#include <source_location>
#include <utility>

namespace rota::inline v0 {

class Worker;
class ScopeCore;

/// A part of a task's execution that can be stopped on its own (a timeout, a StopSource, the body
/// of a scope), or that is shielded from stops. Regions nest and live in the frame that runs inside
/// them. `requested` is set by whoever stops the region, who then sends the StopNode: that message
/// orders it, so the flag itself is relaxed.
///
/// The chain changes inside the bracket, by `enter_region` and `leave_region`, so that the home may
/// follow it whenever the task is not running there. A task that was left behind with its thread
/// changes it under a lock of its home, which the home takes unless the task is parked.
struct StopRegion {
  enum class Kind : std::uint8_t {
    plain,
    shield,  ///< stops from outside are not seen inside
    scope,   ///< a ScopeCore, whose children are stopped by what stops its surroundings
  };

  StopRegion() = default;
  explicit StopRegion(Kind of) noexcept : kind(of) {}

  StopRegion* outer = nullptr;
  Atomic<bool> requested{false};
  const Kind kind = Kind::plain;
};

/// A node that carries a stop request to the home worker's inbox.
struct StopNode {
  StopNode* next = nullptr;
};

/// A node in the list of a scope's children.
struct SiblingNode {
  SiblingNode* next = nullptr;
  SiblingNode* prev = nullptr;
};

/// Where a task was spawned, and under what name. Eight bytes: the name, which few tasks have,
/// stands in memory of its own.
class SpawnLabel {
 public:
  struct Named {
    std::source_location site;
    const char* name;
  };

  SpawnLabel() = default;
  explicit SpawnLabel(std::source_location site) noexcept
      : word_(std::bit_cast<std::uintptr_t>(site)) {}
  explicit SpawnLabel(const Named& named) noexcept
      : word_(reinterpret_cast<std::uintptr_t>(&named) | kNamed) {}

  [[nodiscard]] const Named* named() const noexcept {
    if ((word_ & kNamed) == 0) return nullptr;
    return reinterpret_cast<const Named*>(word_ & ~kNamed);
  }
  [[nodiscard]] std::source_location site() const noexcept {
    if (const Named* with_name = named()) return with_name->site;
    return std::bit_cast<std::source_location>(word_);
  }
  [[nodiscard]] const char* name() const noexcept {
    const Named* with_name = named();
    return with_name != nullptr ? with_name->name : "";
  }

 private:
  // Both words point at structs with pointers in them, so the lowest bit is free.
  static constexpr std::uintptr_t kNamed = 1;
  static_assert(sizeof(std::source_location) == sizeof(std::uintptr_t));

  std::uintptr_t word_ = 0;
};

/// One per root task, shared by its nested frames. Who writes what:
///
/// - fixed at spawn: `label`, and `scope`, which is null once somebody has the ended task's error;
/// - the home worker, or the task while it runs there: `leaf`, `region`, `parked`, `runs`;
/// - the task, wherever it runs: `error`. Whether there is one is a bit of `stop`;
/// - the scope, under its lock: the SiblingNode, which is also the registry's link;
/// - `home`, `stop` and `join` are words with protocols of their own.
///
/// It stands beside each parked task's frame, which is why an error on its way up shares its
/// place with the leaf: a task that carries one is not parked.
struct TaskHeader : StopNode, SiblingNode {
  static constexpr std::uint32_t runs_mask = 0x7fffffff;  ///< where `runs` wraps

  HomeWord home;
  ScopeCore* scope = nullptr;
  JoinWord join;
  union {
    Leaf* leaf = nullptr;      ///< what the task is parked on, while `parked`
    std::exception_ptr error;  ///< what left its last frame, while `failed()`
  };
  StopRegion* region = nullptr;  ///< innermost; null outside any
  StopWord stop;
  std::uint32_t runs : 31 = 0;  ///< how often the task was given the worker
  std::uint32_t parked : 1 = 0;
  SpawnLabel label;

  TaskHeader() noexcept {}
  TaskHeader(const TaskHeader&) = delete;
  TaskHeader& operator=(const TaskHeader&) = delete;
  ~TaskHeader() {
    if (failed()) error.~exception_ptr();
  }

  /// Whether an exception is on its way up, or ended the task.
  [[nodiscard]] bool failed() const noexcept { return stop.has_failed(); }
  /// An exception leaves a frame.
  void fail(std::exception_ptr thrown) noexcept {
    ::new (&error) std::exception_ptr(std::move(thrown));
    stop.set_failed();
  }
  /// Whoever awaits that frame takes it.
  [[nodiscard]] std::exception_ptr take_error() noexcept {
    std::exception_ptr taken = std::move(error);
    error.~exception_ptr();
    stop.clear_failed();
    leaf = nullptr;
    return taken;
  }
};
static_assert(!atomics_are_bare || sizeof(TaskHeader) <= 80);

/// The error of a task that ended, for whoever joins it: it is not lost then.
[[nodiscard]] inline std::exception_ptr hand_out_error(TaskHeader& task) noexcept {
  task.scope = nullptr;
  return task.error;
}

/// Whether the innermost code of the task must stop. Home worker or the running task only.
[[nodiscard]] inline bool stop_due(const TaskHeader& task) noexcept {
  for (const StopRegion* region = task.region; region != nullptr; region = region->outer) {
    if (region->requested.load(MemoryOrder::relaxed)) return true;
    if (region->kind == StopRegion::Kind::shield) return false;
  }
  return task.stop.is_requested();
}

}  // namespace rota::inline v0

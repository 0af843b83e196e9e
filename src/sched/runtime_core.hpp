#pragma once

#include <rota/core/scope_core.hpp>

#include "core/descriptor_table.hpp"
#include "sched/scheduler.hpp"

#include <cstdint>

namespace rota::inline v0 {

/// What the workers of one runtime share. Fixed before the first worker runs.
class RuntimeCore {
 public:
  RuntimeCore() noexcept : root_(*this, ScopeCore::OnFailure::keep_siblings) {}
  RuntimeCore(const RuntimeCore&) = delete;
  RuntimeCore& operator=(const RuntimeCore&) = delete;

  void use(Scheduler& scheduler) noexcept { scheduler_ = &scheduler; }

  [[nodiscard]] Scheduler& scheduler() noexcept { return *scheduler_; }
  [[nodiscard]] DescriptorTable& descriptors() noexcept { return descriptors_; }
  /// The scope of tasks that belong to no other: spawned on the runtime itself.
  [[nodiscard]] ScopeCore& root() noexcept { return root_; }

 private:
  Scheduler* scheduler_ = nullptr;
  DescriptorTable descriptors_;
  ScopeCore root_;
};

}  // namespace rota::inline v0

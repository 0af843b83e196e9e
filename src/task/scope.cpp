#include <rota/scope.hpp>

#include "sched/worker.hpp"

namespace rota::inline v0 {

bool ScopeWaitLeaf::start(Runnable& self) noexcept {
  waiter = &self;
  // A stop reaches the children through the region that the scope is.
  cancel = [](Leaf&) noexcept {};
  park(*this);
  if (scope_.wait(self)) return true;
  self.task->parked = 0;
  return false;
}

}  // namespace rota::inline v0

#include "sched/runtime_core.hpp"

#include "sched/worker.hpp"

namespace rota::inline v0 {

void RuntimeCore::stop_all() noexcept {
  common_root_.stop_all();
  for (Worker* worker : workers_) worker->stop_root();
}

void RuntimeCore::refuse() noexcept {
  common_root_.refuse();
  for (Worker* worker : workers_) worker->root().refuse();
}

std::size_t RuntimeCore::tasks_live() noexcept {
  std::size_t live = common_root_.live();
  for (Worker* worker : workers_) live += worker->root().live();
  return live;
}

}  // namespace rota::inline v0

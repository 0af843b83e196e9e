#include "sim/defective_driver.hpp"

#include <utility>
#include <vector>

namespace rota::simulation {
namespace {

OpList reversed(OpList list) {
  std::vector<Operation*> operations;
  while (Operation* operation = list.pop_front()) operations.push_back(operation);
  OpList result;
  for (; !operations.empty(); operations.pop_back()) result.push_back(*operations.back());
  return result;
}

}  // namespace

void DefectiveDriver::turn(OpList todo, Deadline until, OpList& done) {
  if (defect_ == Defect::driver_reverses_lanes) todo = reversed(std::move(todo));
  if (defect_ == Defect::driver_returns_early && random_.chance(100)) until = Deadline::now();
  if (write_late_ != nullptr) *std::exchange(write_late_, nullptr) ^= std::byte{1};
  sound_.turn(std::move(todo), until, done);
  harm_completions(done);
}

void DefectiveDriver::harm_completions(OpList& done) {
  if (come_back_again_ != nullptr) {
    Operation& again = *std::exchange(come_back_again_, nullptr);
    if (again.state == OpState::idle && again.next == nullptr && done.front() == nullptr) {
      done.push_back(again);
      return;
    }
  }
  Operation* first = done.front();
  if (first == nullptr || (first->flags & op_stream) != 0 || !random_.chance(50)) return;
  if (defect_ == Defect::driver_loses_completion) done.pop_front();
  if (defect_ == Defect::driver_completes_twice) come_back_again_ = first;
  if (defect_ == Defect::driver_writes_late && first->code == OpCode::read) {
    write_late_ = static_cast<Transfer*>(first)->data;
  }
}

void DefectiveDriver::cancel(Operation& operation) {
  if (defect_ != Defect::driver_drops_cancel) sound_.cancel(operation);
}

Instant DefectiveDriver::now() const noexcept {
  return defect_ == Defect::driver_stops_its_clock ? stopped_clock_ : sound_.now();
}

}  // namespace rota::simulation

#include "sched/unwaited_closes.hpp"

#include "core/descriptor.hpp"

#include <new>

namespace rota::inline v0 {
namespace {

Operation& closing(Operation& memory, Descriptor& abandoned) noexcept {
  Operation& close = *new (&memory) Operation(OpCode::close);
  close.descriptor = &abandoned;
  if (abandoned.borrowed) close.flags = op_keep_fd;
  return close;
}

}  // namespace

UnwaitedCloses::~UnwaitedCloses() {
  while (Operation* spare = spare_.pop_front()) {
    if (spare != &last_) delete spare;
  }
}

Operation* UnwaitedCloses::begin(Descriptor& abandoned) noexcept {
  abandoned.next = nullptr;
  if (Operation* memory = find_operation()) return &closing(*memory, abandoned);
  waiting_.push_back(abandoned);
  return nullptr;
}

Operation* UnwaitedCloses::end(Operation& complete) noexcept {
  if (Errand* next = waiting_.pop_front()) {
    return &closing(complete, static_cast<Descriptor&>(*next));
  }
  if (spares_ < kMostSpare || &complete == &last_) {
    spare_.push_back(complete);
    spares_ += 1;
  } else {
    delete &complete;
  }
  return nullptr;
}

Operation* UnwaitedCloses::find_operation() noexcept {
  if (Operation* spare = spare_.pop_front()) {
    spares_ -= 1;
    return spare;
  }
  return new (std::nothrow) Operation(OpCode::close);
}

}  // namespace rota::inline v0

#include "sched/worker.hpp"

#include <rota/core/descriptor_ref.hpp>
#include <rota/core/stream.hpp>
#include <rota/core/worker_calls.hpp>

#include "driver/message.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>

namespace rota::inline v0 {

namespace {

/// The kernel's offsets are signed, and -1 is its word for "at the current position".
constexpr std::uint64_t kMostOffset = std::numeric_limits<std::int64_t>::max();

/// 0 where there is none.
std::uint64_t offset_of(const Operation& operation) noexcept {
  switch (operation.code) {
    case OpCode::read_at:
    case OpCode::write_at:
    case OpCode::write_durably_at: return static_cast<const Transfer&>(operation).offset;
    case OpCode::read_vector_at:
    case OpCode::write_vector_at: return static_cast<const VectorTransfer&>(operation).offset;
    case OpCode::allocate:
    case OpCode::advise:
    case OpCode::lock: return static_cast<const FileRange&>(operation).offset;
    case OpCode::copy_range: {
      const auto& copy = static_cast<const CopyRange&>(operation);
      return std::max(copy.offset, copy.target_offset);
    }
    default: return 0;
  }
}

bool complete_with(Operation& operation, int error) noexcept {
  operation.result = -error;
  return false;
}

/// The operation is another worker's: it belongs to the home of its Descriptor.
[[gnu::noinline]] bool forward(Operation& operation, CancelNode& node) noexcept {
  node.operation = &operation;
  operation.forwarded = &node;
  park(operation);
  operation.descriptor->home->post(operation);
  return true;
}

/// A system call that touches no more of the Descriptor than its number.
bool try_as_visitor(Operation& operation) noexcept {
  if (!is_plain_message(operation)) return false;
  auto& transfer = static_cast<Transfer&>(operation);
  const Attempt outcome = transfer.code == OpCode::read ? attempt_message<OpCode::read>(transfer)
                                                        : attempt_message<OpCode::write>(transfer);
  return outcome == Attempt::complete;
}

}  // namespace

/// A plain message of a Descriptor that lives here.
template <OpCode code>
[[gnu::always_inline]] inline bool Worker::submit_message(Transfer& transfer) noexcept {
  Descriptor& descriptor = *transfer.descriptor;
  if (tries_first_ && try_message<code>(descriptor, transfer)) {
    counters_.immediate += 1;
    return false;
  }
  park(transfer);
  // Nothing that was posted before may be overtaken.
  if (watches_edges_ && todo_.empty() && waits_for_edge(descriptor, code)) {
    in_flight_ += 1;
    stand_in_lane(transfer, code);
  } else {
    start(transfer);
  }
  return true;
}

/// A Receive gets its buffer where its Descriptor lives.
void Worker::lend_to(Operation& operation) noexcept {
  if ((operation.flags & op_lends) == 0) return;
  static_cast<Receive&>(operation).lender = driver_.lender();
}

bool Worker::worth_trying(const Operation& operation) const noexcept {
  if (tries_first_) return true;
  return reads_at_offset(operation.code) && tries_lone_reads_ && todo_.empty() && queue_.empty();
}

/// Whatever else lives here, or has no Descriptor yet.
bool Worker::submit_here(Operation& operation) noexcept {
  lend_to(operation);
  if (operation.descriptor != nullptr && worth_trying(operation) &&
      try_other(operation, driver_.counters())) {
    counters_.immediate += 1;
    return false;
  }
  park(operation);
  start(operation);
  return true;
}

bool Worker::submit_checked(Operation& operation, CancelNode& node) noexcept {
  const Descriptor* descriptor = operation.descriptor;
  if (descriptor == nullptr) {
    // What was closed, or moved from, has no Descriptor any more.
    if ((operation.flags & op_by_path) == 0) return complete_with(operation, EBADF);
    return submit_here(operation);
  }
  if (offset_of(operation) > kMostOffset) return complete_with(operation, EINVAL);
  if (operation.code == OpCode::close) return submit_close(operation, node);
  if (moves_tasks_) return submit_moving(operation, node);
  if (descriptor->home != this) return send_home(operation, node);
  return submit_here(operation);
}

/// Where tasks never move: the Descriptor is another worker's. It stays there while the operation
/// is inside.
bool Worker::send_home(Operation& operation, CancelNode& node) noexcept {
  DescriptorHome& home = operation.descriptor->home;
  const auto entered = home.enter(this, DescriptorHome::Move::forbidden);
  if (entered.entry == DescriptorHome::Entry::closed) return complete_with(operation, ECANCELED);
  if (entered.entry == DescriptorHome::Entry::away) {
    cross(Crossing::visit);
    return forward(operation, node);
  }
  home.leave();  // It has just come here.
  return submit_inside(operation);
}

/// Where tasks move, so do Descriptors (descriptor_home.hpp).
bool Worker::submit_moving(Operation& operation, CancelNode& node) noexcept {
  Descriptor& descriptor = *operation.descriptor;
  const auto [entry, from] = descriptor.home.enter(this, runtime_.descriptors_move());
  switch (entry) {
    case DescriptorHome::Entry::closed: return complete_with(operation, ECANCELED);
    case DescriptorHome::Entry::away: return visit(operation, node);
    case DescriptorHome::Entry::moved: take_in(descriptor, *from); break;
    case DescriptorHome::Entry::here: break;
  }
  descriptor.users += 1;
  return submit_inside(operation);
}

/// The Descriptor lives here and the operation is counted.
bool Worker::submit_inside(Operation& operation) noexcept {
  bool parked = false;
  if (is_plain_message(operation)) {
    auto& transfer = static_cast<Transfer&>(operation);
    parked = transfer.code == OpCode::read ? submit_message<OpCode::read>(transfer)
                                           : submit_message<OpCode::write>(transfer);
  } else {
    parked = submit_here(operation);
  }
  if (!parked) leave(operation);
  return parked;
}

/// The Descriptor is another worker's, where somebody else is at work on it.
bool Worker::visit(Operation& operation, CancelNode& node) noexcept {
  Descriptor& descriptor = *operation.descriptor;
  cross(Crossing::visit);
  if (try_as_visitor(operation)) {
    descriptor.home.leave();
    counters_.immediate += 1;
    return false;
  }
  cross(Crossing::stay);
  const auto [entry, from] = descriptor.home.stay(this, runtime_.descriptors_move());
  if (entry != DescriptorHome::Entry::moved) return forward(operation, node);
  take_in(descriptor, *from);
  descriptor.users += 1;
  return submit_inside(operation);
}

bool Worker::submit_close(Operation& operation, CancelNode& node) noexcept {
  if (operation.descriptor->home.begin_close() != this) return forward(operation, node);
  park(operation);
  start_close(operation);
  return true;
}

/// The Descriptor has become this worker's. What the old driver knew of it is void.
void Worker::take_in(Descriptor& descriptor, Worker& from) noexcept {
  from.driver_.let_go(descriptor);
  descriptor.driver_bits = 0;
  descriptor.users = 0;
  if (descriptor.kind != FdKind::file) descriptor.ready_hint = interest_all;
}

bool Worker::settle(Descriptor& descriptor) noexcept {
  if (!moves_tasks_) return descriptor.home == this;
  Atomic<Worker*>& settled_at = descriptor.ahead->settled_at;
  if (settled_at.load(MemoryOrder::relaxed) == this) return true;
  const auto [entry, from] = descriptor.home.enter(this, runtime_.descriptors_move());
  if (entry == DescriptorHome::Entry::closed) return false;
  if (entry == DescriptorHome::Entry::away) {
    descriptor.home.leave();
    return false;
  }
  if (entry == DescriptorHome::Entry::moved) take_in(descriptor, *from);
  descriptor.users += 1;
  settled_at.store(this, MemoryOrder::relaxed);
  return true;
}

[[gnu::always_inline]] inline bool Worker::submit(Operation& operation, CancelNode& node) noexcept {
  const Descriptor* descriptor = operation.descriptor;
  const bool message = descriptor != nullptr && is_plain_message(operation) &&
                       descriptor->home == this && !moves_tasks_;
  if (!message) return submit_checked(operation, node);
  auto& transfer = static_cast<Transfer&>(operation);
  return transfer.code == OpCode::read ? submit_message<OpCode::read>(transfer)
                                       : submit_message<OpCode::write>(transfer);
}

bool submit(Operation& operation, CancelNode& node) noexcept {
  return operation.waiter->task->home->submit(operation, node);
}

/// The way that most operations go: in one piece, from the bracket to the system call.
bool start_operation(Operation& operation, CancelNode& node, Runnable& waiter,
                     void (*start_at_home)(Runnable&) noexcept) noexcept {
  Seat* seat = begin_leaf(this_seat());
  if (seat == nullptr) [[unlikely]] {
    rejoin(waiter, &operation, start_at_home);
    return true;
  }
  bool parked = false;
  if (stop_due(*waiter.task)) [[unlikely]] {
    operation.result = -ECANCELED;
  } else {
    operation.waiter = &waiter;
    operation.cancel = cancel_operation;
    parked = waiter.task->home->submit(operation, node);
  }
  parked = parked || spend_unit(*seat, waiter);
  end_leaf(*seat);
  return parked;
}

void Worker::submit_unwaited(Operation& operation) noexcept { start(operation); }

void Worker::close_unwaited(Descriptor& descriptor, Worker* here) noexcept {
  Worker& home = *descriptor.home.begin_close();
  if (&home == here) return home.begin_unwaited(descriptor);
  descriptor.run = [](Errand& abandoned, Worker& there) noexcept {
    there.begin_unwaited(static_cast<Descriptor&>(abandoned));
  };
  home.post(descriptor);
}

void Worker::begin_unwaited(Descriptor& descriptor) noexcept {
  if (Operation* close = unwaited_.begin(descriptor)) start_close(*close);
}

void Worker::start(Operation& operation) noexcept {
  operation.state = OpState::posted;
  if ((operation.flags & op_stream) != 0) {
    streams_ += 1;
  } else {
    in_flight_ += 1;
  }
  todo_.push_back(operation);
}

/// From another worker, or from a thread that carries none.
void Worker::start_arrived(Operation& operation) noexcept {
  if (operation.code == OpCode::close) return start_close(operation);
  operation.descriptor->users += 1;
  lend_to(operation);
  start(operation);
}

/// Once every visitor has left, or its operation has arrived: that is soon, and the worker does not
/// sleep before.
void Worker::start_close(Operation& operation) noexcept {
  const Descriptor& descriptor = *operation.descriptor;
  if (descriptor.home.inside() != descriptor.users) {
    closes_.push_back(operation);
  } else {
    start(operation);
  }
}

void Worker::retry_closes() noexcept {
  OpList closes = std::move(closes_);
  while (Operation* operation = closes.pop_front()) start_close(*operation);
  if (!closes_.empty()) yield_thread();  // To whoever is inside.
}

void Worker::cancel(Operation& operation) noexcept {
  if (operation.state != OpState::posted) {
    driver_.cancel(operation);
    return;
  }
  todo_.remove(operation);
  operation.state = OpState::idle;
  conclude(operation, -ECANCELED);
  complete(operation);
}

/// The operation is done with its Descriptor.
inline void Worker::leave(Operation& operation) noexcept {
  if (!moves_tasks_ && operation.forwarded == nullptr) [[likely]]
    return;
  Descriptor* descriptor = operation.descriptor;
  if (descriptor == nullptr || operation.code == OpCode::close) return;
  descriptor->users -= 1;
  descriptor->home.leave();
}

void Worker::complete(Operation& operation) noexcept {
  counters_.completions += 1;
  if ((operation.flags & op_stream) != 0) return deliver(static_cast<Stream&>(operation));
  in_flight_ -= 1;
  // A node that cancels is still under way: its return resumes (cancel_word.hpp).
  if (operation.forwarded != nullptr && !operation.forwarded->word.complete()) return;
  end(operation);
}

/// Nobody but the waiter knows the operation any more.
void Worker::end(Operation& operation) noexcept {
  leave(operation);
  if (Runnable* waiter = operation.waiter; waiter != nullptr) {
    wake(*waiter);
    return;
  }
  release_closed(*operation.descriptor);
  if (Operation* following = unwaited_.end(operation)) start_close(*following);
}

/// What the ring had may be gone: an accept that is no stream took it (Driver, rule 4). Who came
/// to wait while it was cancelled for a move has it started again.
void Worker::deliver(Stream& stream) noexcept {
  if (stream.waiter == nullptr) return;
  if (!stream.descriptor->home.is_closing()) stream.forget_cancel(-ECANCELED);
  if (!stream.empty()) {
    *stream.wanted = stream.pop();
    wake(*std::exchange(stream.waiter, nullptr));
  } else if (!stream.armed) {
    start(stream);
  }
}

}  // namespace rota::inline v0

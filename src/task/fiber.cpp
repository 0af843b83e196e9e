#include "task/fiber.hpp"

#include <rota/core/check_usage.hpp>
#include <rota/core/spin_lock.hpp>
#include <rota/core/worker_calls.hpp>

#include "base/fatal.hpp"
#include "sched/worker.hpp"

#include <cassert>
#include <new>

namespace rota::inline v0 {

namespace {

// The object is placed so that what is below it is a stack as the platform's ABI wants it.
constexpr std::size_t kStackAlignment = 16;
constexpr std::size_t kFiberBytes = (sizeof(Fiber) + kStackAlignment - 1) & ~(kStackAlignment - 1);

}  // namespace

Fiber::Fiber(StackMemory stack, StackMemory below) noexcept
    : stack_(stack), context_(below, run, this) {
  resume = resume_fiber;
}

Fiber& Fiber::make(std::size_t stack_bytes) {
  const StackMemory stack = StackPool::process().acquire(stack_bytes);
  unpoison_memory(stack.lowest, stack.bytes);
  StackMemory below = stack;
  below.bytes -= kFiberBytes;
  return *new (below.lowest + below.bytes) Fiber(stack, below);
}

void Fiber::free(Fiber& fiber) noexcept {
  assert(fiber.departure_ == Departure::none || fiber.departure_ == Departure::ended);
  const StackMemory stack = fiber.stack_;
  fiber.~Fiber();
  StackPool::process().release(stack);
}

void Fiber::run(void* self) noexcept {
  auto& fiber = *static_cast<Fiber*>(self);
  fiber.body_->run(*fiber.body_);
  fiber.departure_ = Departure::ended;
  fiber.context_.end();
}

std::coroutine_handle<> Fiber::go_on() noexcept {
  Seat& seat = current_seat();
  assert(seat.fiber == nullptr && "a fiber is entered from a carrier's own stack");
  seat.fiber = this;
  // Acquire pairs with the store below: all that was saved when the stack was left.
  for (SpinWait wait; !left_.load(MemoryOrder::acquire);) wait.once();
  left_.store(false, MemoryOrder::relaxed);
  const ExceptionState carriers = exchange_exceptions(exceptions_);
  context_.enter();
  exceptions_ = exchange_exceptions(carriers);
  seat.fiber = nullptr;
  const Departure departure = departure_;
  // From here on another carrier may be on the stack, if the fiber is parked.
  left_.store(true, MemoryOrder::release);
  switch (departure) {
    case Departure::none: break;
    case Departure::parked: end_leaf(seat); return std::noop_coroutine();
    case Departure::rejoin: rejoin(*this, leaf_, start_); return std::noop_coroutine();
    case Departure::frame: return frame_;
    case Departure::ended: return root_;
  }
  fatal("a fiber was left in no known way");
}

void Fiber::leave_parked() noexcept {
  departure_ = Departure::parked;
  context_.leave();
}

void Fiber::leave_to_rejoin(void* leaf, void (*start)(Runnable&) noexcept) noexcept {
  departure_ = Departure::rejoin;
  leaf_ = leaf;
  start_ = start;
  context_.leave();
}

void Fiber::leave_for(std::coroutine_handle<> frame) noexcept {
  departure_ = Departure::frame;
  frame_ = frame;
  context_.leave();
}

FiberRef::FiberRef(std::size_t stack_bytes) : fiber_(&Fiber::make(stack_bytes)) {}

FiberRef::~FiberRef() {
  if (fiber_ != nullptr) Fiber::free(*fiber_);
}

void begin_fiber(Fiber& fiber, FiberBody& body) noexcept { fiber.begin(body); }

std::coroutine_handle<> enter_fiber(Fiber& fiber, FramePromise& root) noexcept {
  fiber.enter_for(root);
  return fiber.go_on();
}

bool fiber_ended(const Fiber& fiber) noexcept { return fiber.ended(); }

Runnable& running_fiber() noexcept {
  Fiber* fiber = current_seat().fiber;
  check_usage(fiber != nullptr,
              "rota::await was called outside a fiber; in a coroutine write co_await");
  return *fiber;
}

void resume_fiber(Runnable& fiber) noexcept { static_cast<Fiber&>(fiber).go_on().resume(); }

void leave_parked(Runnable& fiber) noexcept { static_cast<Fiber&>(fiber).leave_parked(); }

void leave_to_rejoin(Runnable& fiber, void* leaf, void (*start)(Runnable&) noexcept) noexcept {
  static_cast<Fiber&>(fiber).leave_to_rejoin(leaf, start);
}

void leave_for(Runnable& fiber, std::coroutine_handle<> frame) noexcept {
  static_cast<Fiber&>(fiber).leave_for(frame);
}

std::coroutine_handle<FramePromise> root_of(Runnable& fiber) noexcept {
  return static_cast<Fiber&>(fiber).root();
}

}  // namespace rota::inline v0

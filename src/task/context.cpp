#include "task/context.hpp"

#include <rota/core/platform.hpp>

#include "base/fatal.hpp"

#include <boost/context/detail/fcontext.hpp>

namespace rota::inline v0 {

namespace fcontext = boost::context::detail;

// The thread sanitizer keeps a call stack per fiber: a function that it instruments must return on
// the fiber on which it was entered. Those that switch are not instrumented at all.

/// What is called first on a new stack.
struct Context::Start {
  __attribute__((noinline, no_sanitize("thread"))) static void run(fcontext::transfer_t from) {
    auto& self = *static_cast<Context*>(from.data);
    self.outside_ = from.fctx;
    if constexpr (address_sanitizer) {
      __sanitizer_finish_switch_fiber(nullptr, &self.outside_lowest_, &self.outside_bytes_);
    }
    self.entry_(self.argument_);
    fatal("the entry of a context returned instead of ending it");
  }
};

Context::Context(StackMemory stack, Entry entry, void* argument) noexcept
    : entry_(entry),
      argument_(argument),
      inside_(fcontext::make_fcontext(stack.lowest + stack.bytes, stack.bytes, Start::run)),
      sanitizer_own_(create_sanitizer_fiber()),
      sanitizer_inside_(sanitizer_own_),
      inside_lowest_(stack.lowest),
      inside_bytes_(stack.bytes) {}

Context::~Context() { destroy_sanitizer_fiber(sanitizer_own_); }

__attribute__((noinline, no_sanitize("thread"))) void Context::enter() noexcept {
  void* fake_stack = nullptr;
  if constexpr (address_sanitizer) {
    __sanitizer_start_switch_fiber(&fake_stack, inside_lowest_, inside_bytes_);
  }
  sanitizer_outside_ = current_sanitizer_fiber();
  if constexpr (thread_sanitizer) __tsan_switch_to_fiber(sanitizer_inside_, 0);
  inside_ = fcontext::jump_fcontext(inside_, this).fctx;
  if constexpr (address_sanitizer) {
    __sanitizer_finish_switch_fiber(fake_stack, &inside_lowest_, &inside_bytes_);
  }
}

__attribute__((noinline, no_sanitize("thread"))) void Context::leave() noexcept {
  void* fake_stack = nullptr;
  if constexpr (address_sanitizer) {
    __sanitizer_start_switch_fiber(&fake_stack, outside_lowest_, outside_bytes_);
  }
  sanitizer_inside_ = current_sanitizer_fiber();
  if constexpr (thread_sanitizer) __tsan_switch_to_fiber(sanitizer_outside_, 0);
  outside_ = fcontext::jump_fcontext(outside_, nullptr).fctx;
  if constexpr (address_sanitizer) {
    __sanitizer_finish_switch_fiber(fake_stack, &outside_lowest_, &outside_bytes_);
  }
}

__attribute__((noinline, no_sanitize("thread"))) void Context::end() noexcept {
  // No place to keep the fake stack: it is freed.
  if constexpr (address_sanitizer) {
    __sanitizer_start_switch_fiber(nullptr, outside_lowest_, outside_bytes_);
  }
  if constexpr (thread_sanitizer) __tsan_switch_to_fiber(sanitizer_outside_, 0);
  fcontext::jump_fcontext(outside_, nullptr);
  fatal("a context that had ended was entered");
}

}  // namespace rota::inline v0

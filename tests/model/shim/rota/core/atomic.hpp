#pragma once

// The atomic shim of model tests: the names of include/rota/core/atomic.hpp, with each operation a
// scheduling point of the explorer and each order followed by vector clocks. Values are
// sequentially consistent whatever the order says; a missing order shows as a race on model::Plain.
// Outside of an execution everything is plain and single-threaded.

#include <rota/core/memory_order.hpp>

#include "model/engine.hpp"

#include <bit>
#include <concepts>
#include <cstdint>
#include <string>
#include <type_traits>

namespace rota::inline v0 {

template <class T>
class Atomic {
  using Kind = model::Step::Kind;

 public:
  Atomic() noexcept : Atomic(T{}) {}
  explicit(false) Atomic(T value) noexcept : value_(value) {
    if (model::Engine* engine = model::Engine::current()) {
      number_ = engine->number_object();
    }
  }
  Atomic(const Atomic&) = delete;
  Atomic& operator=(const Atomic&) = delete;

  T load(MemoryOrder order = MemoryOrder::seq_cst) const noexcept {
    point(Kind::load, false);
    acquire(order);
    trace(Kind::load, value_, "");
    return value_;
  }

  void store(T value, MemoryOrder order = MemoryOrder::seq_cst) noexcept {
    point(Kind::store, true);
    published_ = {};  // A plain store ends the release sequence that it overwrites.
    release(order);
    set(value);
    trace(Kind::store, value, "");
  }

  T exchange(T value, MemoryOrder order = MemoryOrder::seq_cst) noexcept {
    return modify(Kind::exchange, order, [value](T) { return value; });
  }

  T fetch_add(std::type_identity_t<T> by, MemoryOrder order = MemoryOrder::seq_cst) noexcept
    requires std::integral<T>
  {
    return modify(Kind::add, order, [by](T before) { return static_cast<T>(before + by); });
  }

  T fetch_sub(std::type_identity_t<T> by, MemoryOrder order = MemoryOrder::seq_cst) noexcept
    requires std::integral<T>
  {
    return modify(Kind::add, order, [by](T before) { return static_cast<T>(before - by); });
  }

  T fetch_or(std::type_identity_t<T> bits, MemoryOrder order = MemoryOrder::seq_cst) noexcept
    requires std::integral<T>
  {
    return modify(Kind::bits, order, [bits](T before) { return static_cast<T>(before | bits); });
  }

  T fetch_and(std::type_identity_t<T> bits, MemoryOrder order = MemoryOrder::seq_cst) noexcept
    requires std::integral<T>
  {
    return modify(Kind::bits, order, [bits](T before) { return static_cast<T>(before & bits); });
  }

  bool compare_exchange_strong(T& expected, T desired, MemoryOrder success,
                               MemoryOrder failure) noexcept {
    point(Kind::compare_exchange, true);
    if (value_ != expected) {
      acquire(failure);
      trace(Kind::compare_exchange, value_, "failed, found ");
      expected = value_;
      return false;
    }
    acquire(success);
    release(success);
    set(desired);
    trace(Kind::compare_exchange, desired, "to ");
    return true;
  }

  bool compare_exchange_strong(T& expected, T desired,
                               MemoryOrder order = MemoryOrder::seq_cst) noexcept {
    return compare_exchange_strong(expected, desired, order, failure_order(order));
  }

  // It never fails without a reason here: a spurious failure is a round of a loop that has another
  // thread's success as its other cause.
  bool compare_exchange_weak(T& expected, T desired, MemoryOrder success,
                             MemoryOrder failure) noexcept {
    return compare_exchange_strong(expected, desired, success, failure);
  }

  bool compare_exchange_weak(T& expected, T desired,
                             MemoryOrder order = MemoryOrder::seq_cst) noexcept {
    return compare_exchange_strong(expected, desired, order);
  }

 private:
  static constexpr bool acquires(MemoryOrder order) {
    return order != MemoryOrder::relaxed && order != MemoryOrder::release;
  }

  static constexpr bool releases(MemoryOrder order) {
    return order == MemoryOrder::release || order == MemoryOrder::acq_rel ||
           order == MemoryOrder::seq_cst;
  }

  static constexpr MemoryOrder failure_order(MemoryOrder order) {
    if (order == MemoryOrder::acq_rel) {
      return MemoryOrder::acquire;
    }
    return order == MemoryOrder::release ? MemoryOrder::relaxed : order;
  }

  static model::Engine* engine_at_work() {
    model::Engine* engine = model::Engine::current();
    return engine == nullptr || engine->evaluating() ? nullptr : engine;
  }

  void point(Kind kind, bool writes) const {
    if (model::Engine* engine = engine_at_work()) {
      engine->point({.kind = kind, .writes = writes, .object = number_});
    }
  }

  template <class Change>
  T modify(Kind kind, MemoryOrder order, Change change) noexcept {
    point(kind, true);
    const T before = value_;
    acquire(order);
    release(order);
    set(change(before));
    trace(kind, value_, "to ");
    return before;
  }

  void acquire(MemoryOrder order) const {
    if (model::Engine* engine = engine_at_work()) {
      engine->self().acquired.join(published_);
      if (acquires(order)) {
        engine->self().clock.join(published_);
      }
    }
  }

  void release(MemoryOrder order) {
    if (model::Engine* engine = engine_at_work()) {
      published_.join(engine->self().released);
      if (releases(order)) {
        published_.join(engine->self().clock);
        engine->advance_epoch();
      }
    }
  }

  void set(T value) {
    model::Engine* engine = engine_at_work();
    if (engine != nullptr && value != value_) {
      engine->value_changed();
    }
    value_ = value;
  }

  void trace(Kind kind, T value, const char* what) const {
    model::Engine* engine = engine_at_work();
    if (engine == nullptr || !engine->tracing()) {
      return;
    }
    std::string text = what;
    if constexpr (std::is_pointer_v<T>) {
      text += value == nullptr ? "nullptr" : engine->name_of_object(value);
    } else {
      text += std::to_string(static_cast<std::uint64_t>(value));
    }
    engine->trace(kind, this, text);
  }

  T value_;
  std::uint32_t number_ = 0;
  model::VectorClock published_;  // What an acquire load of the present value makes known.
};

// A fence orders nothing that this explorer could reorder; it only carries knowledge.
inline void fence(MemoryOrder order) noexcept {
  if (model::Engine* engine = model::Engine::current()) {
    model::Engine::Thread& self = engine->self();
    if (order != MemoryOrder::relaxed && order != MemoryOrder::release) {
      self.clock.join(self.acquired);
    }
    if (order == MemoryOrder::release || order == MemoryOrder::acq_rel ||
        order == MemoryOrder::seq_cst) {
      self.released = self.clock;
      engine->advance_epoch();
    }
  }
}

inline void signal_fence(MemoryOrder) noexcept {}

inline void spin_pause() noexcept {
  if (model::Engine* engine = model::Engine::current()) {
    engine->pause();
  }
}

}  // namespace rota::inline v0

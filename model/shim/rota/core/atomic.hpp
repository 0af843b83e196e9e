#pragma once

// The atomic shim of a model: the names of include/rota/core/atomic.hpp, with each operation a
// scheduling point of the explorer. What a read returns, and where in the modification order a
// write goes, is chosen among all that C++20 allows (rota/model/memory.hpp). Outside of an
// execution everything is plain and single-threaded.

#include <rota/core/memory_order.hpp>
#include <rota/model/engine.hpp>

#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

namespace rota::inline v0 {

// Not as large as its value: the history stands beside it.
inline constexpr bool atomics_are_bare = false;

template <class T>
class Atomic {
  static_assert(sizeof(T) <= 8 && std::is_trivially_copyable_v<T>);
  using Kind = model::Step::Kind;
  using Access = model::Access;

 public:
  Atomic() noexcept : Atomic(T{}) {}
  explicit(false) Atomic(T value) noexcept : value_(value) {}
  Atomic(const Atomic&) = delete;
  Atomic& operator=(const Atomic&) = delete;

  T load(MemoryOrder order = MemoryOrder::seq_cst) const noexcept {
    model::Engine* engine = begin(Kind::load);
    return engine == nullptr ? value_ : look(*engine, Kind::load, order);
  }

  void store(T value, MemoryOrder order = MemoryOrder::seq_cst) noexcept {
    modify(Kind::store, order, [value](T) { return value; });
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
    return compare_exchange(begin(Kind::compare_exchange), expected, desired, success, failure);
  }

  bool compare_exchange_strong(T& expected, T desired,
                               MemoryOrder order = MemoryOrder::seq_cst) noexcept {
    return compare_exchange_strong(expected, desired, order, failure_order(order));
  }

  bool compare_exchange_weak(T& expected, T desired, MemoryOrder success,
                             MemoryOrder failure) noexcept {
    model::Engine* engine = begin(Kind::compare_exchange);
    if (engine != nullptr && engine->fails_spuriously()) {
      expected = look(*engine, Kind::compare_exchange, failure);
      return false;
    }
    return compare_exchange(engine, expected, desired, success, failure);
  }

  bool compare_exchange_weak(T& expected, T desired,
                             MemoryOrder order = MemoryOrder::seq_cst) noexcept {
    return compare_exchange_weak(expected, desired, order, failure_order(order));
  }

 private:
  static constexpr MemoryOrder failure_order(MemoryOrder order) {
    if (order == MemoryOrder::acq_rel) {
      return MemoryOrder::acquire;
    }
    return order == MemoryOrder::release ? MemoryOrder::relaxed : order;
  }

  static std::uint64_t bits_of(T value) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof(T));
    return bits;
  }

  static T value_of(std::uint64_t bits) {
    T value;
    std::memcpy(&value, &bits, sizeof(T));
    return value;
  }

  // Announces a step and returns when it is to be performed. nullptr: it is none, and the newest
  // value is all there is.
  model::Engine* begin(Kind kind) const {
    model::Engine* engine = model::Engine::current();
    if (engine == nullptr || engine->evaluating()) {
      return nullptr;
    }
    if (execution_ != engine->execution()) {
      execution_ = engine->execution();
      history_ = &engine->new_history(bits_of(value_));
    }
    engine->point({.kind = kind,
                   .reads = kind != Kind::store,
                   .writes = kind != Kind::load,
                   .versioned = engine->keeps_versions(),
                   .object = history_->number});
    engine->begin_step(this);
    return engine;
  }

  T look(model::Engine& engine, Kind kind, MemoryOrder order) const {
    model::Version& version = engine.meet(*history_, {.order = order});
    engine.read(*history_, version, order);
    trace(engine, kind, version, kind == Kind::load ? "" : "failed, found ");
    return value_of(version.bits);
  }

  template <class Change>
  T modify(Kind kind, MemoryOrder order, Change change) noexcept {
    const T before = value_;
    model::Engine* engine = begin(kind);
    if (engine == nullptr) {
      value_ = change(before);
      return before;
    }
    const Access access{.kind = kind == Kind::store ? Access::Kind::store : Access::Kind::change,
                        .order = order};
    model::Version& after = engine->meet(*history_, access);
    write(*engine, kind, after, access, change(value_of(after.bits)));
    return value_of(after.bits);
  }

  bool compare_exchange(model::Engine* engine, T& expected, T desired, MemoryOrder success,
                        MemoryOrder failure) {
    if (engine == nullptr) {
      const bool equal = bits_of(value_) == bits_of(expected);
      (equal ? value_ : expected) = equal ? desired : value_;
      return equal;
    }
    const Access access{.kind = Access::Kind::compare,
                        .order = success,
                        .failure = failure,
                        .expected = bits_of(expected)};
    model::Version& found = engine->meet(*history_, access);
    if (access.writes_after(found)) {
      write(*engine, Kind::compare_exchange, found, access, desired);
      return true;
    }
    engine->read(*history_, found, failure);
    trace(*engine, Kind::compare_exchange, found, "failed, found ");
    expected = value_of(found.bits);
    return false;
  }

  void write(model::Engine& engine, Kind kind, model::Version& after, const Access& access,
             T value) {
    const model::Version& version = engine.write(*history_, after, access, bits_of(value));
    value_ = value_of(history_->newest->bits);
    trace(engine, kind, version, kind == Kind::store ? "" : "to ");
  }

  void trace(model::Engine& engine, Kind kind, const model::Version& version,
             const char* what) const {
    if (engine.tracing()) {
      std::string text = what + text_of(engine, version.bits);
      if (version.newer != nullptr) {
        text += ", which " + text_of(engine, version.newer->bits) + " replaces";
      }
      engine.trace(kind, this, text);
    }
  }

  static std::string text_of(model::Engine& engine, std::uint64_t bits) {
    const T value = value_of(bits);
    if constexpr (std::is_pointer_v<T>) {
      return value == nullptr ? "nullptr" : engine.name_of_object(value);
    } else {
      return std::to_string(static_cast<std::uint64_t>(value));
    }
  }

  T value_;  // The newest.
  mutable model::History* history_ = nullptr;
  mutable std::uint64_t execution_ = 0;  // The one that `history_` belongs to.
};

inline void fence(MemoryOrder order) noexcept {
  if (model::Engine* engine = model::Engine::current()) {
    engine->fence(order);
  }
}

inline void signal_fence(MemoryOrder) noexcept {}

inline void spin_pause() noexcept {
  if (model::Engine* engine = model::Engine::current()) {
    engine->pause();
  }
}

}  // namespace rota::inline v0

#pragma once

#include <rota/model/engine.hpp>

#include <string>
#include <type_traits>
#include <utility>

namespace rota::model {

// A shared variable that is not atomic. Two accesses by different threads, at least one of them a
// write, that no release and acquire orders are a data race and fail the execution, in whatever
// order this interleaving ran them.
template <class T>
class Plain {
 public:
  Plain() = default;
  explicit Plain(T value) : value_(std::move(value)) {}
  Plain(const Plain&) = delete;
  Plain& operator=(const Plain&) = delete;

  Plain& operator=(T value) {
    if (Engine* engine = Engine::current()) {
      expect(*engine, writes_, "a write", "a write");
      expect(*engine, reads_, "a write", "a read");
      writes_.seen[engine->self_index()] = epoch(*engine);
    }
    value_ = std::move(value);
    return *this;
  }

  operator T() const {
    if (Engine* engine = Engine::current()) {
      expect(*engine, writes_, "a read", "a write");
      reads_.seen[engine->self_index()] = epoch(*engine);
    }
    return value_;
  }

  T operator->() const
    requires std::is_pointer_v<T>
  {
    return static_cast<T>(*this);
  }

 private:
  static VectorClock::Epoch epoch(Engine& engine) {
    return engine.knowledge().clock.seen[engine.self_index()];
  }

  void expect(Engine& engine, const VectorClock& before, const char* now, const char* then) const {
    const VectorClock& known = engine.knowledge().clock;
    if (!known.covers(before)) {
      engine.fail(Failure::Kind::race,
                  std::string(now) + " by " + engine.name_of(engine.self_index()) + " and " + then +
                      " by " + engine.name_of(known.first_ahead(before)) + " of " +
                      engine.name_of_object(this) + " are not ordered");
    }
  }

  T value_{};
  VectorClock writes_;
  mutable VectorClock reads_;
};

}  // namespace rota::model

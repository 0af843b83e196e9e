#pragma once

#include "model/engine.hpp"

namespace rota::model {

// What a thread sleeps on: a driver's wake, a semaphore of one.
class Event {
 public:
  Event() : number_(Engine::current()->number_object()) {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  // Sticky: ends the wait that is or the next one that comes.
  void set() {
    Engine& engine = *Engine::current();
    engine.point({.kind = Step::Kind::store, .writes = true, .object = number_});
    clock_.join(engine.self().clock);
    engine.advance_epoch();
    set_ = true;
    ++sets_;
    engine.value_changed();
    engine.trace(Step::Kind::store, this, "set");
  }

  // Not sticky, as a condition variable: ends a wait that is and is lost otherwise.
  void pulse() {
    Engine& engine = *Engine::current();
    engine.point({.kind = Step::Kind::store, .writes = true, .object = number_});
    set_ = set_ || waiting_;
    clock_.join(engine.self().clock);
    engine.advance_epoch();
    engine.value_changed();
    engine.trace(Step::Kind::store, this, "pulse");
  }

  // Blocks until set, and clears.
  void wait() {
    Engine& engine = *Engine::current();
    const auto is_set = [](const void* event) { return static_cast<const Event*>(event)->set_; };
    engine.point({.kind = Step::Kind::store, .writes = true, .object = number_});
    waiting_ = true;
    engine.wait({.kind = Step::Kind::wait, .writes = true, .object = number_}, is_set, this);
    waiting_ = false;
    set_ = false;
    engine.self().clock.join(clock_);
    engine.trace(Step::Kind::wait, this, "is over");
  }

  // How often it was set, for the checks of main after the joins.
  [[nodiscard]] int sets() const { return sets_; }

 private:
  std::uint32_t number_;
  bool set_ = false;
  bool waiting_ = false;
  int sets_ = 0;
  VectorClock clock_;
};

}  // namespace rota::model

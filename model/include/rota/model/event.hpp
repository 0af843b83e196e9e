#pragma once

#include <rota/model/engine.hpp>

namespace rota::model {

// What a thread sleeps on: a driver's wake, a semaphore of one.
class Event {
 public:
  Event()
      : number_(Engine::here().number_object()), known_(Engine::here().new_knowledge()) {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  // Sticky: ends the wait that is or the next one that comes.
  void set() {
    Engine& engine = begin(Step::Kind::store);
    publish(engine);
    set_ = true;
    ++sets_;
    engine.trace(Step::Kind::store, this, "set");
  }

  // Not sticky, as a condition variable: ends a wait that is and is lost otherwise.
  void pulse() {
    Engine& engine = begin(Step::Kind::store);
    publish(engine);
    set_ = set_ || waiting_;
    engine.trace(Step::Kind::store, this, "pulse");
  }

  // Blocks until set, and clears.
  void wait() {
    Engine& engine = begin(Step::Kind::store);
    const auto is_set = [](const void* event) { return static_cast<const Event*>(event)->set_; };
    waiting_ = true;
    engine.wait(step(Step::Kind::wait), is_set, this);
    waiting_ = false;
    set_ = false;
    engine.state_changed();
    engine.knowledge().join(known_);
    engine.trace(Step::Kind::wait, this, "is over");
  }

  // How often it was set, for the checks of main after the joins.
  [[nodiscard]] int sets() const { return sets_; }

 private:
  [[nodiscard]] Step step(Step::Kind kind) const {
    return {.kind = kind, .writes = true, .object = number_};
  }

  Engine& begin(Step::Kind kind) const {
    Engine& engine = Engine::here();
    engine.point(step(kind));
    return engine;
  }

  void publish(Engine& engine) {
    known_.join(engine.knowledge());
    engine.advance_epoch();
    engine.value_changed();
  }

  std::uint32_t number_;
  bool set_ = false;
  bool waiting_ = false;
  int sets_ = 0;
  Knowledge& known_;
};

}  // namespace rota::model

#pragma once

#include "model/event.hpp"
#include "model/expect.hpp"
#include "model/explorer.hpp"
#include "model/plain.hpp"
#include "model/watched_memory.hpp"

#include <rota/await.hpp>
#include <rota/core/task_header.hpp>

#include <cstdint>
#include <utility>

// The runtime below waits that ship: what <rota/core/worker_calls.hpp> promises them is defined in
// parked_task.cpp over the tasks of a model, which start leaves, are parked, are woken once and go
// on. A model does not link the library.
namespace rota::model {

// When a task that was woken goes on. To do so under the look of its home is a mistake.
enum class GoesOn : std::uint8_t { after_the_look, under_the_look };

// One task. It has a home worker, which looks at it when a stop comes, and goes on on another one
// when it is woken, as where workers steal: there a stop meets most.
class ParkedTask : public TaskHeader {
 public:
  explicit ParkedTask(GoesOn goes_on = GoesOn::after_the_look);

  // The task, on whatever thread runs it: parks it in `leaf`. False: nothing to wait for.
  template <class L>
  [[nodiscard]] bool start(L& leaf) {
    return leaf.start(frame_);
  }
  // Whoever runs it next: waits until it is ready. From here on the task runs, in the frame that
  // was parked.
  Runnable& go_on();
  // Its home, on whose thread it has parked, when a stop has come.
  void look_to_stop();

  // By `make_ready` and its kin, on any thread.
  void become_ready(Runnable& frame);

  [[nodiscard]] int wakes() const { return ready_.sets(); }

 private:
  const GoesOn goes_on_;
  Runnable frame_;
  Plain<Runnable*> woken_{nullptr};
  Event ready_;
};

// The pass of the worker whose tasks send through a WorkerChannel: `begin` first in the scenario.
void begin_pass();
void end_pass();

// One `co_await` of a task, whose frame it is: it is gone when the wait has ended.
template <class Call>
class Suspension {
 public:
  // `call` yields what is awaited.
  Suspension(ParkedTask& task, Call call) : task_(task), awaited_(call()) {
    watch(awaited_, "frame");
    parked_ = task.start(awaited_.leaf());
  }
  Suspension(const Suspension&) = delete;
  Suspension& operator=(const Suspension&) = delete;

  [[nodiscard]] bool parked() const { return parked_; }
  auto end() {
    if (parked_) task_.go_on();
    auto result = awaited_.leaf().finish();
    end_of(&awaited_);
    return result;
  }

 private:
  ParkedTask& task_;
  decltype(std::declval<Call>()()) awaited_;
  bool parked_ = false;
};

// All of it, where one thread runs the task throughout.
template <class Call>
auto await_in(ParkedTask& task, Call call) {
  Suspension suspension(task, call);
  return suspension.end();
}

}  // namespace rota::model

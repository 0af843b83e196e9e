#pragma once

namespace rota::inline v0 {

class Worker;

/// What a worker itself must do between two tasks: unlike a task it is never stolen. It belongs to
/// whoever embeds it, and is with one worker at a time. `run` sleeps nowhere; afterwards the errand
/// may be gone.
struct Errand {
  Errand* next = nullptr;
  void (*run)(Errand& self, Worker& here) noexcept = nullptr;

  Errand() = default;
  Errand(const Errand&) = delete;
  Errand& operator=(const Errand&) = delete;
};

}  // namespace rota::inline v0

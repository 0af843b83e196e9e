#pragma once

#include "model/parked_task.hpp"

#include <rota/task.hpp>

#include <utility>

namespace rota::model {

// A task of the model whose code is a coroutine.
class TaskRun {
 public:
  explicit TaskRun(Task<> body) : body_(std::move(body)) { promise().task = &task_; }

  // On the home's thread, until it waits for the first time or has ended.
  void begin();
  // Whoever runs it from there on, until it has ended.
  void end();

  [[nodiscard]] ParkedTask& task() { return task_; }

 private:
  [[nodiscard]] Runnable& promise() const { return body_.handle().promise(); }
  void carry(Runnable& frame);

  ParkedTask task_;
  Task<> body_;
};

}  // namespace rota::model

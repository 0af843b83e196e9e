#pragma once

#include <rota/join.hpp>
#include <rota/result.hpp>
#include <rota/runtime.hpp>
#include <rota/scope_errors.hpp>
#include <rota/sender_names.hpp>
#include <rota/stop.hpp>
#include <rota/task.hpp>

#include <exception>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>

namespace rota::inline v0 {

/// The ends of an operation that yields T, may fail with `Errors` and throw, and may be stopped.
template <class Names, class T, class... Errors>
struct EndsOf {
  using type = typename Names::template Signatures<
      typename Names::SetValue(T), typename Names::SetError(std::exception_ptr),
      typename Names::SetError(Errors)..., typename Names::SetStopped()>;
};
template <class Names, class... Errors>
struct EndsOf<Names, void, Errors...> {
  using type = typename Names::template Signatures<
      typename Names::SetValue(), typename Names::SetError(std::exception_ptr),
      typename Names::SetError(Errors)..., typename Names::SetStopped()>;
};
/// Those of a Task<T>.
template <class Names, class T>
struct TaskEnds : EndsOf<Names, T> {};
template <class Names, class T>
struct TaskEnds<Names, Result<T>> : EndsOf<Names, T, std::error_code> {};

/// What a task has come to, for a receiver.
template <class T>
class TaskOutcome {
 public:
  using Stored = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

  void keep(Stored value) { value_.emplace(std::move(value)); }
  void fail(std::exception_ptr thrown) noexcept { thrown_ = std::move(thrown); }

  /// Ends the receiver, in one of the three ways.
  template <class R>
  void end(R&& receiver) noexcept {
    if (value_) {
      send(std::move(receiver), *value_);
    } else if (says_canceled(thrown_)) {
      std::move(receiver).set_stopped();
    } else {
      std::move(receiver).set_error(std::move(thrown_));
    }
  }

 private:
  template <class R, class Value>
  static void send(R&& receiver, Value& value) noexcept {
    if constexpr (std::is_void_v<T>) {
      std::move(receiver).set_value();
    } else {
      std::move(receiver).set_value(std::move(value));
    }
  }
  template <class R, class Value>
  static void send(R&& receiver, Result<Value>& result) noexcept {
    if (result) {
      if constexpr (std::is_void_v<Value>) {
        std::move(receiver).set_value();
      } else {
        std::move(receiver).set_value(std::move(*result));
      }
    } else if (is_canceled(result.error())) {
      std::move(receiver).set_stopped();
    } else {
      std::move(receiver).set_error(result.error());
    }
  }

  std::optional<Stored> value_;
  std::exception_ptr thrown_;
};

/// Runs `task` so that a token of the standard's shape stops it, besides what stops the caller.
template <class Token, class T>
Task<T> with_token(Token token, Task<T> task) {
  StopSource source;
  auto request = [&source]() noexcept { source.request_stop(); };
  using Callback = typename Token::template callback_type<decltype(request)>;
  const Callback callback(std::move(token), request);
  Task<T> stoppable = with_stop(source.token(), std::move(task));
  if constexpr (std::is_void_v<T>) {
    co_await std::move(stoppable);
  } else {
    T result = co_await std::move(stoppable);
    co_return result;
  }
}
template <class T>
Task<T> with_token(NoStopToken, Task<T> task) {
  return task;
}

/// Spawns the task that `make` makes, which ends `receiver`; ends it here if there is no memory for
/// that task, or if the runtime is shut down and refuses it. The receiver may be gone afterwards.
template <class R, class Make>
void spawn_for(R& receiver, Runtime& runtime, Make make) noexcept {
  ROTA_TRY {
    const JoinHandle<void> handle = runtime.spawn(make());
    // What ends a receiver does not fail, so one that has was refused.
    if (!handle.is_done() || !handle.task().failed()) return;
    static_cast<void>(hand_out_error(handle.task()));
  }
  ROTA_CATCH_ALL {
    std::move(receiver).set_error(std::current_exception());
    return;
  }
  std::move(receiver).set_stopped();
}

/// The operation of a TaskSender that is connected to an R.
template <class Names, class T, class R>
class TaskOperation {
 public:
  using operation_state_concept = typename Names::OperationState;

  TaskOperation(Runtime& runtime, Task<T> task, R receiver)
      : runtime_(runtime), task_(std::move(task)), receiver_(std::move(receiver)) {}
  TaskOperation(const TaskOperation&) = delete;
  TaskOperation& operator=(const TaskOperation&) = delete;

  void start() & noexcept {
    spawn_for(receiver_, runtime_, [this] { return run(*this); });
  }

 private:
  static Task<void> run(TaskOperation& self) {
    TaskOutcome<T> outcome;
    ROTA_TRY {
      Task<T> running = with_token(stop_token_of<Names>(self.receiver_), std::move(self.task_));
      if constexpr (std::is_void_v<T>) {
        co_await std::move(running);
        outcome.keep({});
      } else {
        T value = co_await std::move(running);
        outcome.keep(std::move(value));
      }
    }
    ROTA_CATCH_ALL { outcome.fail(std::current_exception()); }
    outcome.end(std::move(self.receiver_));  // From here on `self` may be gone.
  }

  Runtime& runtime_;
  Task<T> task_;
  R receiver_;
};

/// The operation of a ScheduleSender that is connected to an R.
template <class Names, class R>
class ScheduleOperation {
 public:
  using operation_state_concept = typename Names::OperationState;

  ScheduleOperation(Runtime& runtime, R receiver)
      : runtime_(runtime), receiver_(std::move(receiver)) {}
  ScheduleOperation(const ScheduleOperation&) = delete;
  ScheduleOperation& operator=(const ScheduleOperation&) = delete;

  void start() & noexcept {
    spawn_for(receiver_, runtime_, [this] { return run(*this); });
  }

 private:
  static Task<void> run(ScheduleOperation& self) {
    auto token = stop_token_of<Names>(self.receiver_);
    bool must_stop = stop_requested();
    if constexpr (requires { token.stop_requested(); }) must_stop |= token.stop_requested();
    if (must_stop) {
      std::move(self.receiver_).set_stopped();
    } else {
      std::move(self.receiver_).set_value();
    }
    co_return;
  }

  Runtime& runtime_;
  R receiver_;
};

template <class Names>
class ScheduleSender;

/// A runtime as what senders know as a scheduler: `schedule()` gives a sender that ends on one of
/// its workers. A value; valid as long as the Runtime, which stays where it is. Any thread.
template <class Names>
class RuntimeScheduler {
 public:
  using scheduler_concept = typename Names::Scheduler;

  explicit RuntimeScheduler(Runtime& runtime) noexcept : runtime_(&runtime) {}

  [[nodiscard]] ScheduleSender<Names> schedule() const noexcept {
    return ScheduleSender<Names>(*runtime_);
  }
  bool operator==(const RuntimeScheduler&) const = default;

 private:
  Runtime* runtime_;
};

/// What a sender of Rota's tells of itself: where it ends when it sends a value.
template <class Names>
class RuntimeAttributes {
 public:
  explicit RuntimeAttributes(Runtime& runtime) noexcept : runtime_(&runtime) {}

  using SetValue = typename Names::SetValue;
  [[nodiscard]] RuntimeScheduler<Names> query(
      typename Names::template GetCompletionScheduler<SetValue>) const noexcept {
    return RuntimeScheduler<Names>(*runtime_);
  }

 private:
  Runtime* runtime_;
};

/// Sends nothing, on a worker. Connected any number of times.
template <class Names>
class [[nodiscard]] ScheduleSender {
 public:
  using sender_concept = typename Names::Sender;
  using completion_signatures = typename EndsOf<Names, void>::type;

  explicit ScheduleSender(Runtime& runtime) noexcept : runtime_(&runtime) {}

  template <class R>
  ScheduleOperation<Names, R> connect(R receiver) const {
    return ScheduleOperation<Names, R>(*runtime_, std::move(receiver));
  }
  [[nodiscard]] RuntimeAttributes<Names> get_env() const noexcept {
    return RuntimeAttributes<Names>(*runtime_);
  }

 private:
  Runtime* runtime_;
};

/// What `as_sender` returns. Move-only, and connected once.
template <class Names, class T>
class [[nodiscard]] TaskSender {
 public:
  using sender_concept = typename Names::Sender;
  using completion_signatures = typename TaskEnds<Names, T>::type;

  TaskSender(Runtime& runtime, Task<T> task) noexcept
      : runtime_(&runtime), task_(std::move(task)) {}

  template <class R>
  TaskOperation<Names, T, R> connect(R receiver) && {
    return TaskOperation<Names, T, R>(*runtime_, std::move(task_), std::move(receiver));
  }
  [[nodiscard]] RuntimeAttributes<Names> get_env() const noexcept {
    return RuntimeAttributes<Names>(*runtime_);
  }

 private:
  Runtime* runtime_;
  Task<T> task_;
};

/// A task as a sender, for what takes senders: `rota::as_sender(runtime, count())`. When its
/// operation is started the task is spawned on the runtime; a start does not block, and what is
/// never started never runs. When the task has ended, its receiver is, once, inside a task: it must
/// not block that worker. `Names` says what the receiver's library calls the types of the protocol
/// (SenderNames).
///
/// What the task returns is sent: the value of a Result as the value, its error as a
/// std::error_code, and `operation_canceled` as stopped, as is an exception that says no more than
/// that.
///
/// @threads started on any thread; ends its receiver on a worker
/// @loses what the task loses: the stop token in the receiver's environment stops it
/// (stop_token_of), and what it comes to is sent
/// @owns the operation is its owner's until the receiver is ended; the task is the runtime's, and
/// that stays where it is
/// @errors what the task throws, as a `std::exception_ptr`, and so is std::bad_alloc of the start;
/// after a `shutdown` of the runtime the start ends the receiver as stopped
template <class Names = SenderNames, class T>
TaskSender<Names, T> as_sender(Runtime& runtime, Task<T> task) noexcept {
  return TaskSender<Names, T>(runtime, std::move(task));
}

/// The runtime as a scheduler, for what takes one. What goes on after its `schedule()` runs inside
/// a task, and must not block that worker.
///
/// @threads started on any thread; ends its receiver on a worker
/// @loses nothing: it ends as stopped when the receiver's token or the runtime was stopped before
/// @owns the operation is its owner's until the receiver is ended; the Runtime stays where it is
/// @errors std::bad_alloc of the start, as a `std::exception_ptr`; after a `shutdown` of the
/// runtime the start ends the receiver as stopped
template <class Names = SenderNames>
RuntimeScheduler<Names> scheduler_of(Runtime& runtime) noexcept {
  return RuntimeScheduler<Names>(runtime);
}

}  // namespace rota::inline v0

#pragma once

#include <rota/core/check_usage.hpp>
#include <rota/event.hpp>
#include <rota/foreign.hpp>
#include <rota/result.hpp>
#include <rota/sender_names.hpp>
#include <rota/sender_stop.hpp>
#include <rota/stop.hpp>
#include <rota/task.hpp>
#include <rota/time.hpp>

#include <cerrno>
#include <concepts>
#include <exception>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>

namespace rota::inline v0 {

/// How a sender ended. One that says neither value nor error was stopped.
template <class T>
class SenderOutcome {
 public:
  using Stored = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

  template <class... Values>
  void keep(Values&&... values) {
    value_.emplace(std::forward<Values>(values)...);
  }
  void fail(std::error_code error) noexcept {
    check_usage(error.value() != 0,
                "a sender called set_error with an error code of value 0, which is no error: on "
                "success it calls set_value, when stopped set_stopped");
    error_ = error;
  }
  void fail(std::exception_ptr thrown) noexcept {
    check_usage(thrown != nullptr,
                "a sender called set_error with a null std::exception_ptr, which is no error: it "
                "passes one that holds an exception, or a std::error_code");
    thrown_ = std::move(thrown);
  }

  typename TimedResult<T>::type take() {
    if (thrown_ != nullptr) std::rethrow_exception(thrown_);
    if (!value_) return std::unexpected(error_);
    if constexpr (std::is_void_v<T>) {
      return {};
    } else {
      return std::move(*value_);
    }
  }

 private:
  std::optional<Stored> value_;
  std::exception_ptr thrown_;
  std::error_code error_ = os_error(ECANCELED);
};

/// A task that waits for a sender, as the sender's operation sees it.
template <class T>
struct SenderWait {
  SenderOutcome<T> outcome;
  SenderStopSource stop;
  Event ended;
};

/// What a sender finds of the task that awaits it.
template <class Names>
class TaskEnvironment {
 public:
  explicit TaskEnvironment(SenderStopToken token) noexcept : token_(token) {}
  [[nodiscard]] SenderStopToken query(typename Names::GetStopToken) const noexcept {
    return token_;
  }

 private:
  SenderStopToken token_;
};

/// What a sender is connected to: keeps what it ends with, and wakes the task. From the wake on the
/// task may go on, and the operation be gone.
template <class Names, class T>
class TaskReceiver {
 public:
  using receiver_concept = typename Names::Receiver;

  explicit TaskReceiver(SenderWait<T>& wait) noexcept : wait_(&wait) {}

  template <class... Values>
    requires std::constructible_from<typename SenderOutcome<T>::Stored, Values...>
  void set_value(Values&&... values) && noexcept {
    ROTA_TRY { wait_->outcome.keep(std::forward<Values>(values)...); }
    ROTA_CATCH_ALL { wait_->outcome.fail(std::current_exception()); }
    wait_->ended.set();
  }
  template <class Error>
  void set_error(Error&& error) && noexcept {
    if constexpr (std::is_same_v<std::decay_t<Error>, std::exception_ptr> ||
                  std::is_same_v<std::decay_t<Error>, std::error_code>) {
      wait_->outcome.fail(std::forward<Error>(error));
    } else {
      std::exception_ptr made = std::make_exception_ptr(std::forward<Error>(error));
      check_usage(made != nullptr,
                  "a sender called set_error with what is no std::error_code, in a program without "
                  "exceptions, where nothing else can reach the task");
      wait_->outcome.fail(std::move(made));
    }
    wait_->ended.set();
  }
  void set_stopped() && noexcept { wait_->ended.set(); }
  [[nodiscard]] TaskEnvironment<Names> get_env() const noexcept {
    return TaskEnvironment<Names>(SenderStopToken(wait_->stop));
  }

 private:
  SenderWait<T>* wait_;
};

/// The operation that comes of a sender: made in its place, for it cannot move.
template <class Names, class S, class T>
struct SenderOperation {
  using Receiver = TaskReceiver<Names, T>;

  SenderOperation(S&& sender, SenderWait<T>& wait)
      : operation(Names::connect(std::move(sender), Receiver(wait))) {}
  SenderOperation(const SenderOperation&) = delete;
  SenderOperation& operator=(const SenderOperation&) = delete;

  decltype(Names::connect(std::declval<S>(), std::declval<Receiver>())) operation;
};

/// What sender S sends to a task.
template <class Names, class S>
using SenderValue = SentValue<Names, S, TaskEnvironment<Names>>;
/// What awaiting it yields.
template <class Names, class S>
using SenderResult = typename TimedResult<SenderValue<Names, S>>::type;

/// Awaits a sender of another library, or of the program's own: connects it, starts it on the
/// thread of the task, and waits until it has ended. The task goes on where its runtime has it go
/// on after every wait. Yields what is sent, as a Result: one value as itself, several as a tuple,
/// a value that is a Result as that Result. `Names` says what the sender's library calls the types
/// of the protocol (SenderNames). A thread that ends the sender has come back from that before the
/// runtime is destroyed. To fail without an error, with a `std::error_code` of value 0 or a null
/// `std::exception_ptr`, is misuse and ends the program.
///
/// @threads one task; the sender ends on any thread
/// @loses nothing: the stop token of the receiver's environment, a SenderStopToken, is stopped
/// once, in the task, and the wait goes on until the sender has ended, and yields what that came
/// to; a task that must stop already begins none
/// @owns the sender and its operation are in the frame that waits
/// @errors the `std::error_code` that the sender fails with; a sender that ends as stopped yields
/// `operation_canceled`; what else it fails with is thrown; what `connect` throws; std::bad_alloc
///
///     auto reply = co_await rota::from_sender(client.ask(request));
template <class Names = SenderNames, class S>
Task<SenderResult<Names, S>> from_sender(S sender) {
  using Value = SenderValue<Names, S>;
  if (stop_requested()) co_return std::unexpected(os_error(ECANCELED));
  SenderWait<Value> wait;
  SenderOperation<Names, S, Value> connected(std::move(sender), wait);
  connected.operation.start();
  Result<void> ended = co_await wait.ended.wait();
  if (!ended) {
    wait.stop.request_stop();
    Task<bool> unstopped = shielded(wait_for_foreign(wait.ended));
    static_cast<void>(co_await std::move(unstopped));
  }
  co_return wait.outcome.take();
}

}  // namespace rota::inline v0

// What docs/concepts says of senders and receivers.

#include <rota/rota.hpp>

#include "../expect.hpp"

#include <chrono>
#include <exception>
#include <future>
#include <optional>
#include <utility>

using namespace std::chrono_literals;

// Stands for another library: std::execution of C++26, as much of its names as is shown here.
namespace other {

struct sender_t {};
struct receiver_t {};
struct operation_state_t {};
struct scheduler_t {};
struct set_value_t {};
struct set_error_t {};
struct set_stopped_t {};
struct get_stop_token_t {};
template <class>
struct get_completion_scheduler_t {};
template <class...>
struct completion_signatures {};
template <class S, class>
using completion_signatures_of_t = typename S::completion_signatures;

template <class S, class R>
auto connect(S sender, R receiver) {
  return std::move(sender).connect(std::move(receiver));
}

/// Sends a number, within its start.
struct Just {
  using sender_concept = sender_t;
  using completion_signatures = other::completion_signatures<set_value_t(int)>;

  template <class R>
  struct Operation {
    using operation_state_concept = operation_state_t;
    void start() & noexcept { std::move(receiver).set_value(number); }
    R receiver;
    int number;
  };
  template <class R>
  Operation<R> connect(R receiver) && {
    return {std::move(receiver), number};
  }
  int number;
};
inline Just just(int number) { return {number}; }

}  // namespace other

// [names]
/// What that library calls things. C++26 has these in std::execution, but std::get_stop_token_t.
struct OtherNames {
  using Sender = other::sender_t;
  using Receiver = other::receiver_t;
  using OperationState = other::operation_state_t;
  using Scheduler = other::scheduler_t;
  using SetValue = other::set_value_t;
  using SetError = other::set_error_t;
  using SetStopped = other::set_stopped_t;
  using GetStopToken = other::get_stop_token_t;
  template <class End>
  using GetCompletionScheduler = other::get_completion_scheduler_t<End>;
  template <class... Ends>
  using Signatures = other::completion_signatures<Ends...>;
  template <class S, class Environment>
  using SignaturesOf = other::completion_signatures_of_t<S, Environment>;
  template <class S, class R>
  static auto connect(S sender, R receiver) {
    return other::connect(std::move(sender), std::move(receiver));
  }
};
// [/names]

// [await]
rota::Task<int> ask_a_sender() {
  auto answer = co_await rota::from_sender<OtherNames>(other::just(42));
  co_return answer.value_or(0);  // on a worker again, wherever the sender has ended
}
// [/await]

// [sender]
/// Ends when it is stopped: a sender that needs no library.
struct UntilStopped {
  using sender_concept = rota::SenderNames::Sender;
  using completion_signatures = rota::SenderNames::Signatures<rota::SenderNames::SetStopped()>;

  template <class R>
  class Operation {
   public:
    using operation_state_concept = rota::SenderNames::OperationState;
    explicit Operation(R receiver) : receiver_(std::move(receiver)) {}
    void start() & noexcept {
      auto token = receiver_.get_env().query(rota::SenderNames::GetStopToken());
      callback_.emplace(token, OnStop{this});
    }

   private:
    struct OnStop {
      void operator()() const noexcept { std::move(operation->receiver_).set_stopped(); }
      Operation* operation;
    };
    R receiver_;
    std::optional<rota::SenderStopCallback<OnStop>> callback_;
  };
  template <class R>
  Operation<R> connect(R receiver) && {
    return Operation<R>(std::move(receiver));
  }
};

rota::Task<bool> give_it_a_limit() {
  auto waiting = rota::from_sender(UntilStopped());
  auto ended = co_await rota::timeout(2ms, std::move(waiting));
  co_return ended.error() == std::errc::timed_out;
}
// [/sender]

// [as_sender]
rota::Task<int> count() { co_return 3; }

/// Whatever takes a sender connects a receiver of its own, and starts the operation.
struct Promised {
  using receiver_concept = rota::SenderNames::Receiver;
  void set_value(int counted) && noexcept { promise->set_value(counted); }
  void set_error(std::exception_ptr error) && noexcept { promise->set_exception(std::move(error)); }
  void set_stopped() && noexcept { promise->set_value(-1); }
  std::promise<int>* promise;
};

int count_for_a_receiver(rota::Runtime& runtime) {
  std::promise<int> promise;
  auto operation = rota::as_sender(runtime, count()).connect(Promised{&promise});
  operation.start();
  return promise.get_future().get();  // the receiver is ended on a worker
}
// [/as_sender]

rota::Task<void> all() {
  auto answer = co_await ask_a_sender();
  expect(answer == 42, "a sender of another library");
  auto limited = co_await give_it_a_limit();
  expect(limited, "a sender that is stopped");
}

int main() {
  rota::Config config;
  config.scheduler.kind = rota::SchedulerKind::stealing;
  config.scheduler.workers = 2;
  auto runtime = rota::Runtime::make(config).value();
  expect(count_for_a_receiver(runtime) == 3, "a task as a sender");
  runtime.block_on(all());
}

#pragma once

#include <rota/rota.hpp>

#include <atomic>
#include <exception>
#include <optional>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>

// Senders as programs write them: of the standard's shape, and knowing nothing of Rota but the
// names that they are given.
namespace rota::testing_tasks {

/// An operation state: neither copied nor moved.
template <class Names>
struct Immovable {
  using operation_state_concept = typename Names::OperationState;
  Immovable() = default;
  Immovable(const Immovable&) = delete;
  Immovable& operator=(const Immovable&) = delete;
};

/// Ends within its start, with values.
template <class Names, class... T>
struct Just {
  using sender_concept = typename Names::Sender;
  using completion_signatures = typename Names::template Signatures<typename Names::SetValue(T...)>;

  template <class R>
  struct Operation : Immovable<Names> {
    Operation(R to, std::tuple<T...> what) : receiver(std::move(to)), values(std::move(what)) {}
    void start() & noexcept {
      auto send = [this](T&... each) { std::move(receiver).set_value(std::move(each)...); };
      std::apply(send, values);
    }
    R receiver;
    std::tuple<T...> values;
  };
  template <class R>
  Operation<R> connect(R receiver) && {
    return Operation<R>(std::move(receiver), std::move(values));
  }

  std::tuple<T...> values;
};
template <class Names = SenderNames, class... T>
Just<Names, T...> just(T... values) {
  return {std::tuple<T...>(std::move(values)...)};
}

/// Ends within its start, with an error.
template <class Names, class E>
struct JustError {
  using sender_concept = typename Names::Sender;
  using completion_signatures = typename Names::template Signatures<typename Names::SetValue(int),
                                                                    typename Names::SetError(E)>;

  template <class R>
  struct Operation : Immovable<Names> {
    Operation(R to, E what) : receiver(std::move(to)), error(std::move(what)) {}
    void start() & noexcept { std::move(receiver).set_error(std::move(error)); }
    R receiver;
    E error;
  };
  template <class R>
  Operation<R> connect(R receiver) && {
    return Operation<R>(std::move(receiver), std::move(error));
  }

  E error;
};
template <class Names = SenderNames, class E>
JustError<Names, E> just_error(E error) {
  return {std::move(error)};
}

/// Ends within its start, as stopped.
template <class Names = SenderNames>
struct JustStopped {
  using sender_concept = typename Names::Sender;
  using completion_signatures = typename Names::template Signatures<typename Names::SetStopped()>;

  template <class R>
  struct Operation : Immovable<Names> {
    explicit Operation(R to) : receiver(std::move(to)) {}
    void start() & noexcept { std::move(receiver).set_stopped(); }
    R receiver;
  };
  template <class R>
  Operation<R> connect(R receiver) && {
    return Operation<R>(std::move(receiver));
  }
};

/// Sends what a function makes of the one value of another sender.
template <class Names, class S, class F>
struct Then {
  using Value = std::invoke_result_t<F&, int>;
  using sender_concept = typename Names::Sender;
  using completion_signatures =
      typename Names::template Signatures<typename Names::SetValue(Value),
                                          typename Names::SetError(std::exception_ptr),
                                          typename Names::SetStopped()>;

  template <class R>
  struct Receiver {
    using receiver_concept = typename Names::Receiver;
    void set_value(int value) && noexcept {
      std::optional<Value> made;
      try {
        made.emplace(function(value));
      } catch (...) {
        std::move(next).set_error(std::current_exception());
        return;
      }
      std::move(next).set_value(std::move(*made));
    }
    template <class E>
    void set_error(E&& error) && noexcept {
      std::move(next).set_error(std::forward<E>(error));
    }
    void set_stopped() && noexcept { std::move(next).set_stopped(); }
    auto get_env() const noexcept { return next.get_env(); }
    R next;
    F function;
  };
  template <class R>
  auto connect(R receiver) && {
    return Names::connect(std::move(sender), Receiver<R>{std::move(receiver), std::move(function)});
  }

  S sender;
  F function;
};
template <class Names = SenderNames, class S, class F>
Then<Names, S, F> then(S sender, F function) {
  return {std::move(sender), std::move(function)};
}

/// Sends a number from a thread of its own.
template <class Names = SenderNames>
struct FromThread {
  using sender_concept = typename Names::Sender;
  using completion_signatures = typename Names::template Signatures<typename Names::SetValue(int)>;

  template <class R>
  struct Operation : Immovable<Names> {
    Operation(R to, int what) : receiver(std::move(to)), value(what) {}
    ~Operation() {
      if (thread.joinable()) thread.join();
    }
    void start() & noexcept {
      thread = std::thread([this] { std::move(receiver).set_value(value); });
    }
    R receiver;
    int value;
    std::thread thread;
  };
  template <class R>
  Operation<R> connect(R receiver) && {
    return Operation<R>(std::move(receiver), value);
  }

  int value = 0;
};

/// Ends when it is stopped and not before, where the stop is.
template <class Names = SenderNames>
struct UntilStopped {
  using sender_concept = typename Names::Sender;
  using completion_signatures = typename Names::template Signatures<typename Names::SetStopped()>;

  template <class R>
  struct Operation : Immovable<Names> {
    struct OnStop {
      void operator()() const noexcept {
        operation->callback.reset();
        std::move(operation->receiver).set_stopped();
      }
      Operation* operation;
    };
    using Token = decltype(std::declval<R&>().get_env().query(typename Names::GetStopToken()));
    using Callback = typename Token::template callback_type<OnStop>;

    Operation(R to, std::atomic<bool>& told) : receiver(std::move(to)), begun(told) {}
    void start() & noexcept {
      callback.emplace(receiver.get_env().query(typename Names::GetStopToken()), OnStop{this});
      begun = true;
    }
    R receiver;
    std::atomic<bool>& begun;
    std::optional<Callback> callback;
  };
  template <class R>
  Operation<R> connect(R receiver) && {
    return Operation<R>(std::move(receiver), begun);
  }

  std::atomic<bool>& begun;
};

/// Ends when its owner says so, whatever the stop token says.
template <class Names = SenderNames>
struct ByHand {
  struct Hold {
    void (*end)(Hold&) noexcept = nullptr;
  };
  using sender_concept = typename Names::Sender;
  using completion_signatures = typename Names::template Signatures<typename Names::SetValue(int)>;

  template <class R>
  struct Operation : Immovable<Names>, Hold {
    Operation(R to, std::atomic<Hold*>& where) : receiver(std::move(to)), started(where) {}
    void start() & noexcept {
      this->end = [](Hold& self) noexcept {
        std::move(static_cast<Operation&>(self).receiver).set_value(5);
      };
      started = this;
    }
    R receiver;
    std::atomic<Hold*>& started;
  };
  template <class R>
  Operation<R> connect(R receiver) && {
    return Operation<R>(std::move(receiver), started);
  }

  std::atomic<Hold*>& started;
};

}  // namespace rota::testing_tasks

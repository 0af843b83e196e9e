#pragma once

#include <rota/core/build_mark.hpp>

#include <tuple>
#include <type_traits>
#include <utility>

namespace rota::inline v0 {

// Senders and receivers meet by member functions, so types that know nothing of each other fit
// together: `connect`, `start`, `set_value`, `set_error`, `set_stopped`, `get_env`, `query`. What
// both sides have to know besides are some types: which tag says that a class is a receiver, by
// which object an environment is asked for a stop token. Each library has its own, the standard's
// are those of C++26. So Rota is told them, as one class of names, and includes no such library.

/// The types by which senders and receivers know each other, of Rota's own: for what is written
/// without a library of senders. For another library a program writes a class with the same names,
/// once, and gives it to `from_sender`, `as_sender` and `scheduler_of`: in C++26 `Sender` is
/// `std::execution::sender_t`, `GetStopToken` is `std::get_stop_token_t`, and so on
/// (docs/concepts/foreign.md has it whole).
struct SenderNames {
  // What a class says it is, by `sender_concept`, `receiver_concept` and so on.
  struct Sender {};
  struct Receiver {};
  struct OperationState {};
  struct Scheduler {};

  // How an operation ends; one of the three.
  struct SetValue {};
  struct SetError {};
  struct SetStopped {};

  /// The ends that a sender can come to, as functions of these: `SetValue(int)`, `SetStopped()`.
  template <class... Ends>
  struct Signatures {};
  /// Those of sender S for a receiver with an environment of type E.
  template <class S, class E>
  using SignaturesOf = typename S::completion_signatures;

  // What an environment is asked by: `environment.query(GetStopToken())`.
  struct GetStopToken {};
  template <class End>
  struct GetCompletionScheduler {};

  template <class S, class R>
  static auto connect(S sender, R receiver) {
    return std::move(sender).connect(std::move(receiver));
  }
};

/// Of an environment that has none: it is never stopped.
struct NoStopToken {};

/// The stop token in the environment of a receiver: what `receiver.get_env()` answers to
/// `query(GetStopToken())`. A receiver without an environment, and an environment that does not
/// answer this, have a NoStopToken.
template <class Names, class R>
auto stop_token_of(const R& receiver) noexcept {
  if constexpr (requires { receiver.get_env().query(typename Names::GetStopToken()); }) {
    return receiver.get_env().query(typename Names::GetStopToken());
  } else {
    return NoStopToken();
  }
}

/// What a sender's values are to whoever awaits it: nothing, the one, or all as a tuple.
template <class... T>
struct SentTogether {
  using type = std::tuple<std::decay_t<T>...>;
};
template <class T>
struct SentTogether<T> {
  using type = std::decay_t<T>;
};
template <>
struct SentTogether<> {
  using type = void;
};

/// Of a list of ends, the values of the one that has some. Without one, nothing is ever sent.
template <class SetValue, class... Ends>
struct SentBy {
  static constexpr bool has_value_end = false;
  using type = void;
};
template <class SetValue, class Other, class... Ends>
struct SentBy<SetValue, Other, Ends...> : SentBy<SetValue, Ends...> {};
template <class SetValue, class... T, class... Ends>
struct SentBy<SetValue, SetValue(T...), Ends...> : SentTogether<T...> {
  static_assert(!SentBy<SetValue, Ends...>::has_value_end,
                "this sender ends with one kind of values or another: have it send a variant");
  static constexpr bool has_value_end = true;
};

/// The same of a list of any library's.
template <class Names, class List>
struct SentIn;
template <class Names, template <class...> class List, class... Ends>
struct SentIn<Names, List<Ends...>> : SentBy<typename Names::SetValue, Ends...> {};

/// What sender S sends to a receiver with an environment of type E; void for nothing.
template <class Names, class S, class E>
using SentValue = typename SentIn<Names, typename Names::template SignaturesOf<S, E>>::type;

}  // namespace rota::inline v0

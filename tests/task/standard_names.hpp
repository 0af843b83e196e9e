#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

// Another library of senders, as strict as C++26's: its concepts, worded as std::execution words
// them, and nothing that runs. No standard library of today's compilers has the original.
namespace standard {

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
using completion_signatures_of_t = typename std::remove_cvref_t<S>::completion_signatures;

struct empty_env {};
template <class T>
auto get_env(const T& of) noexcept {
  if constexpr (requires { of.get_env(); }) {
    static_assert(noexcept(of.get_env()));
    return of.get_env();
  } else {
    return empty_env();
  }
}

template <class T>
concept queryable = std::destructible<T>;
template <class T>
concept movable_value =
    std::move_constructible<std::decay_t<T>> && std::constructible_from<std::decay_t<T>, T>;

template <class O>
concept operation_state =
    std::derived_from<typename O::operation_state_concept, operation_state_t> &&
    std::is_object_v<O> && requires(O& operation) {
      { operation.start() } noexcept;
    };

template <class R>
concept receiver =
    std::derived_from<typename std::remove_cvref_t<R>::receiver_concept, receiver_t> &&
    requires(const std::remove_cvref_t<R>& to) {
      { get_env(to) } -> queryable;
    } && movable_value<R> && std::is_nothrow_move_constructible_v<std::remove_cvref_t<R>>;

template <class S>
concept sender = std::derived_from<typename std::remove_cvref_t<S>::sender_concept, sender_t> &&
                 requires(const std::remove_cvref_t<S>& from) {
                   { get_env(from) } -> queryable;
                 } && movable_value<S>;

template <class R, class Signature>
inline constexpr bool takes = false;
template <class R, class... T>
inline constexpr bool takes<R, set_value_t(T...)> = requires(R&& to, T&&... values) {
  { std::move(to).set_value(std::forward<T>(values)...) } noexcept -> std::same_as<void>;
};
template <class R, class E>
inline constexpr bool takes<R, set_error_t(E)> = requires(R&& to, E&& error) {
  { std::move(to).set_error(std::forward<E>(error)) } noexcept -> std::same_as<void>;
};
template <class R>
inline constexpr bool takes<R, set_stopped_t()> = requires(R&& to) {
  { std::move(to).set_stopped() } noexcept -> std::same_as<void>;
};
template <class R, class List>
inline constexpr bool takes_all = false;
template <class R, class... Ends>
inline constexpr bool takes_all<R, completion_signatures<Ends...>> = (takes<R, Ends> && ...);

template <class R, class List>
concept receiver_of = receiver<R> && takes_all<std::remove_cvref_t<R>, List>;

template <class S, class R>
auto connect(S&& from, R&& to) {
  using env = decltype(get_env(to));
  static_assert(sender<S> && receiver_of<R, completion_signatures_of_t<S, env>>);
  using operation = decltype(std::forward<S>(from).connect(std::forward<R>(to)));
  static_assert(operation_state<operation>);
  return std::forward<S>(from).connect(std::forward<R>(to));
}

template <class S>
concept scheduler =
    std::derived_from<typename std::remove_cvref_t<S>::scheduler_concept, scheduler_t> &&
    std::equality_comparable<std::remove_cvref_t<S>> && std::copyable<std::remove_cvref_t<S>> &&
    requires(S&& of) {
      { std::forward<S>(of).schedule() } -> sender;
      {
        get_env(of.schedule()).query(get_completion_scheduler_t<set_value_t>())
      } noexcept -> std::same_as<std::remove_cvref_t<S>>;
    };

struct any_callback {
  void operator()() const noexcept {}
};
template <class T>
concept stoppable_token =
    std::copyable<T> && std::equality_comparable<T> && std::is_nothrow_copy_constructible_v<T> &&
    std::constructible_from<typename T::template callback_type<any_callback>, T, any_callback> &&
    requires(const T& token) {
      { token.stop_requested() } noexcept -> std::same_as<bool>;
      { token.stop_possible() } noexcept -> std::same_as<bool>;
    };

}  // namespace standard

namespace rota::testing_tasks {

/// What Rota is told of it.
struct StandardNames {
  using Sender = standard::sender_t;
  using Receiver = standard::receiver_t;
  using OperationState = standard::operation_state_t;
  using Scheduler = standard::scheduler_t;
  using SetValue = standard::set_value_t;
  using SetError = standard::set_error_t;
  using SetStopped = standard::set_stopped_t;
  using GetStopToken = standard::get_stop_token_t;
  template <class End>
  using GetCompletionScheduler = standard::get_completion_scheduler_t<End>;
  template <class... Ends>
  using Signatures = standard::completion_signatures<Ends...>;
  template <class S, class E>
  using SignaturesOf = standard::completion_signatures_of_t<S, E>;
  template <class S, class R>
  static auto connect(S sender, R receiver) {
    return standard::connect(std::move(sender), std::move(receiver));
  }
};

}  // namespace rota::testing_tasks

#pragma once

#include <rota/event.hpp>
#include <rota/scope.hpp>
#include <rota/stop.hpp>
#include <rota/task.hpp>

#include <stop_token>
#include <type_traits>
#include <utility>

namespace rota::inline v0 {

// A bridge to the standard's stop tokens, in a header of its own: <stop_token> costs more to read
// than Rota's stops.

/// Runs `task` so that `token` stops it, besides what stops the caller. Whoever requests the stop
/// sends it to the task, on his own thread, and does not wait for it.
///
/// @threads one task; the token: any thread
/// @loses what the task loses
/// @owns the task is in the frame that waits
/// @errors those of the task
template <class T>
Task<T> with_std_stop(std::stop_token token, Task<T> task) {
  StopSource source;
  auto request = [&source] { source.request_stop(); };
  const std::stop_callback callback(std::move(token), request);
  Task<T> stoppable = with_stop(source.token(), std::move(task));
  if constexpr (std::is_void_v<T>) {
    co_await std::move(stoppable);
  } else {
    T result = co_await std::move(stoppable);
    co_return result;
  }
}

/// Waits for a stop and passes it on.
inline Task<void> pass_stop_on(std::stop_source source) {
  Event never;
  Result<void> stopped = co_await never.wait();
  static_cast<void>(stopped);
  source.request_stop();
}

/// Calls `body(std::stop_token)`, which returns a Task, and runs that; a stop of the caller is
/// requested of the token too, for what knows no other: a function that `blocking` runs, say. The
/// token is requested as well once the body has ended.
///
/// @as with_std_stop
template <class Body>
auto with_std_token(Body body) -> std::invoke_result_t<Body&, std::stop_token> {
  using T = typename std::invoke_result_t<Body&, std::stop_token>::value_type;
  const std::stop_source source;
  auto inside = [&body, &source](Scope& scope) -> Task<T> {
    scope.spawn(pass_stop_on(source));
    Task<T> running = body(source.get_token());
    if constexpr (std::is_void_v<T>) {
      co_await std::move(running);
      scope.request_stop();
    } else {
      T result = co_await std::move(running);
      scope.request_stop();
      co_return result;
    }
  };
  Task<T> scoped = with_scope(inside);
  if constexpr (std::is_void_v<T>) {
    co_await std::move(scoped);
  } else {
    T result = co_await std::move(scoped);
    co_return result;
  }
}

}  // namespace rota::inline v0

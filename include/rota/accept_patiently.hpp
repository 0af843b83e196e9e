#pragma once

#include <rota/core/instant.hpp>
#include <rota/result.hpp>
#include <rota/task.hpp>
#include <rota/time.hpp>

#include <system_error>
#include <utility>

namespace rota::inline v0 {

/// How long accepting waits for descriptors or memory. The connection stays in the listener's
/// queue, which is readable all the while: to ask again at once would only spin.
inline constexpr Duration kShortagePause{100'000'000};

/// Whether an accept failed for want of descriptors, of this process or of the system, or of
/// memory: what others may give back.
[[nodiscard]] inline bool is_shortage(const std::error_code& error) noexcept {
  return error == std::errc::too_many_files_open ||
         error == std::errc::too_many_files_open_in_system || error == std::errc::no_buffer_space ||
         error == std::errc::not_enough_memory;
}

/// One connection, however long descriptors or memory are short: a server that is short of them
/// serves on. Of any listener.
///
/// @as SocketListener
/// @errors what accept(2) says but for a shortage (`is_shortage`), which it waits out
template <class Listener>
Task<Result<typename Listener::Stream>> accept_patiently(Listener& listener) {
  for (;;) {
    Result<typename Listener::Stream> accepted = co_await listener.accept();
    if (accepted) co_return accepted;
    if (!is_shortage(accepted.error())) co_return accepted;
    Result<void> paused = co_await sleep(kShortagePause);
    if (!paused) co_return std::unexpected(paused.error());
  }
}

}  // namespace rota::inline v0

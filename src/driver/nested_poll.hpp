#pragma once

#include <cstdint>

namespace rota::inline v0 {

/// A wait for events in an epoll instance of its own, which a mechanism watches instead of the fd
/// where it cannot wait for just these events. It costs four system calls and an fd, so it is for
/// exceptional conditions.
///
/// io_uring: the ring's own poll also ends when the peer shuts down, asked or not (its kernel adds
/// POLLRDHUP), and would end at once again; and on Linux 6.18 it was never roused by the urgent
/// data of a TCP socket. select: no set of it tells a hang-up from data that nobody reads.

/// Whether the ring's own poll is known to be wrong for these events.
[[nodiscard]] bool needs_nested_poll(std::uint32_t events) noexcept;

/// What `open_nested_poll` says of an fd that epoll cannot watch, as no errno does: a file.
inline constexpr int nested_poll_of_file = -4096;

/// An epoll fd that is readable when one of the events holds on `fd`; else nested_poll_of_file, or
/// a negative errno.
[[nodiscard]] int open_nested_poll(int fd, std::uint32_t events) noexcept;

/// The events that hold now; a negative errno where a filter denies the question.
[[nodiscard]] std::int32_t nested_events(int nested) noexcept;

void close_nested_poll(int nested) noexcept;

}  // namespace rota::inline v0

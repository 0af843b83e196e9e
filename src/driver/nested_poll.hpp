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

/// An epoll fd that is readable when one of the events holds on `fd`; a negative errno (EPERM for
/// what epoll cannot watch).
[[nodiscard]] int open_nested_poll(int fd, std::uint32_t events) noexcept;

/// The events that hold now.
[[nodiscard]] std::uint32_t nested_events(int nested) noexcept;

void close_nested_poll(int nested) noexcept;

}  // namespace rota::inline v0

#pragma once

#include <cstdint>

namespace rota::inline v0 {

/// A wait for events in an epoll instance of its own, which the ring polls instead of the fd.
/// The ring's own poll also ends when the peer shuts down, asked or not (its kernel adds
/// POLLRDHUP), and would end at once again; and on Linux 6.18 it was never roused by the urgent
/// data of a TCP socket. epoll does both right. It costs four system calls and an fd, so it is
/// for exceptional conditions and for what the ring's poll reported wrongly.

/// Whether the ring's own poll is known to be wrong for these events.
[[nodiscard]] bool needs_nested_poll(std::uint32_t events) noexcept;

/// An epoll fd that is readable when one of the events holds on `fd`; a negative errno (EPERM for
/// what epoll cannot watch).
[[nodiscard]] int open_nested_poll(int fd, std::uint32_t events) noexcept;

/// The events that hold now.
[[nodiscard]] std::uint32_t nested_events(int nested) noexcept;

void close_nested_poll(int nested) noexcept;

}  // namespace rota::inline v0

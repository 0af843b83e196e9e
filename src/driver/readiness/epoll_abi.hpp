#pragma once

#include <sys/ioctl.h>

#include <cstdint>

namespace rota::inline v0 {

/// What an epoll instance does before it sleeps (Linux 6.9); the C library of Debian 12 does not
/// name it yet. Numbers of the kernel's ABI: they never change.
struct EpollParameters {
  std::uint32_t busy_poll_us = 0;
  std::uint16_t packets_at_once = 0;  ///< 0: as many as the kernel likes
  std::uint8_t prefers_busy_poll = 0;
  std::uint8_t padding = 0;
};
inline constexpr unsigned long kEpollSetParameters = _IOW(0x8A, 1, EpollParameters);
inline constexpr unsigned long kEpollGetParameters = _IOR(0x8A, 2, EpollParameters);

}  // namespace rota::inline v0

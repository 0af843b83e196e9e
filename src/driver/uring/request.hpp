#pragma once

#include <rota/config.hpp>

#include "driver/files/file_engine_make.hpp"

#include <cstdint>

namespace rota::inline v0 {

/// What a ring may be able to do beyond the floor that `UringRing` demands; a set of bits.
/// age.cpp has the releases.
enum RingAbility : std::uint32_t {
  ring_accepts_multishot = 1 << 0,  ///< one accept that completes for every connection (5.19)
  ring_cancels_by_fd = 1 << 1,      ///< one request cancels everything on an fd (5.19)
  ring_truncates = 1 << 2,          ///< ftruncate (6.9)
  ring_places_workers = 1 << 3,     ///< the kernel's worker threads run where they are told (5.14)
  ring_changes_paths = 1 << 4,      ///< mkdirat, unlinkat, renameat2, linkat, symlinkat (5.15)
  ring_lends = 1 << 5,              ///< a receive takes one of many buffers when bytes come (5.19)
  ring_sends_in_place = 1 << 6,     ///< a send without a copy, which tells if it was one (6.7)
  ring_polls_network = 1 << 7,      ///< waits poll the queues of network cards (6.9)
  ring_gathers = 1 << 8,            ///< a wait lasts for more than one completion (6.12)
  ring_limits_workers = 1 << 9,     ///< no more of these threads than it is told (5.15)
  ring_goes_by_index = 1 << 10,     ///< a thread enters it without its fd being looked up (5.18)
  ring_keeps_files = 1 << 11,       ///< a table of files that lets go of them at once (6.14)
  ring_keeps_memory = 1 << 12,      ///< a table of memory that is pinned once (5.19)
  ring_waits_for_children = 1 << 13,  ///< waitid (6.7)
  ring_takes_messages = 1 << 14,    ///< any thread puts a completion into it (6.13)
  ring_waits_for_words = 1 << 15,   ///< futex (6.7)
  ring_receives_ahead = 1 << 16,    ///< one receive that completes for all that comes (6.0)
  ring_shares_buffers = 1 << 17,    ///< messages that follow each other share a buffer (6.16)
  ring_installs = 1 << 18,          ///< what has a place is given a number (6.8)
  ring_lacks_call = 1U << 31,       ///< never set: of what no kernel's ring has a call for
};

/// A profile as refusals and reports name it.
[[nodiscard]] constexpr const char* name_of(RingProfile profile) noexcept {
  switch (profile) {
    case RingProfile::movable: return "io_uring movable";
    case RingProfile::sqpoll: return "io_uring sqpoll";
    case RingProfile::best:
    case RingProfile::pinned: break;
  }
  return "io_uring pinned";
}

/// What an io_uring is asked for. The three last fields pretend an older kernel.
struct RingRequest {
  RingProfile profile = RingProfile::pinned;   ///< any but best
  std::uint32_t entries = DriverConfig{}.ring_entries;
  std::uint32_t completion_entries = DriverConfig{}.completion_entries;
  std::uint32_t bounded_workers = DriverConfig{}.bounded_ring_workers;
  std::uint32_t unbounded_workers = DriverConfig{}.unbounded_ring_workers;
  EngineRequest files;                         ///< `best`: the ring, and for what it cannot do the
                                               ///< blocking pool
  int cpu = -1;                                ///< of the kernel's worker threads; -1: any
  std::uint32_t sqpoll_idle_ms = DriverConfig{}.sqpoll_idle_ms;
  int sqpoll_cpu = DriverConfig{}.sqpoll_cpu;
  int sqpoll_ring = -1;                        ///< the number of the ring whose thread this one
                                               ///< is to share; -1: a thread of its own
  std::uint32_t napi_busy_poll_us = 0;
  std::uint32_t min_wait_us = 0;
  bool message_wakes = false;
  DevicePolling device_polling = DevicePolling::never;  ///< else it is for direct transfers alone
  bool tries_lone_reads = true;                ///< DriverTraits
  KernelRelease as_kernel;                     ///< without what came after it; {}: with everything
  std::uint32_t withheld_setup_flags = 0;      ///< IORING_SETUP_* answered with EINVAL
  std::uint32_t withheld_abilities = 0;         ///< RingAbility
};

/// Of the ring of a file engine.
[[nodiscard]] inline RingRequest ring_request_of(const EngineRequest& asked) noexcept {
  RingRequest request;
  request.profile = RingProfile::movable;
  request.bounded_workers = asked.bounded_workers;
  request.unbounded_workers = asked.unbounded_workers;
  request.cpu = asked.cpu;
  request.as_kernel = asked.as_kernel;
  return request;
}

}  // namespace rota::inline v0

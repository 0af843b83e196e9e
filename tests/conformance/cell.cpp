#include "conformance/cell.hpp"

#include <sys/select.h>

#include <limits>
#include <ostream>

namespace rota::conformance {
namespace {

constexpr int kNoFdLimit = std::numeric_limits<int>::max();

Cell readiness(const char* name, DriverKind kind, Way way, int fd_limit) {
  DriverConfig config;
  config.kind = kind;
  return Cell{name, config, way, fd_limit};
}

Cell ring(const char* name, RingProfile profile) {
  DriverConfig config;
  config.kind = DriverKind::io_uring;
  config.ring = profile;
  // Hundreds of cases, one after the other: the kernel's thread of none is to outlast its case.
  config.sqpoll_idle_ms = 1;
  return Cell{name, config, Way::straight, kNoFdLimit};
}

/// With another engine for files than the driver would have.
Cell with_files(Cell cell, const char* name, FileEngineKind files) {
  cell.name = name;
  cell.config.files = files;
  return cell;
}

/// So small that nothing fits: every limit of the ring is met by nearly every case.
Cell tiny_ring(const char* name, RingProfile profile) {
  Cell cell = ring(name, profile);
  cell.config.ring_entries = 2;
  cell.config.completion_entries = 4;
  return cell;
}

/// Whose waits gather completions, poll the queues of network cards, and are ended by messages, as
/// far as the kernel does.
Cell gathering_ring() {
  Cell cell = ring("io_uring_min_wait", RingProfile::pinned);
  cell.config.min_wait_us = 100;
  cell.config.napi_busy_poll_us = 10;
  cell.config.message_wakes = true;
  return cell;
}

/// On a newer kernel than a machine of its users has.
Cell older_ring(const char* name, KernelRelease release) {
  Cell cell = ring(name, RingProfile::pinned);
  cell.config.as_kernel = release;
  return cell;
}

Cell simulated(const char* name, std::uint64_t seed, Way way) {
  DriverConfig config;
  config.kind = DriverKind::sim;
  config.seed = seed;
  return Cell{name, config, way, kNoFdLimit};
}

}  // namespace

// Not every engine for files is crossed with every driver. An engine is behind a seam of its own:
// make_file_engine is told what is wanted and how to rouse whoever it is for, and not which driver
// or ring profile that is. So each engine has a cell with a driver that waits for readiness and one
// with a ring; what tells poll from epoll, or one ring from another, it never meets. The driver
// over Linux aio is here with its own engine too, since it alone shares a context with it.
const std::vector<Cell>& cells() {
  static const std::vector<Cell> all = {
      readiness("select", DriverKind::select, Way::straight, FD_SETSIZE),
      readiness("select_tried_first", DriverKind::select, Way::tried_first, FD_SETSIZE),
      readiness("poll", DriverKind::poll, Way::straight, kNoFdLimit),
      readiness("poll_tried_first", DriverKind::poll, Way::tried_first, kNoFdLimit),
      readiness("epoll", DriverKind::epoll, Way::straight, kNoFdLimit),
      readiness("epoll_tried_first", DriverKind::epoll, Way::tried_first, kNoFdLimit),
      with_files(readiness("epoll", DriverKind::epoll, Way::straight, kNoFdLimit),
                 "epoll_aio_files", FileEngineKind::linux_aio),
      with_files(readiness("epoll", DriverKind::epoll, Way::straight, kNoFdLimit),
                 "epoll_ring_files", FileEngineKind::io_uring),
      with_files(readiness("linux_aio", DriverKind::linux_aio, Way::straight, kNoFdLimit),
                 "linux_aio_ring_files", FileEngineKind::io_uring),
      with_files(readiness("epoll", DriverKind::epoll, Way::straight, kNoFdLimit),
                 "epoll_posix_aio", FileEngineKind::posix_aio),
      with_files(readiness("select", DriverKind::select, Way::straight, FD_SETSIZE),
                 "select_posix_aio", FileEngineKind::posix_aio),
      readiness("linux_aio", DriverKind::linux_aio, Way::straight, kNoFdLimit),
      readiness("linux_aio_tried_first", DriverKind::linux_aio, Way::tried_first, kNoFdLimit),
      with_files(readiness("linux_aio", DriverKind::linux_aio, Way::straight, kNoFdLimit),
                 "linux_aio_pool_files", FileEngineKind::blocking_pool),
      ring("io_uring_pinned", RingProfile::pinned),
      ring("io_uring_movable", RingProfile::movable),
      ring("io_uring_sqpoll", RingProfile::sqpoll),
      tiny_ring("io_uring_sqpoll_tiny", RingProfile::sqpoll),
      tiny_ring("io_uring_tiny", RingProfile::best),
      gathering_ring(),
      with_files(ring("", RingProfile::pinned), "io_uring_aio_files", FileEngineKind::linux_aio),
      with_files(ring("", RingProfile::movable), "io_uring_pool_files",
                 FileEngineKind::blocking_pool),
      with_files(ring("", RingProfile::pinned), "io_uring_posix_aio", FileEngineKind::posix_aio),
      older_ring("io_uring_as_6_1", {6, 1}),  // Debian 12
      Cell{"best", DriverConfig(), Way::straight, kNoFdLimit},
      simulated("sim_seed_1", 1, Way::straight),
      simulated("sim_seed_2", 2, Way::straight),
      simulated("sim_seed_77", 77, Way::straight),
      simulated("sim_seed_4711", 4711, Way::straight),
  };
  return all;
}

void PrintTo(const Cell& cell, std::ostream* out) { *out << cell.name; }

}  // namespace rota::conformance

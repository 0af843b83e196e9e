#include "conformance/cell.hpp"

#include <sys/select.h>

#include <initializer_list>
#include <limits>
#include <ostream>
#include <vector>

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

/// As in a sandbox: a driver takes the ring's place.
Cell without_ring(const char* name) {
  return Cell{name, DriverConfig(), Way::straight, kNoFdLimit, true};
}

struct Engine {
  const char* suffix;
  FileEngineKind kind;
};
constexpr Engine kPool{"_pool_files", FileEngineKind::blocking_pool};
constexpr Engine kPosixAio{"_posix_aio", FileEngineKind::posix_aio};
constexpr Engine kLinuxAio{"_aio_files", FileEngineKind::linux_aio};
constexpr Engine kRing{"_ring_files", FileEngineKind::io_uring};

/// With the engine for files that the driver has by itself, and with each of these.
void add(std::vector<Cell>& cells, const Cell& cell, std::initializer_list<Engine> engines) {
  cells.push_back(cell);
  for (const Engine& engine : engines) {
    Cell& crossed = cells.emplace_back(cell);
    crossed.name += engine.suffix;
    crossed.config.files = engine.kind;
  }
}

/// Every driver with every engine for files that it can be asked for: a ring's own is the ring, and
/// where rings are denied no engine is one.
std::vector<Cell> drivers_with_engines() {
  std::vector<Cell> cells;
  for (const Cell& cell : {readiness("select", DriverKind::select, Way::straight, FD_SETSIZE),
                           readiness("poll", DriverKind::poll, Way::straight, kNoFdLimit),
                           readiness("epoll", DriverKind::epoll, Way::straight, kNoFdLimit),
                           readiness("linux_aio", DriverKind::linux_aio, Way::straight,
                                     kNoFdLimit)}) {
    add(cells, cell, {kPool, kPosixAio, kLinuxAio, kRing});
  }
  for (const Cell& cell : {ring("io_uring_pinned", RingProfile::pinned),
                           ring("io_uring_movable", RingProfile::movable),
                           ring("io_uring_sqpoll", RingProfile::sqpoll),
                           tiny_ring("io_uring_tiny", RingProfile::best),
                           older_ring("io_uring_as_6_1", {6, 1}),  // Debian 12
                           without_ring("denied_ring")}) {
    add(cells, cell, {kPool, kPosixAio, kLinuxAio});
  }
  return cells;
}

}  // namespace

const std::vector<Cell>& cells() {
  static const std::vector<Cell> all = [] {
    std::vector<Cell> cells = drivers_with_engines();
    for (const Cell& cell : {
             readiness("select_tried_first", DriverKind::select, Way::tried_first, FD_SETSIZE),
             readiness("poll_tried_first", DriverKind::poll, Way::tried_first, kNoFdLimit),
             readiness("epoll_tried_first", DriverKind::epoll, Way::tried_first, kNoFdLimit),
             readiness("linux_aio_tried_first", DriverKind::linux_aio, Way::tried_first,
                       kNoFdLimit),
             tiny_ring("io_uring_sqpoll_tiny", RingProfile::sqpoll),
             gathering_ring(),
             Cell{"best", DriverConfig(), Way::straight, kNoFdLimit},
             simulated("sim_seed_1", 1, Way::straight),
             simulated("sim_seed_2", 2, Way::straight),
             simulated("sim_seed_77", 77, Way::straight),
             simulated("sim_seed_4711", 4711, Way::straight),
         }) {
      cells.push_back(cell);
    }
    return cells;
  }();
  return all;
}

void PrintTo(const Cell& cell, std::ostream* out) { *out << cell.name; }

}  // namespace rota::conformance

#pragma once

#include <rota/config.hpp>

#include <array>
#include <string_view>

namespace rota::cli {

/// A driver as the command line and the reports name it, and with which file engine.
struct DriverChoice {
  std::string_view name;       ///< on the command line
  std::string_view title;      ///< in reports
  std::string_view mechanism;  ///< among the capabilities
  DriverKind kind;
  RingProfile ring = RingProfile::best;
  FileEngineKind files = FileEngineKind::best;

  [[nodiscard]] DriverConfig config() const noexcept {
    DriverConfig config;
    config.kind = kind;
    config.ring = ring;
    config.files = files;
    return config;
  }
};

/// The drivers that are measured unless some are named, in the order in which reports show them.
inline constexpr std::array<DriverChoice, 6> measured_drivers{{
    {"select", "select", "select", DriverKind::select},
    {"poll", "poll", "poll", DriverKind::poll},
    {"epoll", "epoll", "epoll", DriverKind::epoll},
    {"linux-aio", "linux_aio", "linux_aio", DriverKind::linux_aio},
    {"uring", "io_uring pinned", "io_uring pinned", DriverKind::io_uring, RingProfile::pinned},
    {"uring-movable", "io_uring movable", "io_uring movable", DriverKind::io_uring,
     RingProfile::movable},
}};

/// With another file engine than they would choose; measured where they are named.
inline constexpr std::array<DriverChoice, 5> drivers_with_engines{{
    {"epoll+pool", "epoll, pool files", "epoll", DriverKind::epoll, RingProfile::best,
     FileEngineKind::blocking_pool},
    {"epoll+uring", "epoll, ring files", "epoll", DriverKind::epoll, RingProfile::best,
     FileEngineKind::io_uring},
    {"epoll+posix-aio", "epoll, POSIX aio", "epoll", DriverKind::epoll, RingProfile::best,
     FileEngineKind::posix_aio},
    {"uring+pool", "uring, pool files", "io_uring pinned", DriverKind::io_uring,
     RingProfile::pinned, FileEngineKind::blocking_pool},
    {"uring+linux-aio", "uring, aio files", "io_uring pinned",
     DriverKind::io_uring, RingProfile::pinned, FileEngineKind::linux_aio},
}};

inline constexpr DriverChoice best_driver{"best", "best", "best", DriverKind::best};

/// Calls `visit` with each, in the order of reports.
template <class Visit>
constexpr void for_each_driver(Visit visit) {
  for (const DriverChoice& choice : measured_drivers) visit(choice);
  for (const DriverChoice& choice : drivers_with_engines) visit(choice);
}

/// The driver of a name, or none.
constexpr const DriverChoice* find_driver(std::string_view name) noexcept {
  const DriverChoice* found = name == best_driver.name ? &best_driver : nullptr;
  for_each_driver([&](const DriverChoice& choice) {
    if (choice.name == name) found = &choice;
  });
  return found;
}

}  // namespace rota::cli

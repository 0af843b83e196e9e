#pragma once

#include <rota/config.hpp>

#include <sys/select.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace rota::cli {

/// A driver as the command line and the reports name it.
struct DriverChoice {
  std::string_view name;       ///< on the command line
  std::string_view title;      ///< in reports
  std::string_view mechanism;  ///< among the capabilities
  DriverKind kind;
  RingProfile ring = RingProfile::best;
  std::uint32_t most_descriptors = 0;  ///< numbers that it can wait for are below; 0: all are

  [[nodiscard]] DriverConfig config() const noexcept {
    DriverConfig config;
    config.kind = kind;
    config.ring = ring;
    return config;
  }
};

/// The drivers, in the order in which reports show them.
inline constexpr std::array<DriverChoice, 6> measured_drivers{{
    {"select", "select", "select", DriverKind::select, RingProfile::best, FD_SETSIZE},
    {"poll", "poll", "poll", DriverKind::poll},
    {"epoll", "epoll", "epoll", DriverKind::epoll},
    {"linux-aio", "linux_aio", "linux_aio", DriverKind::linux_aio},
    {"uring", "io_uring pinned", "io_uring pinned", DriverKind::io_uring, RingProfile::pinned},
    {"uring-movable", "io_uring movable", "io_uring movable", DriverKind::io_uring,
     RingProfile::movable},
}};

/// Measured where it is named: with a thread of the kernel's, which needs a CPU that nothing else
/// wants.
inline constexpr std::array<DriverChoice, 1> named_drivers{{
    {"uring-sqpoll", "io_uring sqpoll", "io_uring sqpoll", DriverKind::io_uring,
     RingProfile::sqpoll},
}};

inline constexpr DriverChoice best_driver{"best", "best", "best", DriverKind::best};

/// Calls `visit` with each, in the order of reports.
template <class Visit>
constexpr void for_each_driver(Visit visit) {
  for (const DriverChoice& choice : measured_drivers) visit(choice);
  for (const DriverChoice& choice : named_drivers) visit(choice);
}

[[nodiscard]] constexpr bool is_measured_unasked(const DriverChoice& asked) noexcept {
  for (const DriverChoice& choice : measured_drivers) {
    if (choice.name == asked.name) return true;
  }
  return false;
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

#pragma once

#include <rota/config.hpp>

#include <array>
#include <string_view>

namespace rota::cli {

/// A driver as the command line and the reports name it.
struct DriverChoice {
  std::string_view name;   ///< on the command line
  std::string_view title;  ///< in reports
  DriverKind kind;
  RingProfile ring;

  [[nodiscard]] DriverConfig config() const noexcept {
    DriverConfig config;
    config.kind = kind;
    config.ring = ring;
    return config;
  }
};

/// The drivers that can be measured, in the order in which reports show them.
inline constexpr std::array<DriverChoice, 6> measured_drivers{{
    {"select", "select", DriverKind::select, RingProfile::best},
    {"poll", "poll", DriverKind::poll, RingProfile::best},
    {"epoll", "epoll", DriverKind::epoll, RingProfile::best},
    {"linux-aio", "Linux aio", DriverKind::linux_aio, RingProfile::best},
    {"uring", "io_uring pinned", DriverKind::io_uring, RingProfile::pinned},
    {"uring-movable", "io_uring movable", DriverKind::io_uring, RingProfile::movable},
}};

inline constexpr DriverChoice best_driver{"best", "best", DriverKind::best, RingProfile::best};

/// The driver of a name, or none.
constexpr const DriverChoice* find_driver(std::string_view name) noexcept {
  if (name == best_driver.name) return &best_driver;
  for (const DriverChoice& choice : measured_drivers) {
    if (choice.name == name) return &choice;
  }
  return nullptr;
}

}  // namespace rota::cli

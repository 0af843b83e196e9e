#pragma once

#include <rota/config.hpp>

#include <array>
#include <string_view>

namespace rota::cli {

/// A file engine as the command line names it.
struct EngineChoice {
  std::string_view name;       ///< on the command line
  std::string_view mechanism;  ///< among the capabilities; empty: whatever the driver chooses
  FileEngineKind files;
  DevicePolling polling = DevicePolling::never;
  AioNotification told = AioNotification::none;  ///< of what has ended

  constexpr void put_into(DriverConfig& config) const noexcept {
    config.files = files;
    config.device_polling = polling;
    config.aio_notification = told;
  }
};

/// In the order in which reports show them.
inline constexpr std::array<EngineChoice, 9> engine_choices{{
    {"best", "", FileEngineKind::best},
    {"pool", "blocking pool", FileEngineKind::blocking_pool},
    {"linux-aio", "linux_aio", FileEngineKind::linux_aio},
    {"uring", "io_uring", FileEngineKind::io_uring},
    {"uring-polled", "io_uring polled", FileEngineKind::io_uring, DevicePolling::busy},
    {"uring-hybrid", "io_uring polled", FileEngineKind::io_uring, DevicePolling::hybrid},
    {"posix-aio", "posix_aio", FileEngineKind::posix_aio},
    {.name = "posix-aio-signal",
     .mechanism = "posix_aio",
     .files = FileEngineKind::posix_aio,
     .told = AioNotification::signal},
    {.name = "posix-aio-thread",
     .mechanism = "posix_aio",
     .files = FileEngineKind::posix_aio,
     .told = AioNotification::thread},
}};

/// The engine of a name, or none.
constexpr const EngineChoice* find_engine(std::string_view name) noexcept {
  for (const EngineChoice& choice : engine_choices) {
    if (choice.name == name) return &choice;
  }
  return nullptr;
}

}  // namespace rota::cli

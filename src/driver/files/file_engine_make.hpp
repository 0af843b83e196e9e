#pragma once

#include <rota/config.hpp>
#include <rota/result.hpp>

#include "driver/files/file_engine.hpp"
#include "driver/refusal.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace rota::inline v0 {

/// What a driver's file engine is to be.
struct EngineRequest {
  FileEngineKind kind = FileEngineKind::best;  ///< `best`: Linux aio, once there is need of it and
                                               ///< where it is allowed
  unsigned threads = DriverConfig{}.blocking_threads;  ///< of its blocking pool
  AioNotification aio_notification = AioNotification::none;  ///< of posix_aio
  // Of its ring, as of a driver's (RingRequest).
  std::uint32_t bounded_workers = DriverConfig{}.bounded_ring_workers;
  std::uint32_t unbounded_workers = DriverConfig{}.unbounded_ring_workers;
  int cpu = -1;
  KernelRelease as_kernel{};
  DevicePolling device_polling = DevicePolling::never;
};

/// The engine that is asked for, or why there is none: it is never replaced.
Result<std::unique_ptr<FileEngine>> make_file_engine(const EngineRequest& asked,
                                                     EngineNotify notify,
                                                     std::vector<Refusal>& refusals);

}  // namespace rota::inline v0

#include "driver/blocking_pool.hpp"
#include "driver/readiness.hpp"

#include <memory>
#include <utility>

namespace rota::inline v0 {

std::unique_ptr<Driver> make_readiness_driver(std::unique_ptr<Poller> poller,
                                              const DriverConfig& config) {
  auto driver = std::make_unique<ReadinessDriver>(std::move(poller));
  driver->attach(make_blocking_pool(driver->notify(), config.blocking_threads));
  return driver;
}

}  // namespace rota::inline v0

#include "driver/readiness/readiness.hpp"

#include <memory>
#include <utility>

namespace rota::inline v0 {

Result<std::unique_ptr<Driver>> make_readiness_driver(std::unique_ptr<Poller> poller,
                                                      const EngineRequest& asked,
                                                      std::vector<Refusal>& refusals) {
  auto driver = std::make_unique<ReadinessDriver>(std::move(poller));
  auto files = make_file_engine(asked, driver->notify(), refusals);
  if (!files) return std::unexpected(files.error());
  driver->attach(std::move(*files));
  return driver;
}

}  // namespace rota::inline v0

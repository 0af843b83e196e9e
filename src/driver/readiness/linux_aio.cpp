#include "driver/readiness/linux_aio.hpp"

#include "driver/files/blocking_pool.hpp"
#include "driver/readiness/linux_aio_poller.hpp"
#include "driver/readiness/readiness.hpp"

#include <optional>
#include <utility>

namespace rota::inline v0 {

Result<std::unique_ptr<Driver>> make_linux_aio_driver(const EngineRequest& asked,
                                                      std::vector<Refusal>& refusals) {
  auto made = std::make_unique<LinuxAioPoller>();
  if (std::optional<Refusal> refusal = made->prepare()) {
    refusals.push_back(*std::move(refusal));
    return failure(refusals.back().error);
  }
  LinuxAioPoller& poller = *made;
  auto driver = std::make_unique<ReadinessDriver>(std::move(made));
  const EngineNotify notify = driver->notify();
  if (asked.kind == FileEngineKind::best || asked.kind == FileEngineKind::linux_aio) {
    auto files = std::make_unique<LinuxAioFiles>(
        poller.context(), notify, make_blocking_pool(notify, asked.threads));
    poller.share_with(*files);
    driver->attach(std::move(files));
    return driver;
  }
  auto files = make_file_engine(asked, notify, refusals);
  if (!files) return std::unexpected(files.error());
  driver->attach(std::move(*files));
  return driver;
}

MadePoller make_linux_aio_poller() {
  auto poller = std::make_unique<LinuxAioPoller>();
  if (std::optional<Refusal> refusal = poller->prepare()) {
    return std::unexpected(*std::move(refusal));
  }
  return poller;
}

}  // namespace rota::inline v0

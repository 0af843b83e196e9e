#include "driver/files/file_engine_make.hpp"

#include "driver/files/blocking_pool.hpp"
#include "driver/files/linux_aio_files.hpp"
#include "driver/files/posix_aio.hpp"
#include "driver/files/uring_files.hpp"
#include "driver/files/uring_polled_files.hpp"

#include <cerrno>
#include <optional>
#include <string>
#include <utility>

namespace rota::inline v0 {
namespace {

using MadeEngine = Result<std::unique_ptr<FileEngine>>;

std::unique_ptr<FileEngine> make_aio_files(std::unique_ptr<AioContext> context,
                                           const EngineRequest& asked, EngineNotify notify) {
  return std::make_unique<LinuxAioFiles>(std::move(context), notify,
                                         make_blocking_pool(notify, asked.threads));
}

/// A context is set up when there is need of one. That there is no room for it is told already
/// here, where whoever asks why a mechanism is not used is listening.
MadeEngine make_best(const EngineRequest& asked, EngineNotify notify,
                     std::vector<Refusal>& refusals) {
  if (auto lack = AioContext::lack_of_room(LinuxAioFiles::kRequests)) {
    refusals.push_back(*std::move(lack));
  }
  return make_aio_files(std::make_unique<AioContext>(), asked, notify);
}

MadeEngine make_linux_aio_files(const EngineRequest& asked, EngineNotify notify,
                                std::vector<Refusal>& refusals) {
  auto context = std::make_unique<AioContext>();
  if (const int error = context->set_up(LinuxAioFiles::kRequests); error != 0) {
    refusals.push_back(context->refusal(error));
    return failure(error);
  }
  return make_aio_files(std::move(context), asked, notify);
}

/// What cannot be polled is told by interrupts.
MadeEngine make_uring_files(const EngineRequest& asked, EngineNotify notify,
                            std::vector<Refusal>& refusals) {
  MadeEngine plain =
      UringFiles::make(asked, notify, make_blocking_pool(notify, asked.threads), refusals);
  if (!plain || asked.device_polling == DevicePolling::never) return plain;
  if (std::string lack = no_polled_device(); !lack.empty()) {
    refusals.push_back({"io_uring polled", "Interrupts tell of direct transfers: " + lack + '.',
                        EOPNOTSUPP});
    return plain;
  }
  MadeEngine polled = UringPolledFiles::make(asked, notify, *plain, refusals);
  return polled ? std::move(polled) : std::move(plain);
}

}  // namespace

MadeEngine make_file_engine(const EngineRequest& asked, EngineNotify notify,
                            std::vector<Refusal>& refusals) {
  switch (asked.kind) {
    case FileEngineKind::best: return make_best(asked, notify, refusals);
    case FileEngineKind::blocking_pool: return make_blocking_pool(notify, asked.threads);
    case FileEngineKind::linux_aio: return make_linux_aio_files(asked, notify, refusals);
    case FileEngineKind::io_uring:
      return make_uring_files(asked, notify, refusals);
    case FileEngineKind::posix_aio:
      return make_posix_aio(asked.aio_notification, notify,
                            make_blocking_pool(notify, asked.threads), refusals);
  }
  return failure(EINVAL);
}

}  // namespace rota::inline v0

#pragma once

#include <rota/result.hpp>

#include "driver/driver.hpp"
#include "driver/files/file_engine_make.hpp"
#include "driver/readiness/poller.hpp"
#include "driver/refusal.hpp"

#include <memory>
#include <vector>

namespace rota::inline v0 {

/// The driver over one context of the kernel's asynchronous I/O, which waits for sockets
/// (IOCB_CMD_POLL, Linux 4.18) and for files at once. Where another file engine is asked for, the
/// context waits for sockets alone.
Result<std::unique_ptr<Driver>> make_linux_aio_driver(const EngineRequest& asked,
                                                      std::vector<Refusal>& refusals);

/// Its poller, alone.
MadePoller make_linux_aio_poller();

}  // namespace rota::inline v0

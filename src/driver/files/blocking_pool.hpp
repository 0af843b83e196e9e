#pragma once

#include "driver/files/file_engine.hpp"

#include <memory>

namespace rota::inline v0 {

/// A file engine of at most `threads` threads that make blocking calls. They are started when
/// there is work for them, and stay. Words of memory are waited for beside them (FutexWaiter).
std::unique_ptr<FileEngine> make_blocking_pool(EngineNotify notify, unsigned threads);

}  // namespace rota::inline v0

#pragma once

#include <rota/core/platform.hpp>

#include "driver/engine_fixture.hpp"
#include "driver/files/blocking_pool.hpp"
#include "driver/files/posix_aio.hpp"
#include "driver/files/posix_aio_doorbell.hpp"
#include "driver/sockets.hpp"

#include <gtest/gtest.h>

#include <aio.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace rota::aio_library {

using testing_sockets::checked;
using testing_sockets::Fd;

/// Takes every thread that the C library has for requests, until it is told to let go.
class BusyLibrary {
 public:
  BusyLibrary() {
    for (Request& each : requests_) {
      int ends[2];
      checked(::pipe2(ends, O_CLOEXEC), "pipe2");
      each.reader = Fd(ends[0]);
      each.writer = Fd(ends[1]);
      each.control.aio_fildes = ends[0];
      each.control.aio_buf = &each.byte;
      each.control.aio_nbytes = 1;
      each.control.aio_sigevent.sigev_notify = SIGEV_NONE;
      checked(::aio_read(&each.control), "aio_read");
    }
    // What cannot be cancelled has a thread.
    for (Request& each : requests_) {
      while (::aio_cancel(each.control.aio_fildes, &each.control) != AIO_NOTCANCELED) {
        std::this_thread::yield();
        checked(::aio_read(&each.control), "aio_read");
      }
    }
  }
  BusyLibrary(const BusyLibrary&) = delete;
  BusyLibrary& operator=(const BusyLibrary&) = delete;
  ~BusyLibrary() { let_go(); }

  void let_go() {
    for (Request& each : requests_) {
      if (each.writer.number() < 0) continue;
      checked(static_cast<int>(::write(each.writer.number(), "x", 1)), "write");
      each.writer.close();
      const aiocb* const list[] = {&each.control};
      while (::aio_error(&each.control) == EINPROGRESS) ::aio_suspend(list, 1, nullptr);
    }
  }

 private:
  struct Request {
    Fd reader;
    Fd writer;
    char byte = 0;
    aiocb control{};
  };

  /// glibc's limit, which only `limit_threads_for_sanitizer` changes.
  static constexpr std::size_t kThreads = thread_sanitizer ? 1 : 20;
  std::array<Request, kThreads> requests_;
};

/// The thread sanitizer knows nothing of threads that the C library starts, and such a thread ends
/// the program when it allocates: which it does when it starts another. Where there are two at the
/// most and a doorbell has one of them, the other is always started by who asks for something.
inline void limit_threads_for_sanitizer() {
  if constexpr (!thread_sanitizer) return;
  static PosixAioDoorbell one;
  static const bool hung = [] {
    aioinit limits{};
    limits.aio_threads = 2;
    limits.aio_num = 64;
    limits.aio_idle_time = 1;
    ::aio_init(&limits);
    return one.hang() == 0;
  }();
  if (!hung) testing_sockets::fail("a doorbell");
}

using MadeEngine = Result<std::unique_ptr<FileEngine>>;

inline MadeEngine make_engine(engine_fixture::EngineRig& rig, AioNotification how) {
  std::vector<Refusal> refusals;
  const EngineNotify notify = rig.bell().notify();
  return make_posix_aio(how, notify, make_blocking_pool(notify, 1), refusals);
}

/// A suite that runs by every way of being told.
class ByNotification : public testing::TestWithParam<AioNotification> {
 protected:
  ByNotification() { limit_threads_for_sanitizer(); }
  void SetUp() override {
    if (thread_sanitizer && GetParam() == AioNotification::thread) {
      GTEST_SKIP() << "this sanitizer knows no threads that the C library starts";
    }
    begin();
  }
  void begin() { rig_.use(make_engine(rig_, GetParam()).value()); }

  engine_fixture::EngineRig rig_;
};

inline auto every_notification() {
  return testing::Values(AioNotification::none, AioNotification::signal, AioNotification::thread);
}

/// The name of a test's parameter.
inline std::string notification_name(const testing::TestParamInfo<AioNotification>& how) {
  switch (how.param) {
    case AioNotification::none: return "none";
    case AioNotification::signal: return "signal";
    case AioNotification::thread: return "thread";
  }
  return "unknown";
}

}  // namespace rota::aio_library

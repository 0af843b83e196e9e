// How POSIX aio is told of an end: by a signal that the program has no use for, or by a thread that
// waits.

#include "driver/aio_library.hpp"
#include "driver/engine_fixture.hpp"
#include "driver/files/posix_aio.hpp"
#include "driver/sockets.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <thread>
#include <utility>
#include <vector>

namespace rota {
namespace {

using aio_library::MadeEngine;
using aio_library::make_engine;
using engine_fixture::At;
using engine_fixture::EngineRig;
using testing_sockets::checked;
using testing_sockets::TemporaryFile;

/// The program's own handler of a signal, while it lives.
class OwnHandler {
 public:
  explicit OwnHandler(int signal) : signal_(signal) {
    calls = 0;
    struct sigaction action{};
    action.sa_handler = handle;
    checked(::sigaction(signal_, &action, &before_), "sigaction");
  }
  OwnHandler(const OwnHandler&) = delete;
  OwnHandler& operator=(const OwnHandler&) = delete;
  ~OwnHandler() { ::sigaction(signal_, &before_, nullptr); }

  [[nodiscard]] bool is_in_place() const {
    struct sigaction now{};
    checked(::sigaction(signal_, nullptr, &now), "sigaction");
    return now.sa_handler == handle;
  }

  static inline volatile std::sig_atomic_t calls = 0;

 private:
  static void handle(int) { calls = calls + 1; }

  int signal_;
  struct sigaction before_{};
};

class PosixAioSignal : public testing::Test {
 protected:
  PosixAioSignal() { aio_library::limit_threads_for_sanitizer(); }
};

/// A read of one byte through a new engine that is told by a signal.
void read_by_signal() {
  EngineRig rig;
  MadeEngine made = make_engine(rig, AioNotification::signal);
  ASSERT_TRUE(made);
  rig.use(std::move(*made));
  TemporaryFile file;
  file.write_at("a", 0);
  At read(OpCode::read_at, rig.adopt(file.number()), "?", 0);
  rig.submit(read);
  rig.reap(1);
  EXPECT_EQ(read.buffer, "a");
  rig.end();
}

TEST_F(PosixAioSignal, AHandlerOfTheProgramIsLeftAlone) {
  const OwnHandler handler(SIGURG);
  read_by_signal();
  EXPECT_TRUE(handler.is_in_place());
  EXPECT_EQ(OwnHandler::calls, 0);
}

TEST_F(PosixAioSignal, WithoutASignalThereIsNoEngine) {
  const OwnHandler one(SIGURG);
  const OwnHandler two(SIGIO);
  EngineRig rig;
  std::vector<Refusal> refusals;
  const MadeEngine made =
      make_posix_aio(AioNotification::signal, rig.bell().notify(), nullptr, refusals);
  EXPECT_FALSE(made);
  ASSERT_EQ(refusals.size(), 1u);
  EXPECT_EQ(refusals[0].error, EBUSY);
  EXPECT_TRUE(one.is_in_place());
  EXPECT_TRUE(two.is_in_place());
}

TEST_F(PosixAioSignal, ACarrierTakesItThoughTheProgramBlocksAllSignals) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread(read_by_signal).join();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST(PosixAioWaiting, OneThreadWaitsOnceThereIsWork) {
  aio_library::limit_threads_for_sanitizer();
  EngineRig rig;
  rig.use(make_engine(rig, AioNotification::none).value());
  EXPECT_EQ(rig.engine().use().threads, 0u);
  TemporaryFile file;
  At read(OpCode::read_at, rig.adopt(file.number()), "?", 0);
  for (int i = 0; i < 10; ++i) {
    rig.submit(read);
    rig.reap(1);
    EXPECT_EQ(rig.engine().use().threads, 1u);
  }
}

}  // namespace
}  // namespace rota

#include "driver/files/blocking_pool.hpp"

#include "base/hooks.hpp"
#include "base/time_units.hpp"
#include "driver/engine_fixture.hpp"
#include "driver/io_priority.hpp"
#include "driver/sockets.hpp"

#include <gtest/gtest.h>

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace rota {
namespace {

using testing_sockets::SocketPair;
using testing_sockets::TemporaryFile;

struct Read : Transfer {
  std::string buffer;

  Read(OpCode what, Descriptor& from, std::size_t length)
      : Transfer(what, nullptr, length), buffer(length, '\0') {
    data = reinterpret_cast<std::byte*>(buffer.data());
    descriptor = &from;
  }
};

class BlockingPool : public ::testing::Test, protected engine_fixture::EngineRig {
 protected:
  void make(unsigned threads) { use(make_blocking_pool(bell().notify(), threads)); }
};

/// A read that ends only when the test sends what it waits for.
struct Blocked {
  SocketPair pair = SocketPair::blocking_unix();
  Read read;

  explicit Blocked(engine_fixture::EngineRig& rig)
      : read(OpCode::read, rig.adopt(pair.near.number(), FdKind::socket), 1) {}
};

TEST_F(BlockingPool, WhatHasNotBegunIsCancelled) {
  make(1);
  Blocked first(*this);
  submit(first.read);
  TemporaryFile file;
  Read second(OpCode::read_at, adopt(file.number(), FdKind::file), 1);
  submit(second);
  // One thread, and the first in line ends by the test's word only: the second has not begun.
  engine().cancel(second);
  EXPECT_EQ(reap(1), std::vector<Operation*>{&second});
  EXPECT_EQ(second.result, -ECANCELED);
  first.pair.far.send("x");
  EXPECT_EQ(reap(1), std::vector<Operation*>{&first.read});
  EXPECT_EQ(first.read.result, 1);
}

TEST_F(BlockingPool, WhatTheDriverKeepsOfAnOperationIsNoneOfThePools) {
  make(1);
  Blocked first(*this);
  submit(first.read);
  TemporaryFile file;
  Read second(OpCode::read_at, adopt(file.number(), FdKind::file), 1);
  second.driver_bits = 0xab;
  submit(second);
  EXPECT_EQ(second.driver_bits, 0xabu);
  second.driver_bits = 0xcd;  // The operation is in the pool's queue all the same.
  engine().cancel(second);
  EXPECT_EQ(reap(1), std::vector<Operation*>{&second});
  EXPECT_EQ(second.result, -ECANCELED);
  EXPECT_EQ(second.driver_bits, 0xcdu);
  first.pair.far.send("x");
  reap(1);
}

TEST_F(BlockingPool, AllOfOneDescriptorAreCancelledAndNoOther) {
  make(1);
  Blocked first(*this);
  submit(first.read);
  TemporaryFile mine;
  TemporaryFile other;
  Descriptor& closing = adopt(mine.number(), FdKind::file);
  Descriptor& staying = adopt(other.number(), FdKind::file);
  Read a(OpCode::read_at, closing, 1);
  Read b(OpCode::read_at, staying, 1);
  Read c(OpCode::read_at, closing, 1);
  submit(a);
  submit(b);
  submit(c);
  engine().cancel_all(closing);
  EXPECT_EQ(reap(2), (std::vector<Operation*>{&a, &c}));
  first.pair.far.send("x");
  reap(2);
  EXPECT_EQ(b.result, 0);
}

/// While it lives, the process's clock shows what the test says.
class ClockOfTheTest {
 public:
  ClockOfTheTest() {
    now_ms = 0;
    hooks.monotonic_ns = [] { return now_ms.load() * kNsPerMs; };
  }
  ~ClockOfTheTest() { hooks.monotonic_ns = nullptr; }
  ClockOfTheTest(const ClockOfTheTest&) = delete;
  ClockOfTheTest& operator=(const ClockOfTheTest&) = delete;

  void set(std::int64_t milliseconds) { now_ms = milliseconds; }

 private:
  static inline std::atomic<std::int64_t> now_ms{0};
};

TEST_F(BlockingPool, TheAgeOfTheQueueIsThatOfWhatHasWaitedLongest) {
  ClockOfTheTest clock;
  make(1);
  Blocked begun(*this);
  submit(begun.read);
  while (engine().use().waiting != 0) std::this_thread::yield();
  EXPECT_EQ(engine().use().threads, 1u);
  EXPECT_EQ(engine().use().oldest_wait, Duration());

  TemporaryFile file;
  Descriptor& from = adopt(file.number(), FdKind::file);
  Read older(OpCode::read_at, from, 1);
  Read newer(OpCode::read_at, from, 1);
  clock.set(5);
  submit(older);
  clock.set(9);
  submit(newer);
  clock.set(20);
  EXPECT_EQ(engine().use().waiting, 2u);
  EXPECT_EQ(engine().use().oldest_wait, Duration(15 * kNsPerMs));

  engine().cancel(older);
  EXPECT_EQ(engine().use().waiting, 1u);
  EXPECT_EQ(engine().use().oldest_wait, Duration(11 * kNsPerMs));
  EXPECT_EQ(reap(1), std::vector<Operation*>{&older});

  begun.pair.far.send("x");
  reap(2);
  EXPECT_EQ(newer.result, 0) << "the end of an empty file, and no stamp";
  EXPECT_EQ(engine().use().waiting, 0u);
  EXPECT_EQ(engine().use().oldest_wait, Duration());
}

/// Of the one thread of the pool, as the kernel has it.
int priority_of_the_pool() {
  int found = -1;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    const int thread = std::stoi(entry.path().filename().string());
    if (thread == ::getpid()) continue;
    found = static_cast<int>(::syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, thread));
  }
  return found;
}

TEST_F(BlockingPool, AThreadTakesThePriorityOfWhatItDoes) {
  if (thread_sanitizer || address_sanitizer) GTEST_SKIP() << "a sanitizer has threads of its own";
  make(1);
  const int before = static_cast<int>(::syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0));
  for (const IoPriority priority : {IoPriority::low, IoPriority::idle, IoPriority::high,
                                    IoPriority::normal}) {
    Blocked blocked(*this);
    blocked.read.priority = priority;
    submit(blocked.read);
    blocked.pair.far.send("x");
    reap(1);
    const int expected = priority == IoPriority::normal ? before : kernel_priority(priority);
    EXPECT_EQ(priority_of_the_pool(), expected);
  }
}

TEST_F(BlockingPool, AnAgeIsRightWhereTheStampTurnsOver) {
  ClockOfTheTest clock;
  constexpr std::int64_t turn = std::int64_t{1} << 32;
  clock.set(turn - 3);
  make(1);
  Blocked begun(*this);
  submit(begun.read);
  while (engine().use().waiting != 0) std::this_thread::yield();
  TemporaryFile file;
  Read waiting(OpCode::read_at, adopt(file.number(), FdKind::file), 1);
  submit(waiting);
  clock.set(turn + 4);
  EXPECT_EQ(engine().use().oldest_wait, Duration(7 * kNsPerMs));
  begun.pair.far.send("x");
  reap(2);
}

TEST_F(BlockingPool, AsManyBlockAtOnceAsThereAreThreads) {
  make(3);
  Blocked one(*this);
  Blocked two(*this);
  Blocked three(*this);
  submit(one.read);
  submit(two.read);
  submit(three.read);
  three.pair.far.send("x");  // The last comes first: none waits for another.
  EXPECT_EQ(reap(1), std::vector<Operation*>{&three.read});
  two.pair.far.send("x");
  EXPECT_EQ(reap(1), std::vector<Operation*>{&two.read});
  one.pair.far.send("x");
  EXPECT_EQ(reap(1), std::vector<Operation*>{&one.read});
}

TEST_F(BlockingPool, NotifiesOnlyWhenThereIsSomethingNewToReap) {
  make(1);
  TemporaryFile file;
  Descriptor& from = adopt(file.number(), FdKind::file);
  Read a(OpCode::read_at, from, 1);
  Read b(OpCode::read_at, from, 1);
  Blocked last(*this);
  OpList batch;
  batch.push_back(a);
  batch.push_back(b);
  batch.push_back(last.read);
  last.pair.far.send("x");
  engine().submit(std::move(batch));
  bell().wait();
  reap(3);
  EXPECT_LE(bell().rung(), 3);
  const int before = bell().rung();
  OpList nothing;
  engine().reap(nothing);
  EXPECT_TRUE(nothing.empty());
  EXPECT_EQ(bell().rung(), before);
}

/// Threads of this process that block SIGUSR1; a sanitizer's own may be among them.
std::size_t threads_without_signals() {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream status(entry.path() / "status");
    std::string word;
    while (status >> word && word != "SigBlk:") {
    }
    std::uint64_t mask = 0;
    status >> std::hex >> mask;
    if ((mask >> (SIGUSR1 - 1) & 1) != 0) ++count;
  }
  return count;
}

std::size_t threads() {
  std::ifstream status("/proc/self/status");
  std::string word;
  std::size_t count = 0;
  while (status >> word) {
    if (word == "Threads:") status >> count;
  }
  return count;
}

/// A thread that was joined is counted until the kernel has put it away, so a count is asked for
/// until it is what it should be. The limit is for a count that never is.
bool settles_at(std::size_t (*count)(), std::size_t expected) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (count() != expected) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::yield();
  }
  return true;
}

/// A sanitizer starts a thread of its own beside the first one of a program. Returns once it is
/// there and the first one is gone.
void rouse_the_sanitizer() {
  std::size_t with_one_more = 0;
  std::thread([&with_one_more] { with_one_more = threads(); }).join();
  settles_at(threads, with_one_more - 1);
}

TEST_F(BlockingPool, ThreadsTakeNoSignals) {
  rouse_the_sanitizer();
  const std::size_t before = threads_without_signals();
  make(1);
  TemporaryFile file;
  Read read(OpCode::read_at, adopt(file.number(), FdKind::file), 1);
  submit(read);
  reap(1);
  EXPECT_EQ(threads_without_signals(), before + 1) << "the pool's thread, and not the carrier";
}

TEST_F(BlockingPool, APoolWithoutWorkHasNoThreads) {
  rouse_the_sanitizer();
  const std::size_t before = threads();
  make(8);
  EXPECT_EQ(threads(), before);
  TemporaryFile file;
  Read read(OpCode::read_at, adopt(file.number(), FdKind::file), 1);
  submit(read);
  reap(1);
  EXPECT_EQ(threads(), before + 1);
  end();
  EXPECT_TRUE(settles_at(threads, before));
}

}  // namespace
}  // namespace rota

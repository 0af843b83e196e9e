// Files that a ring knows by their place: which get one, and that it never outlives their close.
#include "driver/uring/file_table.hpp"

#include "driver/choose.hpp"
#include "driver/driver_rig.hpp"
#include "driver/ring_tables.hpp"
#include "driver/sockets.hpp"
#include "sched/runtime_core.hpp"
#include "sched/worker.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace rota {
namespace {

using testing_sockets::checked;
using testing_sockets::DriverRig;
using testing_sockets::Fd;
using testing_sockets::kept_in_rings;
using testing_sockets::TemporaryFile;

struct RingCase {
  const char* name;
  DriverKind kind;
  RingProfile profile;
};

constexpr RingCase kCases[] = {{"pinned", DriverKind::io_uring, RingProfile::pinned},
                               {"movable", DriverKind::io_uring, RingProfile::movable},
                               {"sqpoll", DriverKind::io_uring, RingProfile::sqpoll},
                               {"of_files", DriverKind::epoll, RingProfile::best}};

DriverConfig config_of(const RingCase& wanted) {
  DriverConfig config;
  config.kind = wanted.kind;
  config.ring = wanted.profile;
  if (wanted.kind == DriverKind::epoll) config.files = FileEngineKind::io_uring;
  return config;
}

Fd opened(const TemporaryFile& file) {
  return Fd(checked(::open(file.path().c_str(), O_RDWR | O_CLOEXEC), "open"));
}

class FilesByPlace : public testing::TestWithParam<RingCase> {
 protected:
  void SetUp() override {
    use(config_of(GetParam()));
    if (IsSkipped()) return;
    TemporaryFile probe;
    if (!gets_place(adopt(opened(probe)))) GTEST_SKIP() << "this kernel's ring keeps no files";
    close_all();
  }
  void TearDown() override { close_all(); }

  void use(const DriverConfig& config) {
    auto chosen = choose_driver(config, nullptr);
    if (!chosen) GTEST_SKIP() << "there is no ring: " << chosen.error().message();
    rig_ = std::make_unique<DriverRig>(std::move(chosen->driver));
  }
  DriverRig& rig() { return *rig_; }

  Descriptor& adopt(Fd fd) {
    Descriptor& file = rig().adopt(std::move(fd), FdKind::file);
    file.ready_hint = interest_none;  // Not by a plain call, however soon that would be done.
    adopted_.push_back(&file);
    return file;
  }

  /// One byte at the offset 0, through the ring.
  std::int32_t move(OpCode code, Descriptor& file) {
    Transfer transfer(code, &byte_, 1);
    run(transfer, file);
    return transfer.result;
  }
  void run(Operation& operation, Descriptor& file) {
    const std::size_t before = rig().returned();
    rig().give(operation, &file);
    rig().turn_until_returned(before + 1);
  }
  void write_often(Descriptor& file) {
    for (int i = 0; i <= UringFileTable::kUsesBefore; ++i) {
      ASSERT_EQ(move(OpCode::write_at, file), 1);
    }
  }
  bool gets_place(Descriptor& file) {
    write_often(file);
    return file.driver_index >= 0;
  }
  /// Whether the open file that had the lock is gone. The thread of a submitter tells that it has
  /// closed a file a moment before that is so: there it is waited for.
  bool was_let_go(const Fd& other) {
    const int now = GetParam().profile == RingProfile::sqpoll ? 0 : LOCK_NB;
    return ::flock(other.number(), LOCK_EX | now) == 0;
  }
  std::int32_t close(Descriptor& file) {
    std::erase(adopted_, &file);
    return rig().close(file);
  }
  void close_all() {
    while (!adopted_.empty()) EXPECT_EQ(close(*adopted_.back()), 0);
  }

 private:
  std::unique_ptr<DriverRig> rig_;
  std::vector<Descriptor*> adopted_;
  std::byte byte_{'x'};
};

INSTANTIATE_TEST_SUITE_P(Ring, FilesByPlace, testing::ValuesIn(kCases),
                         [](const auto& one) { return std::string(one.param.name); });

TEST_P(FilesByPlace, what_is_used_often_is_in_the_table_and_what_is_not_is_not) {
  TemporaryFile file;
  Descriptor& often = adopt(opened(file));
  Descriptor& once = adopt(opened(file));
  EXPECT_EQ(move(OpCode::write_at, once), 1);
  write_often(often);
  EXPECT_GE(often.driver_index, 0);
  EXPECT_EQ(once.driver_index, -1);
  const auto kept = kept_in_rings("UserFiles:");
  if (!kept) GTEST_SKIP() << "this kernel does not tell what a ring keeps";
  EXPECT_EQ(*kept, 1u);
  EXPECT_EQ(move(OpCode::read_at, often), 1);
  Operation sync(OpCode::sync);
  run(sync, often);
  EXPECT_EQ(sync.result, 0);
}

/// A lock belongs to the open file, which a table would keep open.
TEST_P(FilesByPlace, a_close_lets_go_of_the_file) {
  TemporaryFile file;
  const Fd other = opened(file);
  Descriptor& locked = adopt(opened(file));
  ASSERT_TRUE(gets_place(locked));
  ASSERT_EQ(::flock(locked.fd, LOCK_EX), 0);
  ASSERT_EQ(::flock(other.number(), LOCK_EX | LOCK_NB), -1);
  EXPECT_EQ(close(locked), 0);
  EXPECT_TRUE(was_let_go(other)) << "the ring keeps what was closed";
}

TEST_P(FilesByPlace, the_end_of_a_pipe_comes_with_the_close_of_a_writer_that_had_one) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Fd near(ends[0]);
  Descriptor& writer = adopt(Fd(ends[1]));
  ASSERT_TRUE(gets_place(writer));
  EXPECT_EQ(close(writer), 0);
  std::vector<char> bytes(2 * UringFileTable::kUsesBefore);
  EXPECT_EQ(::read(near.number(), bytes.data(), bytes.size()), UringFileTable::kUsesBefore + 1);
  const bool at_once = GetParam().profile != RingProfile::sqpoll;
  ASSERT_EQ(::fcntl(near.number(), F_SETFL, at_once ? O_NONBLOCK : 0), 0);
  EXPECT_EQ(::read(near.number(), bytes.data(), bytes.size()), 0);
}

TEST_P(FilesByPlace, a_close_ends_what_is_in_flight_on_one) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Fd writer(ends[1]);
  Descriptor& reader = adopt(Fd(ends[0]));
  const std::string bytes(UringFileTable::kUsesBefore + 1, 'x');
  ASSERT_GT(::write(writer.number(), bytes.data(), bytes.size()), 0);
  while (reader.driver_index < 0) ASSERT_EQ(move(OpCode::read_at, reader), 1);
  Descriptor& twin = adopt(Fd(checked(::dup(reader.fd), "dup")));
  std::byte byte{};
  Transfer waits(OpCode::read_at, &byte, 1);
  Transfer twins(OpCode::read_at, &byte, 1);
  rig().give(waits, &reader);
  rig().give(twins, &twin);
  rig().turn(Deadline::now());
  ASSERT_EQ(waits.state, OpState::in_flight);
  EXPECT_EQ(close(reader), 0);
  EXPECT_EQ(waits.result, -ECANCELED);
  EXPECT_EQ(twins.state, OpState::in_flight) << "only a number of the same file was closed";
  ASSERT_EQ(::write(writer.number(), "y", 1), 1);
  while (twins.state != OpState::idle) rig().turn();
  EXPECT_EQ(twins.result, 1);
}

TEST_P(FilesByPlace, a_cancel_finds_what_is_in_flight_on_one) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Fd writer(ends[1]);
  Descriptor& reader = adopt(Fd(ends[0]));
  const std::string bytes(UringFileTable::kUsesBefore + 1, 'x');
  ASSERT_GT(::write(writer.number(), bytes.data(), bytes.size()), 0);
  while (reader.driver_index < 0) ASSERT_EQ(move(OpCode::read_at, reader), 1);
  std::byte byte{};
  Transfer waits(OpCode::read_at, &byte, 1);
  rig().give(waits, &reader);
  rig().turn(Deadline::now());
  rig().driver().cancel(waits);
  while (waits.state != OpState::idle) rig().turn();
  EXPECT_EQ(waits.result, -ECANCELED);
}

TEST_P(FilesByPlace, a_full_table_leaves_the_next_file_to_its_number) {
  TemporaryFile file;
  for (std::uint32_t i = 0; i < UringFileTable::kPlaces; ++i) {
    ASSERT_TRUE(gets_place(adopt(opened(file))));
  }
  Descriptor& next = adopt(opened(file));
  EXPECT_FALSE(gets_place(next));
  EXPECT_EQ(move(OpCode::read_at, next), 1);
  close_all();
  EXPECT_TRUE(gets_place(adopt(opened(file))));
}

TEST_P(FilesByPlace, a_number_that_somebody_else_closes_gets_none) {
  TemporaryFile file;
  Descriptor& borrowed = adopt(opened(file));
  borrowed.borrowed = true;
  EXPECT_FALSE(gets_place(borrowed));
  borrowed.borrowed = false;
}

TEST_P(FilesByPlace, what_goes_to_another_worker_leaves_the_table) {
  TemporaryFile file;
  Descriptor& goes = adopt(opened(file));
  ASSERT_TRUE(gets_place(goes));
  EXPECT_TRUE(rig().driver().give_away(goes));
  EXPECT_EQ(goes.driver_index, -1);
  if (const auto kept = kept_in_rings("UserFiles:")) EXPECT_EQ(*kept, 0u);
  EXPECT_TRUE(gets_place(goes));
}

TEST_P(FilesByPlace, another_thread_that_takes_one_along_has_the_ring_forget_it) {
  if (GetParam().profile == RingProfile::pinned) GTEST_SKIP() << "this ring has a single issuer";
  TemporaryFile file;
  const Fd other = opened(file);
  Descriptor& goes = adopt(opened(file));
  ASSERT_TRUE(gets_place(goes));
  ASSERT_EQ(::flock(goes.fd, LOCK_EX), 0);
  std::thread([&] { rig().driver().let_go(goes); }).join();
  EXPECT_EQ(goes.driver_index, -1);
  EXPECT_EQ(close(goes), 0);
  EXPECT_TRUE(was_let_go(other));
}

TEST_P(FilesByPlace, an_older_kernel_has_none) {
  DriverConfig config = config_of(GetParam());
  config.as_kernel = {6, 13};
  use(config);
  TemporaryFile file;
  Descriptor& often = adopt(opened(file));
  EXPECT_FALSE(gets_place(often));
  EXPECT_EQ(move(OpCode::read_at, often), 1);
}

/// The kernel counts a table against RLIMIT_NOFILE.
TEST_P(FilesByPlace, a_table_that_is_refused_is_done_without) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  use(config_of(GetParam()));
  TemporaryFile file;
  Descriptor& often = adopt(opened(file));
  const rlimit low{UringFileTable::kPlaces - 1, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_FALSE(gets_place(often));
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(move(OpCode::read_at, often), 1);
}

/// A neighbour that takes a Descriptor along cannot ask a ring that has an issuer.
TEST(FilesByPlaceOfAPinnedRing, are_none_where_descriptors_move) {
  DriverConfig config = config_of(kCases[0]);
  auto chosen = choose_driver(config, nullptr);
  if (!chosen) GTEST_SKIP() << "there is no ring";
  RuntimeCore core;
  Worker worker(core, *chosen->driver);
  chosen->driver->share(worker);
  DriverRig rig(std::move(chosen->driver));
  TemporaryFile file;
  Descriptor& often = rig.adopt(opened(file), FdKind::file);
  std::byte byte{'x'};
  for (std::size_t i = 1; i <= 2 * UringFileTable::kUsesBefore; ++i) {
    Transfer transfer(OpCode::write_at, &byte, 1);
    rig.give(transfer, &often);
    rig.turn_until_returned(i);
  }
  EXPECT_EQ(often.driver_index, -1);
  EXPECT_EQ(rig.close(often), 0);
}

}  // namespace
}  // namespace rota

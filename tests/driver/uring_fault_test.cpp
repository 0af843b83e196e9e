// Entries that fail as the kernel seldom has them fail.
#include "driver/driver_rig.hpp"
#include "driver/engine_fixture.hpp"
#include "driver/ring_rig.hpp"
#include "inject/ring_fault.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <liburing.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace rota {
namespace {

using testing_inject::EntryKind;
using testing_inject::RingFault;
using testing_inject::watch_entries;
using testing_sockets::both_profiles;
using testing_sockets::checked;
using testing_sockets::DriverRig;
using testing_sockets::Fd;
using testing_sockets::made;
using testing_sockets::profile_name;
using testing_sockets::request_of;
using testing_sockets::TemporaryFile;

class FailedEntries : public testing::TestWithParam<RingProfile> {
 protected:
  void SetUp() override {
    if (!testing_inject::entries_can_fail()) GTEST_SKIP() << "entries fail on Linux 6.10";
  }
  /// The first entry of this kind fails.
  void fail_first(EntryKind kind, std::int32_t error) {
    const RingFault fault{kind, error, 1};
    watch_entries(&fault);
  }
  [[nodiscard]] Fd opened() const {
    return Fd(checked(::open(file_.path().c_str(), O_RDWR | O_CLOEXEC), "open"));
  }

  static void read_text(DriverRig& rig, Descriptor& file) {
    std::array<std::byte, 4> bytes{};
    Transfer read(OpCode::read_at, bytes.data(), bytes.size());
    const std::size_t before = rig.returned();
    rig.give(read, &file);
    rig.turn_until_returned(before + 1);
    EXPECT_EQ(read.result, 4);
  }

  TemporaryFile file_;
};

INSTANTIATE_TEST_SUITE_P(UringProfile, FailedEntries, both_profiles(), profile_name);

/// The thread that submitted it has ended before a thread of the kernel got to it.
TEST_P(FailedEntries, a_close_that_was_not_begun_is_made_anew) {
  fail_first({IORING_OP_CLOSE, uring_attempt}, ECANCELED);
  DriverRig rig(made(request_of(GetParam(), 64, 256)));
  Fd fd = opened();
  const int number = fd.number();
  EXPECT_EQ(rig.close(rig.adopt(std::move(fd), FdKind::file)), 0);
  EXPECT_EQ(::fcntl(number, F_GETFD), -1) << "the number is open still";
}

/// As a file may say that is open without blocking.
TEST_P(FailedEntries, a_file_that_keeps_saying_not_yet_goes_to_a_thread_at_once_but_for_probes) {
  const RingFault not_yet{{IORING_OP_READ, uring_attempt}, EAGAIN, 0, true};
  watch_entries(&not_yet);
  DriverRig rig(made(request_of(GetParam(), 64, 256)));
  Descriptor& file = rig.adopt(opened(), FdKind::file);
  file_.write_at("text", 0);
  const DriverCounters& counters = rig.driver().counters();
  for (int i = 0; i < FirstTry::kMissesInARow; ++i) {
    EXPECT_EQ(counters.demoted_files, 0u);
    read_text(rig, file);
  }
  EXPECT_EQ(counters.punted_files, FirstTry::kMissesInARow);
  EXPECT_EQ(counters.demoted_files, 1u);

  for (int i = 1; i < FirstTry::kTurnsPerProbe; ++i) read_text(rig, file);
  EXPECT_EQ(counters.punted_files, FirstTry::kMissesInARow);
  read_text(rig, file);
  EXPECT_EQ(counters.punted_files, FirstTry::kMissesInARow + 1) << "no probe";
  EXPECT_EQ(counters.demoted_files, 1u);

  watch_entries();
  for (int i = 0; i < FirstTry::kTurnsPerProbe; ++i) read_text(rig, file);
  EXPECT_FALSE(file.unpunted.is_given_up()) << "the second probe has hit";
  EXPECT_EQ(rig.close(file), 0);
}

TEST_P(FailedEntries, the_sync_of_a_durable_write_that_a_signal_ends_is_made_anew) {
  fail_first({IORING_OP_FSYNC, uring_linked}, -kRestarts);
  DriverRig rig(made(request_of(GetParam(), 64, 256)));
  Descriptor& file = rig.adopt(opened(), FdKind::file);
  std::array<std::byte, 4> bytes{};
  Transfer write(OpCode::write_durably_at, bytes.data(), bytes.size());
  write.flags = op_whole;
  rig.give(write, &file);
  rig.turn_until_returned(1);
  EXPECT_EQ(write.result, 4);
  EXPECT_EQ(rig.close(file), 0);
}

class FailedEntriesOfFiles : public testing::Test, protected engine_fixture::EngineRig {
 protected:
  void read_text(Descriptor& file) {
    engine_fixture::At read(OpCode::read_at, file, "....", 0);
    submit(read);
    EXPECT_EQ(reap(1).size(), 1u);
    EXPECT_EQ(read.result, 4);
  }
};

/// The same of a ring beside a poller.
TEST_F(FailedEntriesOfFiles, that_keep_saying_not_yet_have_the_file_go_to_a_thread_until_a_probe) {
  if (!testing_inject::entries_can_fail()) GTEST_SKIP() << "entries fail on Linux 6.10";
  const RingFault not_yet{{IORING_OP_READ, uring_attempt}, EAGAIN, 0, true};
  watch_entries(&not_yet);
  std::vector<Refusal> refusals;
  auto engine = make_file_engine({.kind = FileEngineKind::io_uring}, bell().notify(), refusals);
  if (!engine) GTEST_SKIP() << refusals.front().reason;
  use(std::move(*engine));
  TemporaryFile file;
  file.write_at("text", 0);
  Descriptor& fd = adopt(file.number());
  for (int i = 0; i < FirstTry::kMissesInARow; ++i) {
    EXPECT_FALSE(fd.unpunted.is_given_up()) << i;
    read_text(fd);
  }
  for (int i = 1; i < 2 * FirstTry::kTurnsPerProbe; ++i) {
    EXPECT_TRUE(fd.unpunted.is_given_up()) << i;
    read_text(fd);
  }
  watch_entries();
  read_text(fd);
  EXPECT_FALSE(fd.unpunted.is_given_up()) << "the second probe has hit";
}

}  // namespace
}  // namespace rota

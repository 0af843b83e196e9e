// The entries of a ring carry the priority of their operation. This program's own io_uring_enter2
// stands before the library's, and looks at what is about to be submitted.
#include "driver/driver_rig.hpp"
#include "driver/engine_fixture.hpp"
#include "driver/files/uring_files.hpp"
#include "driver/io_priority.hpp"
#include "driver/ring_rig.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

const rota::UringRing* watched = nullptr;
std::vector<io_uring_sqe> submitted;

}  // namespace

extern "C" int io_uring_enter2(unsigned fd, unsigned entries, unsigned least, unsigned flags,
                               sigset_t* argument, std::size_t bytes) {
  if (watched != nullptr && entries > 0) {
    const io_uring_sqe* entry = watched->first_untaken();
    for (unsigned i = 0; i < entries; ++i, entry = &watched->entry_after(*entry)) {
      submitted.push_back(*entry);
    }
  }
  const long answer =
      ::syscall(SYS_io_uring_enter, fd, entries, least, flags, argument, bytes);
  return answer < 0 ? -errno : static_cast<int>(answer);
}

namespace rota {
namespace {

using engine_fixture::At;
using testing_sockets::both_profiles;
using testing_sockets::checked;
using testing_sockets::DriverRig;
using testing_sockets::Fd;
using testing_sockets::made;
using testing_sockets::profile_name;
using testing_sockets::request_of;
using testing_sockets::TemporaryFile;

constexpr std::array kPriorities{IoPriority::high, IoPriority::low, IoPriority::idle,
                                 IoPriority::normal};

/// Of the entry of this kind among those that were submitted; there is one.
std::uint16_t submitted_priority(io_uring_op kind) {
  const auto is_of_kind = [kind](const io_uring_sqe& entry) { return entry.opcode == kind; };
  EXPECT_EQ(std::ranges::count_if(submitted, is_of_kind), 1);
  const auto found = std::ranges::find_if(submitted, is_of_kind);
  return found == submitted.end() ? std::uint16_t{0xffff} : found->ioprio;
}

/// A ring with a submitter is not entered: its entries are written by the same code.
class UringPriority : public testing::TestWithParam<RingProfile> {
 protected:
  UringPriority() {
    auto driver = made(request_of(GetParam(), 64, 256));
    watched = &driver->ring();
    rig_ = std::make_unique<DriverRig>(std::move(driver));
    file_.write_at("contents", 0);
    fd_ = &rig_->adopt(Fd(checked(::open(file_.path().c_str(), O_RDWR | O_CLOEXEC), "open")),
                       FdKind::file);
    rig_->turn(Deadline::now());  // From here on nothing stands before what is given.
  }
  UringPriority(const UringPriority&) = delete;
  UringPriority& operator=(const UringPriority&) = delete;
  ~UringPriority() override {
    watched = nullptr;
    EXPECT_EQ(rig_->close(*fd_), 0);
  }

  void run(Operation& operation, IoPriority priority, Descriptor* descriptor) {
    operation.priority = priority;
    submitted.clear();
    const std::size_t before = rig_->returned();
    rig_->give(operation, descriptor);
    rig_->turn_until_returned(before + 1);
    EXPECT_GE(operation.result, 0);
  }

  std::unique_ptr<DriverRig> rig_;
  TemporaryFile file_;
  Descriptor* fd_ = nullptr;
  std::array<std::byte, 4> bytes_{};
};

INSTANTIATE_TEST_SUITE_P(UringProfile, UringPriority, both_profiles(), profile_name);

TEST_P(UringPriority, of_reads_and_writes_is_in_their_entries) {
  for (const IoPriority priority : kPriorities) {
    Transfer write(OpCode::write_at, bytes_.data(), bytes_.size());
    run(write, priority, fd_);
    EXPECT_EQ(submitted_priority(IORING_OP_WRITE), kernel_priority(priority));
    Transfer read(OpCode::read_at, bytes_.data(), bytes_.size());
    run(read, priority, fd_);
    EXPECT_EQ(submitted_priority(IORING_OP_READ), kernel_priority(priority));
  }
}

/// The kernel refuses a sync that has one.
TEST_P(UringPriority, of_a_durable_write_is_in_the_write_and_not_in_the_sync) {
  for (const IoPriority priority : kPriorities) {
    Transfer write(OpCode::write_durably_at, bytes_.data(), bytes_.size());
    write.flags = op_whole;
    run(write, priority, fd_);
    EXPECT_EQ(submitted_priority(IORING_OP_WRITE), kernel_priority(priority));
    EXPECT_EQ(submitted_priority(IORING_OP_FSYNC), 0);
  }
}

TEST_P(UringPriority, of_a_load_is_in_its_read) {
  for (const IoPriority priority : kPriorities) {
    Load load(file_.path().c_str(), bytes_.data(), bytes_.size());
    run(load, priority, nullptr);
    if (rig_->driver().engine_use().threads > 0) GTEST_SKIP() << "a thread has loaded it";
    EXPECT_EQ(submitted_priority(IORING_OP_READ), kernel_priority(priority));
  }
}

class UringFilesPriority : public testing::Test, protected engine_fixture::EngineRig {
 protected:
  ~UringFilesPriority() override { watched = nullptr; }
};

TEST_F(UringFilesPriority, is_in_the_entries_of_a_ring_beside_a_poller) {
  std::vector<Refusal> refusals;
  auto engine = make_file_engine({.kind = FileEngineKind::io_uring}, bell().notify(), refusals);
  if (!engine) GTEST_SKIP() << refusals.front().reason;
  watched = &static_cast<const UringFiles&>(**engine).ring();
  use(std::move(*engine));
  const TemporaryFile file;
  Descriptor& fd = adopt(file.number());
  for (const IoPriority priority : kPriorities) {
    submitted.clear();
    At write(OpCode::write_at, fd, "text", 0);
    write.priority = priority;
    submit(write);
    EXPECT_EQ(reap(1).size(), 1u);
    EXPECT_EQ(write.result, 4);
    EXPECT_EQ(submitted_priority(IORING_OP_WRITE), kernel_priority(priority));
  }
}

}  // namespace
}  // namespace rota

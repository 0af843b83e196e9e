// The kernel takes the first entries of a link alone, as it does when it has no memory for the
// others: what is left behind is no part of the link any more. This program's own io_uring_enter2
// stands before the library's, and has the kernel be offered fewer.
#include "driver/driver_rig.hpp"
#include "driver/ring_rig.hpp"
#include "driver/ring_tables.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <limits>
#include <memory>
#include <string>
#include <utility>

namespace {

/// How many entries the next call that submits may offer.
unsigned offered = std::numeric_limits<unsigned>::max();

}  // namespace

extern "C" int io_uring_enter2(unsigned fd, unsigned entries, unsigned least, unsigned flags,
                               sigset_t* argument, std::size_t bytes) {
  const unsigned most =
      entries > 0 ? std::exchange(offered, std::numeric_limits<unsigned>::max()) : entries;
  const long answer = ::syscall(SYS_io_uring_enter, fd, std::min(entries, most), least, flags,
                                argument, bytes);
  return answer < 0 ? -errno : static_cast<int>(answer);
}

namespace rota {
namespace {

using testing_sockets::both_profiles;
using testing_sockets::checked;
using testing_sockets::DriverRig;
using testing_sockets::Fd;
using testing_sockets::kept_in_rings;
using testing_sockets::made;
using testing_sockets::profile_name;
using testing_sockets::request_of;
using testing_sockets::TemporaryFile;

class CutLinks : public testing::TestWithParam<RingProfile> {
 protected:
  CutLinks() : rig_(made(request_of(GetParam(), 64, 256))) {
    file_.write_at("contents", 0);
    rig_.turn(Deadline::now());  // From here on nothing stands before what is given.
  }
  /// Of so many entries the kernel takes the first alone.
  void run_cut(Operation& operation, unsigned taken, Descriptor* descriptor = nullptr) {
    const std::size_t before = rig_.returned();
    rig_.give(operation, descriptor);
    offered = taken;
    rig_.turn_until_returned(before + 1);
    EXPECT_EQ(offered, std::numeric_limits<unsigned>::max()) << "nothing was submitted";
  }
  [[nodiscard]] std::string contents_after_load(unsigned taken, const std::string& path) {
    std::array<std::byte, 100> memory{};
    Load load(path.c_str(), memory.data(), memory.size());
    run_cut(load, taken);
    if (load.result < 0) return "error " + std::to_string(-load.result);
    return {reinterpret_cast<const char*>(memory.data()), static_cast<std::size_t>(load.result)};
  }

  DriverRig rig_;
  TemporaryFile file_;
};

INSTANTIATE_TEST_SUITE_P(UringProfile, CutLinks, both_profiles(), profile_name);

TEST_P(CutLinks, a_load_whose_open_is_alone_is_whole_and_leaves_nothing_open) {
  for (std::uint32_t i = 0; i <= UringFileTable::kPlaces; ++i) {
    ASSERT_EQ(contents_after_load(1, file_.path()), "contents");
  }
  EXPECT_EQ(kept_in_rings("UserFiles:").value_or(0), 0u);
  EXPECT_EQ(rig_.driver().engine_use().threads, 0u);
}

TEST_P(CutLinks, a_load_without_its_close_is_whole_and_leaves_nothing_open) {
  for (std::uint32_t i = 0; i <= UringFileTable::kPlaces; ++i) {
    ASSERT_EQ(contents_after_load(2, file_.path()), "contents");
  }
  EXPECT_EQ(kept_in_rings("UserFiles:").value_or(0), 0u);
  EXPECT_EQ(rig_.driver().engine_use().threads, 0u);
}

TEST_P(CutLinks, a_load_of_what_is_not_there_says_so) {
  EXPECT_EQ(contents_after_load(1, "/missing"), "error 2");
  EXPECT_EQ(contents_after_load(2, "/missing"), "error 2");
  EXPECT_EQ(kept_in_rings("UserFiles:").value_or(0), 0u);
}

/// The bytes are written once, and the sync is made anew.
TEST_P(CutLinks, a_durable_write_without_its_sync_is_whole) {
  Descriptor& file = rig_.adopt(
      Fd(checked(::open(file_.path().c_str(), O_RDWR | O_CLOEXEC), "open")), FdKind::file);
  std::array<std::byte, 4> bytes{};
  Transfer write(OpCode::write_durably_at, bytes.data(), bytes.size());
  write.flags = op_whole;
  run_cut(write, 1, &file);
  EXPECT_EQ(write.result, 4);
  EXPECT_EQ(write.moved, 4u);
  EXPECT_EQ(rig_.close(file), 0);
}

}  // namespace
}  // namespace rota

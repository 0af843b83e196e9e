#include "driver/message.hpp"
#include "driver/perform_fixture.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <cerrno>
#include <string>
#include <vector>

namespace rota::perform_fixture {
namespace {

using testing_sockets::SocketPair;
using testing_sockets::TemporaryFile;

constexpr std::size_t kPage = 4096;

TEST_F(Perform, MorePartsThanOneCallTakesGiveAShortCount) {
  TemporaryFile file;
  file.write_at(std::string(4000, 'v'), 0);
  std::string buffer(4000, '\0');
  std::vector<iovec> parts;
  for (char& place : buffer) parts.push_back(iovec{&place, 1});
  VectorTransfer read(OpCode::read_vector_at, parts.data(), 4000);
  read.descriptor = &adopt(file.number(), FdKind::file);
  perform_blocking(read);
  EXPECT_EQ(read.result, 1024);
}

TEST_F(Perform, ACachedFileIsReadAtOnceAndEndsShortAtItsEndOnly) {
  TemporaryFile file;
  file.write_at(std::string(kPage + 100, 'f'), 0);
  Descriptor& on = adopt(file.number(), FdKind::file);
  std::string buffer(2 * kPage, '\0');
  Prepared read(OpCode::read_at, on, bytes_of(buffer));
  if (!perform(read)) perform_blocking(read);  // A file system may not know RWF_NOWAIT.
  EXPECT_EQ(read.result, static_cast<std::int32_t>(kPage + 100));
  Prepared beyond(OpCode::read_at, on, bytes_of(buffer), 0, 1u << 20);
  if (!perform(beyond)) perform_blocking(beyond);
  EXPECT_EQ(beyond.result, 0);
}

/// Whether the file system answers a call with RWF_NOWAIT at all, asked without `perform`.
template <class Call>
bool knows_nowait(Call call, int fd) {
  char byte = 'p';
  const iovec part{&byte, 1};
  return call(fd, &part, 1, 0, RWF_NOWAIT) >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS);
}

TEST_F(Perform, AWriteThatCannotBeTriedLeavesReadsTriedAndTheReverse) {
  TemporaryFile file;
  file.write_at(std::string(kPage, 'f'), 0);
  const bool reads_known = knows_nowait(::preadv2, file.number());
  const bool writes_known = knows_nowait(::pwritev2, file.number());
  Descriptor& on = adopt(file.number(), FdKind::file);
  std::string buffer(kPage, 'w');
  Prepared write(OpCode::write_at, on, bytes_of(buffer));
  if (!perform(write)) perform_blocking(write);
  EXPECT_EQ(may_try(on, OpCode::write_at), writes_known);
  EXPECT_EQ(may_try(on, OpCode::write_vector_at), writes_known);
  Prepared read(OpCode::read_at, on, bytes_of(buffer));
  EXPECT_TRUE(may_try(on, OpCode::read_at)) << "nobody has asked for a read before";
  if (!perform(read)) perform_blocking(read);
  EXPECT_EQ(may_try(on, OpCode::read_at), reads_known);
  EXPECT_EQ(may_try(on, OpCode::read_vector_at), reads_known);
}

TEST_F(Perform, AFileThatWasGivenUpIsNotTriedUntilAProbeHits) {
  TemporaryFile file;
  file.write_at(std::string(kPage, 'w'), 0);
  Descriptor& on = adopt(file.number(), FdKind::file);
  std::string buffer(kPage, '\0');
  DriverCounters counters;
  Prepared first(OpCode::read_at, on, bytes_of(buffer));
  if (!try_other(first, counters)) GTEST_SKIP() << "this file system does not know RWF_NOWAIT";
  while (!on.cached.miss()) {
  }
  int untried = 0;
  for (bool hit = false; !hit; ++untried) {
    ASSERT_LT(untried, FirstTry::kTurnsPerProbe);
    Prepared read(OpCode::read_at, on, bytes_of(buffer));
    hit = try_other(read, counters);
  }
  EXPECT_EQ(untried, FirstTry::kTurnsPerProbe);
  Prepared next(OpCode::read_at, on, bytes_of(buffer));
  EXPECT_TRUE(try_other(next, counters));
}

TEST_F(Perform, OffsetsBeyondTwoGigabytesAreKept) {
  TemporaryFile file;
  const std::uint64_t far_away = (std::uint64_t{5} << 30) + 7;
  Descriptor& on = adopt(file.number(), FdKind::file);
  std::string data = "far";
  Prepared write(OpCode::write_at, on, bytes_of(data), 0, far_away);
  if (!perform(write)) perform_blocking(write);
  EXPECT_EQ(write.result, 3);
  std::string back(3, '\0');
  Prepared read(OpCode::read_at, on, bytes_of(back), 0, far_away);
  if (!perform(read)) perform_blocking(read);
  EXPECT_EQ(back, "far");
}

TEST_F(Perform, WhatMaySleepIsLeftToAThreadThatMayBlock) {
  TemporaryFile file;
  file.write_at("0123456789", 0);
  Descriptor& on = adopt(file.number(), FdKind::file);
  Truncate cut(4);
  cut.descriptor = &on;
  EXPECT_FALSE(perform(cut));
  perform_blocking(cut);
  EXPECT_EQ(cut.result, 0);

  struct statx seen {};
  Stat stat(&seen);
  stat.descriptor = &on;
  EXPECT_FALSE(perform(stat));
  perform_blocking(stat);
  EXPECT_EQ(stat.result, 0);
  EXPECT_EQ(seen.stx_size, 4u);

  for (OpCode code : {OpCode::sync, OpCode::sync_data}) {
    Operation sync(code);
    sync.descriptor = &on;
    EXPECT_FALSE(perform(sync));
    perform_blocking(sync);
    EXPECT_EQ(sync.result, 0);
  }
}

TEST_F(Perform, OpenGivesACloseOnExecNumberAndCloseGivesItBack) {
  TemporaryFile file;
  Open open(file.path().c_str(), O_RDONLY, 0);
  EXPECT_FALSE(perform(open));
  perform_blocking(open);
  ASSERT_GE(open.result, 0);
  EXPECT_NE(::fcntl(open.result, F_GETFD) & FD_CLOEXEC, 0);
  Operation close(OpCode::close);
  close.descriptor = &adopt(open.result, FdKind::file);
  perform_blocking(close);
  EXPECT_EQ(close.result, 0);
  EXPECT_EQ(::fcntl(open.result, F_GETFD), -1);
}

TEST_F(Perform, ASocketHasNoOffsets) {
  std::string buffer(4, '\0');
  SocketPair pair = SocketPair::tcp();
  Prepared read(OpCode::read_at, adopt(pair.near.number(), FdKind::file), bytes_of(buffer));
  EXPECT_TRUE(perform(read));
  EXPECT_EQ(read.result, -ESPIPE);
}

}  // namespace
}  // namespace rota::perform_fixture

// What the engine over POSIX aio does beside what file_engine.hpp promises of each, by every way of
// being told.

#include "driver/files/posix_aio.hpp"
#include "driver/files/posix_aio_doorbell.hpp"

#include "driver/aio_library.hpp"
#include "driver/engine_fixture.hpp"
#include "driver/sockets.hpp"
#include "open_fds.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace rota {
namespace {

using aio_library::BusyLibrary;
using aio_library::ByNotification;
using aio_library::make_engine;
using engine_fixture::At;
using engine_fixture::EngineRig;
using testing_sockets::checked;
using testing_sockets::Fd;
using testing_sockets::TemporaryFile;

/// Sets a limit of the process while it lives.
class Limit {
 public:
  Limit(__rlimit_resource which, rlim_t most) : which_(which) {
    checked(::getrlimit(which_, &before_), "getrlimit");
    rlimit limit = before_;
    limit.rlim_cur = most;
    checked(::setrlimit(which_, &limit), "setrlimit");
  }
  Limit(const Limit&) = delete;
  Limit& operator=(const Limit&) = delete;
  ~Limit() { ::setrlimit(which_, &before_); }

 private:
  __rlimit_resource which_;
  rlimit before_{};
};

class PosixAio : public ByNotification {
 protected:
  void submit(std::vector<std::unique_ptr<At>>& operations) {
    OpList all;
    for (const auto& each : operations) all.push_back(*each);
    rig_.engine().submit(std::move(all));
  }
  /// Reads of one byte each, from the beginning of the file on.
  std::vector<std::unique_ptr<At>> byte_reads(Descriptor& file, std::size_t count) {
    std::vector<std::unique_ptr<At>> reads;
    for (std::size_t i = 0; i < count; ++i) {
      reads.push_back(std::make_unique<At>(OpCode::read_at, file, "?", i));
    }
    return reads;
  }
};

TEST_P(PosixAio, WhatWasWrittenInOneListIsReadInOne) {
  TemporaryFile file;
  Descriptor& to = rig_.adopt(file.number());
  std::vector<std::unique_ptr<At>> operations;
  for (std::size_t i = 0; i < 100; ++i) {
    operations.push_back(
        std::make_unique<At>(OpCode::write_at, to, std::string(10, static_cast<char>(i)), i * 10));
  }
  submit(operations);
  rig_.reap(100);
  for (const auto& each : operations) {
    EXPECT_EQ(each->result, 10);
    each->code = OpCode::read_at;
    each->moved = 0;
    each->buffer.assign(10, '?');
  }
  submit(operations);
  rig_.reap(100);
  for (std::size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(operations[i]->result, 10);
    EXPECT_EQ(operations[i]->buffer, std::string(10, static_cast<char>(i)));
  }
}

TEST_P(PosixAio, SyncsStandBetweenTransfers) {
  TemporaryFile file;
  Descriptor& to = rig_.adopt(file.number());
  At one(OpCode::write_at, to, "one", 0);
  Operation data(OpCode::sync_data);
  At two(OpCode::write_at, to, "two", 3);
  Operation all(OpCode::sync);
  OpList batch;
  for (Operation* each :
       {static_cast<Operation*>(&one), &data, static_cast<Operation*>(&two), &all}) {
    each->descriptor = &to;
    batch.push_back(*each);
  }
  rig_.engine().submit(std::move(batch));
  EXPECT_EQ(rig_.reap(4).size(), 4u);
  EXPECT_EQ(one.result, 3);
  EXPECT_EQ(data.result, 0);
  EXPECT_EQ(two.result, 3);
  EXPECT_EQ(all.result, 0);
}

TEST_P(PosixAio, WhatCannotBeDoneSaysWhy) {
  TemporaryFile file;
  const Fd write_only(checked(::open(file.path().c_str(), O_WRONLY | O_CLOEXEC), "open"));
  At read(OpCode::read_at, rig_.adopt(write_only.number()), "?", 0);
  rig_.submit(read);
  rig_.reap(1);
  EXPECT_EQ(read.result, -EBADF);
  At beyond(OpCode::read_at, rig_.adopt(file.number()), "?", ~std::uint64_t{0});
  rig_.submit(beyond);
  rig_.reap(1);
  EXPECT_EQ(beyond.result, -EINVAL);
}

TEST_P(PosixAio, WhatHasNoOffsetsIsNotReadAsAStream) {
  const testing_sockets::Pipe pipe;
  checked(static_cast<int>(::write(pipe.writer.number(), "x", 1)), "write");
  At read(OpCode::read_at, rig_.adopt(pipe.reader.number()), "?", 0);
  rig_.submit(read);
  rig_.reap(1);
  EXPECT_EQ(read.result, -ESPIPE);
  EXPECT_EQ(read.buffer, "?");
}

TEST_P(PosixAio, AShortTransferOfEveryByteGoesOn) {
  // The kernel gives a page or less of this file to each read.
  const Fd listing(::open("/proc/kallsyms", O_RDONLY | O_CLOEXEC));
  const std::string empty(64 * 1024, '\0');
  std::string expected = empty;
  const ssize_t first = ::pread(listing.number(), expected.data(), expected.size(), 0);
  if (first <= 0 || first == static_cast<ssize_t>(expected.size())) {
    GTEST_SKIP() << "this kernel has no file that is read in parts";
  }
  std::ifstream("/proc/kallsyms").read(expected.data(), static_cast<long>(expected.size()));
  At read(OpCode::read_at, rig_.adopt(listing.number()), empty, 0);
  read.flags = op_whole;
  rig_.submit(read);
  rig_.reap(1);
  EXPECT_EQ(read.result, static_cast<std::int32_t>(empty.size()));
  EXPECT_TRUE(read.buffer == expected);
}

/// What of a storm is in flight at once; more than the library is given.
constexpr std::size_t kAtOnce = 250;

TEST_P(PosixAio, AStormOfReadsOverSeveralFilesHasWhatTheFilesHave) {
  constexpr std::size_t blocks = 64;
  constexpr std::size_t storm = 10'000;
  std::array<TemporaryFile, 8> files;
  std::vector<Descriptor*> descriptors;
  const auto block_of = [](std::size_t file, std::size_t block) {
    std::string text = std::to_string(file) + ':' + std::to_string(block) + ' ';
    text.resize(512, static_cast<char>('a' + (file + block) % 26));
    return text;
  };
  for (std::size_t file = 0; file < files.size(); ++file) {
    for (std::size_t block = 0; block < blocks; ++block) {
      files[file].write_at(block_of(file, block), static_cast<off_t>(block * 512));
    }
    descriptors.push_back(&rig_.adopt(files[file].number()));
  }
  for (std::size_t begun = 0; begun < storm; begun += kAtOnce) {
    std::vector<std::unique_ptr<At>> reads;
    for (std::size_t i = begun; i < begun + kAtOnce; ++i) {
      reads.push_back(std::make_unique<At>(OpCode::read_at, *descriptors[i % files.size()],
                                           std::string(512, '?'), i / 8 % blocks * 512));
    }
    submit(reads);
    ASSERT_EQ(rig_.reap(kAtOnce).size(), kAtOnce);
    for (std::size_t i = begun; i < begun + kAtOnce; ++i) {
      const At& read = *reads[i - begun];
      ASSERT_EQ(read.result, 512);
      ASSERT_EQ(read.buffer, block_of(i % files.size(), i / 8 % blocks));
    }
  }
  EXPECT_EQ(rig_.engine().use().waiting, 0u);
}

TEST_P(PosixAio, WhatIsCancelledBeforeAThreadIsFreeStrandsNothingBehindIt) {
  TemporaryFile file;
  file.write_at("abc", 0);
  Descriptor& from = rig_.adopt(file.number());
  BusyLibrary busy;
  auto reads = byte_reads(from, 3);
  submit(reads);
  rig_.engine().cancel(*reads[0]);
  EXPECT_EQ(rig_.reap(1), std::vector<Operation*>{reads[0].get()});
  EXPECT_EQ(reads[0]->result, -ECANCELED);
  busy.let_go();
  EXPECT_EQ(rig_.reap(2).size(), 2u);
  EXPECT_EQ(reads[1]->buffer + reads[2]->buffer, "bc");
}

TEST_P(PosixAio, WhatWasToBeAskedForAgainCanBeCancelledToo) {
  TemporaryFile file;
  file.write_at("abc", 0);
  Descriptor& from = rig_.adopt(file.number());
  BusyLibrary busy;
  auto reads = byte_reads(from, 3);
  submit(reads);
  rig_.engine().cancel(*reads[0]);
  rig_.engine().cancel(*reads[1]);
  rig_.engine().cancel(*reads[1]);
  EXPECT_EQ(rig_.reap(2).size(), 2u);
  EXPECT_EQ(reads[0]->result, -ECANCELED);
  EXPECT_EQ(reads[1]->result, -ECANCELED);
  busy.let_go();
  EXPECT_EQ(rig_.reap(1), std::vector<Operation*>{reads[2].get()});
  EXPECT_EQ(reads[2]->buffer, "c");
}

TEST_P(PosixAio, AllOfOneDescriptorAreCancelledWhereverTheyWait) {
  TemporaryFile mine;
  TemporaryFile other;
  other.write_at("x", 0);
  Descriptor& closing = rig_.adopt(mine.number());
  BusyLibrary busy;
  At staying(OpCode::read_at, rig_.adopt(other.number()), "?", 0);
  rig_.submit(staying);
  auto reads = byte_reads(closing, 2 * PosixAioRequest::kMost);
  submit(reads);
  EXPECT_EQ(rig_.engine().use().waiting, PosixAioRequest::kMost + 1);
  rig_.engine().cancel_all(closing);
  EXPECT_EQ(rig_.reap(reads.size()).size(), reads.size());
  for (const auto& each : reads) EXPECT_EQ(each->result, -ECANCELED);
  EXPECT_EQ(rig_.engine().use().waiting, 0u);
  busy.let_go();
  EXPECT_EQ(rig_.reap(1), std::vector<Operation*>{&staying});
  EXPECT_EQ(staying.buffer, "x");
}

TEST_P(PosixAio, WhatIsMoreUrgentComesFirstOnAFile) {
  TemporaryFile file;
  Descriptor& to = rig_.adopt(file.number());
  BusyLibrary busy;
  At first(OpCode::write_at, to, "1", 0);
  At low(OpCode::write_at, to, "l", 0);
  At high(OpCode::write_at, to, "h", 0);
  low.priority = IoPriority::low;
  high.priority = IoPriority::high;
  for (At* each : {&first, &low, &high}) rig_.submit(*each);
  busy.let_go();
  EXPECT_EQ(rig_.reap(3).size(), 3u);
  char last = 0;
  checked(static_cast<int>(::pread(file.number(), &last, 1, 0)), "pread");
  EXPECT_EQ(last, 'l');
}

TEST_P(PosixAio, MoreEnginesThanTheLibraryHasThreadsAreAllServed) {
  TemporaryFile file;
  file.write_at("ab", 0);
  struct One {
    EngineRig rig;
    std::vector<std::unique_ptr<At>> reads;
  };
  std::array<One, 30> engines;
  BusyLibrary busy;  // Each waits for its first read when the second comes.
  for (One& each : engines) {
    each.rig.use(make_engine(each.rig, GetParam()).value());
    each.reads = byte_reads(each.rig.adopt(file.number()), 2);
    each.rig.submit(*each.reads[0]);
  }
  for (One& each : engines) each.rig.submit(*each.reads[1]);
  busy.let_go();
  for (One& each : engines) {
    EXPECT_EQ(each.rig.reap(2).size(), 2u);
    EXPECT_EQ(each.reads[0]->buffer + each.reads[1]->buffer, "ab");
    each.rig.end();
  }
}

TEST_P(PosixAio, ARunOfEnginesLeavesNothingOpen) {
  TemporaryFile file;
  file.write_at("abc", 0);
  Descriptor& from = rig_.adopt(file.number());
  rig_.end();
  const std::size_t before = leaks::open_fds();
  for (int i = 0; i < 100; ++i) {
    begin();
    auto reads = byte_reads(from, 3);
    submit(reads);
    EXPECT_EQ(rig_.reap(3).size(), 3u);
    rig_.end();
  }
  EXPECT_EQ(leaks::open_fds(), before);
}

TEST_P(PosixAio, NothingIsLostWhenNoSignalCanBeQueued) {
  const Limit limit(RLIMIT_SIGPENDING, 0);
  EXPECT_LT(::sigqueue(::getpid(), SIGRTMIN, sigval{}), 0);
  TemporaryFile file;
  file.write_at(std::string(kAtOnce, 'a'), 0);
  auto reads = byte_reads(rig_.adopt(file.number()), kAtOnce);
  submit(reads);
  EXPECT_EQ(rig_.reap(kAtOnce).size(), kAtOnce);
  for (const auto& each : reads) EXPECT_EQ(each->buffer, "a");
}

TEST(PosixAioDoorbell, ThatIsHungAgainLeavesNothingOpen) {
  aio_library::limit_threads_for_sanitizer();
  const std::size_t before = leaks::open_fds();
  {
    PosixAioDoorbell doorbell;
    EXPECT_EQ(doorbell.hang(), 0);
    EXPECT_EQ(doorbell.hang(), 0);
    EXPECT_TRUE(doorbell.arm());
  }
  EXPECT_EQ(leaks::open_fds(), before);
}

INSTANTIATE_TEST_SUITE_P(Told, PosixAio, aio_library::every_notification(),
                         aio_library::notification_name);

}  // namespace
}  // namespace rota

// What file_engine.hpp promises, for each file engine.

#include "driver/files/file_engine.hpp"

#include "driver/aio_library.hpp"
#include "driver/engine_fixture.hpp"
#include "driver/files/file_engine_make.hpp"
#include "driver/sockets.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <new>
#include <string>
#include <vector>

namespace rota {
namespace {

using engine_fixture::At;
using testing_sockets::Fd;
using testing_sockets::TemporaryFile;

constexpr std::size_t kPage = 4096;

struct Named {
  const char* name;
  FileEngineKind kind;
  AioNotification told = AioNotification::none;
};

/// Pages of one character each, where direct I/O may put them.
class Pages {
 public:
  explicit Pages(std::size_t count, char first = '\0')
      : bytes_(count * kPage),
        memory_(static_cast<char*>(::operator new[](bytes_, std::align_val_t(kPage)))) {
    for (std::size_t i = 0; i < count; ++i) {
      std::memset(memory_.get() + i * kPage, first == '\0' ? 0 : letter(first, i), kPage);
    }
  }

  static char letter(char first, std::size_t place) {
    return static_cast<char>(first + static_cast<char>(place % 26));
  }
  [[nodiscard]] std::byte* data() const { return reinterpret_cast<std::byte*>(memory_.get()); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] bool are(char first, std::size_t place = 0) const {
    for (std::size_t i = 0; i < bytes_; ++i) {
      if (memory_[i] != letter(first, place + i / kPage)) return false;
    }
    return true;
  }

 private:
  struct Free {
    void operator()(char* memory) const { ::operator delete[](memory, std::align_val_t(kPage)); }
  };
  std::size_t bytes_;
  std::unique_ptr<char[], Free> memory_;
};

/// A read or write of pages at an offset, and the pages.
struct PageTransfer : Transfer {
  Pages pages;

  PageTransfer(OpCode what, Descriptor& file, Pages memory, std::uint64_t at)
      : Transfer(what, memory.data(), memory.bytes(), at), pages(std::move(memory)) {
    descriptor = &file;
  }
};

class EveryEngine : public testing::TestWithParam<Named>, protected engine_fixture::EngineRig {
 protected:
  void SetUp() override {
    const Named& asked = GetParam();
    aio_library::limit_threads_for_sanitizer();
    if (thread_sanitizer && asked.told == AioNotification::thread) {
      GTEST_SKIP() << "this sanitizer knows no threads that the C library starts";
    }
    std::vector<Refusal> refusals;
    auto made = make_file_engine({asked.kind, 4, asked.told}, bell().notify(), refusals);
    if (!made) GTEST_SKIP() << refusals.front().reason << ' ' << made.error().message();
    use(std::move(*made));
  }

  /// The same file, opened once more; null where it cannot be opened so.
  Descriptor* open_again(const TemporaryFile& file, int flags) {
    const int fd = ::open(file.path().c_str(), flags | O_CLOEXEC);
    if (fd < 0) return nullptr;
    fds_.emplace_back(fd);
    return &adopt(fd);
  }
  /// For direct I/O.
  Descriptor* open_direct(const TemporaryFile& file) { return open_again(file, O_RDWR | O_DIRECT); }

  std::int32_t result_of(Operation& operation) {
    submit(operation);
    EXPECT_EQ(reap(1), std::vector<Operation*>{&operation});
    return operation.result;
  }

 private:
  std::deque<Fd> fds_;
};

constexpr const char* kNoDirect = "this file system has no direct I/O";

TEST_P(EveryEngine, EveryOperationComesBackOnceWithItsResult) {
  TemporaryFile file;
  file.write_at(std::string(1000, 'p'), 0);
  Descriptor& from = adopt(file.number());
  std::deque<At> reads;
  OpList batch;
  for (std::size_t i = 1; i <= 200; ++i) {
    reads.emplace_back(OpCode::read_at, from, std::string(i, '\0'), i);
    batch.push_back(reads.back());
  }
  engine().submit(std::move(batch));
  std::vector<Operation*> back = reap(reads.size());
  std::ranges::sort(back);
  EXPECT_EQ(std::ranges::unique(back).begin(), back.end());
  EXPECT_EQ(back.size(), reads.size());
  for (const At& read : reads) {
    EXPECT_EQ(read.result, static_cast<std::int32_t>(read.bytes));
    EXPECT_EQ(read.buffer, std::string(read.bytes, 'p'));
  }
}

/// More of them than any engine has room for at once.
TEST_P(EveryEngine, DirectReadsComeBackWithWhatTheFileHas) {
  constexpr std::size_t pages = 300;
  TemporaryFile file;
  Descriptor* from = open_direct(file);
  if (from == nullptr) GTEST_SKIP() << kNoDirect;
  PageTransfer write(OpCode::write_at, *from, Pages(pages, 'a'), 0);
  ASSERT_EQ(result_of(write), static_cast<std::int32_t>(pages * kPage));
  std::deque<PageTransfer> reads;
  OpList batch;
  for (std::size_t i = 0; i < pages; ++i) {
    reads.emplace_back(OpCode::read_at, *from, Pages(1), i * kPage);
    batch.push_back(reads.back());
  }
  engine().submit(std::move(batch));
  EXPECT_EQ(reap(pages).size(), pages);
  for (std::size_t i = 0; i < pages; ++i) {
    EXPECT_EQ(reads[i].result, static_cast<std::int32_t>(kPage)) << i;
    EXPECT_TRUE(reads[i].pages.are('a', i)) << i;
  }
}

/// So that an engine which leaves everything to its pool does not pass for one.
TEST_P(EveryEngine, WhatItsMechanismDoesTakesNoThreadOfItsPool) {
  if (GetParam().kind == FileEngineKind::posix_aio) GTEST_SKIP() << "it has a thread that waits";
  TemporaryFile file;
  file.write_at(std::string(2 * kPage, 'p'), 0);
  Descriptor* direct = open_direct(file);
  if (direct == nullptr) GTEST_SKIP() << kNoDirect;
  PageTransfer read(OpCode::read_at, *direct, Pages(1), 0);
  EXPECT_EQ(result_of(read), static_cast<std::int32_t>(kPage));
  PageTransfer write(OpCode::write_at, *direct, Pages(1, 'w'), kPage);
  EXPECT_EQ(result_of(write), static_cast<std::int32_t>(kPage));
  Operation sync(OpCode::sync);
  sync.descriptor = direct;
  EXPECT_EQ(result_of(sync), 0);
  EXPECT_EQ(engine().use().threads > 0, GetParam().kind == FileEngineKind::blocking_pool);

  FileRange lock(OpCode::lock, F_RDLCK, 0, 1);
  lock.descriptor = direct;
  EXPECT_EQ(result_of(lock), 0);
  EXPECT_GT(engine().use().threads, 0u) << "it has no call for this";
}

TEST_P(EveryEngine, DirectWritesLandWhereTheyWereToldAndMayMakeAFileLonger) {
  constexpr std::size_t pages = 40;
  TemporaryFile file;
  Descriptor* to = open_direct(file);
  if (to == nullptr) GTEST_SKIP() << kNoDirect;
  for (const char first : {'A', 'a'}) {  // The first time each makes it longer.
    std::deque<PageTransfer> writes;
    OpList batch;
    for (std::size_t i = pages; i-- > 0;) {
      writes.emplace_back(OpCode::write_at, *to, Pages(1, Pages::letter(first, i)), i * kPage);
      batch.push_back(writes.back());
    }
    engine().submit(std::move(batch));
    EXPECT_EQ(reap(pages).size(), pages);
    for (const PageTransfer& write : writes) {
      EXPECT_EQ(write.result, static_cast<std::int32_t>(kPage));
    }
    PageTransfer all(OpCode::read_at, *to, Pages(pages + 1), 0);
    EXPECT_EQ(result_of(all), static_cast<std::int32_t>(pages * kPage)) << "it ends there";
    EXPECT_EQ(std::memcmp(all.pages.data(), Pages(pages, first).data(), pages * kPage), 0);
  }
}

TEST_P(EveryEngine, PartsAreReadAndWrittenInOrder) {
  TemporaryFile file;
  Descriptor* direct = open_direct(file);
  for (Descriptor* each : {&adopt(file.number()), direct}) {
    if (each == nullptr) continue;
    Pages one(1, 'x');
    Pages two(2, 'r');
    std::array<iovec, 2> out{{{one.data(), one.bytes()}, {two.data(), two.bytes()}}};
    VectorTransfer write(OpCode::write_vector_at, out.data(), 2, kPage);
    write.descriptor = each;
    EXPECT_EQ(result_of(write), static_cast<std::int32_t>(3 * kPage));
    Pages first(2);
    Pages second(1);
    std::array<iovec, 2> in{{{first.data(), first.bytes()}, {second.data(), second.bytes()}}};
    VectorTransfer read(OpCode::read_vector_at, in.data(), 2, kPage);
    read.descriptor = each;
    EXPECT_EQ(result_of(read), static_cast<std::int32_t>(3 * kPage));
    EXPECT_EQ(std::memcmp(first.data(), one.data(), kPage), 0);
    EXPECT_EQ(std::memcmp(first.data() + kPage, two.data(), kPage), 0);
    EXPECT_TRUE(second.are('r', 1));
  }
}

TEST_P(EveryEngine, AReadEndsShortAtTheEndOfTheFile) {
  TemporaryFile file;
  file.write_at(std::string(kPage + 100, 'e'), 0);
  Descriptor* direct = open_direct(file);
  for (Descriptor* each : {&adopt(file.number()), direct}) {
    if (each == nullptr) continue;
    for (const std::uint8_t flags : {std::uint8_t{0}, std::uint8_t{op_whole}}) {
      PageTransfer read(OpCode::read_at, *each, Pages(4), 0);
      read.flags = flags;
      EXPECT_EQ(result_of(read), static_cast<std::int32_t>(kPage + 100));
      PageTransfer beyond(OpCode::read_at, *each, Pages(1), 8 * kPage);
      beyond.flags = flags;
      EXPECT_EQ(result_of(beyond), 0);
    }
  }
}

TEST_P(EveryEngine, ErrorsAreResults) {
  TemporaryFile file;
  file.write_at(std::string(kPage, 'e'), 0);
  Descriptor* for_reading = open_again(file, O_RDONLY);
  At write(OpCode::write_at, *for_reading, "x", 0);
  EXPECT_EQ(result_of(write), -EBADF);
  Descriptor* for_writing = open_again(file, O_WRONLY);
  At read(OpCode::read_at, *for_writing, "x", 0);
  EXPECT_EQ(result_of(read), -EBADF);
  At negative(OpCode::read_at, *for_reading, "x", ~std::uint64_t{0});
  EXPECT_EQ(result_of(negative), -EINVAL);
  if (Descriptor* direct = open_direct(file)) {
    PageTransfer crooked(OpCode::read_at, *direct, Pages(1), 100);
    EXPECT_EQ(result_of(crooked), -EINVAL) << "direct I/O wants whole blocks";
  }
  testing_sockets::Pipe pipe;
  Operation sync(OpCode::sync);
  sync.descriptor = &adopt(pipe.writer.number());
  EXPECT_EQ(result_of(sync), -EINVAL);
}

TEST_P(EveryEngine, WhatWasWrittenIsSynced) {
  TemporaryFile file;
  Descriptor& to = adopt(file.number());
  At write(OpCode::write_at, to, std::string(100, 'w'), 0);
  EXPECT_EQ(result_of(write), 100);
  for (const OpCode code : {OpCode::sync, OpCode::sync_data}) {
    Operation sync(code);
    sync.descriptor = &to;
    EXPECT_EQ(result_of(sync), 0);
  }
}

TEST_P(EveryEngine, WhatItsMechanismHasNoCallForIsDoneAllTheSame) {
  TemporaryFile file;
  Descriptor& descriptor = adopt(file.number());
  Truncate truncate(3 * kPage);
  truncate.descriptor = &descriptor;
  EXPECT_EQ(result_of(truncate), 0);
  struct statx seen{};
  Stat stat(&seen);
  stat.descriptor = &descriptor;
  EXPECT_EQ(result_of(stat), 0);
  EXPECT_EQ(seen.stx_size, 3 * kPage);
  testing_sockets::SocketPair pair = testing_sockets::SocketPair::blocking_unix();
  pair.far.send("x");
  At received(OpCode::read, adopt(pair.near.number(), FdKind::socket), "?", 0);
  EXPECT_EQ(result_of(received), 1);
  EXPECT_EQ(received.buffer, "x");
}

TEST_P(EveryEngine, ACancelledOperationComesBackOnceWithWhatItDidOrAsCancelled) {
  constexpr std::size_t pages = 200;
  TemporaryFile file;
  file.write_at(std::string(pages * kPage, 'c'), 0);
  Descriptor* direct = open_direct(file);
  for (Descriptor* each : {&adopt(file.number()), direct}) {
    if (each == nullptr) continue;
    std::deque<PageTransfer> reads;
    OpList batch;
    for (std::size_t i = 0; i < pages; ++i) {
      reads.emplace_back(OpCode::read_at, *each, Pages(1), i * kPage);
      batch.push_back(reads.back());
    }
    engine().submit(std::move(batch));
    for (std::size_t i = pages; i-- > 0;) {
      if (i % 3 != 0) engine().cancel(reads[i]);
    }
    EXPECT_EQ(reap(pages).size(), pages);
    for (std::size_t i = 0; i < pages; ++i) {
      const bool was_read = reads[i].result == static_cast<std::int32_t>(kPage);
      EXPECT_TRUE(was_read || (reads[i].result == -ECANCELED && i % 3 != 0)) << reads[i].result;
      if (was_read) EXPECT_EQ(reads[i].pages.data()[0], std::byte{'c'});
      engine().cancel(reads[i]);  // It is back: nothing happens.
    }
    OpList nothing;
    engine().reap(nothing);
    EXPECT_TRUE(nothing.empty());
  }
}

TEST_P(EveryEngine, AllOfOneDescriptorAreCancelledAndNoOther) {
  constexpr std::size_t pages = 200;
  TemporaryFile mine;
  TemporaryFile other;
  for (TemporaryFile* file : {&mine, &other}) file->write_at(std::string(pages * kPage, 'c'), 0);
  Descriptor* closing = open_direct(mine);
  Descriptor* staying = open_direct(other);
  if (closing == nullptr) closing = &adopt(mine.number());
  if (staying == nullptr) staying = &adopt(other.number());
  std::deque<PageTransfer> reads;
  OpList batch;
  for (std::size_t i = 0; i < pages; ++i) {
    reads.emplace_back(OpCode::read_at, i % 2 == 0 ? *closing : *staying, Pages(1), i * kPage);
    batch.push_back(reads.back());
  }
  engine().submit(std::move(batch));
  engine().cancel_all(*closing);
  EXPECT_EQ(reap(pages).size(), pages);
  for (const PageTransfer& read : reads) {
    const bool was_read = read.result == static_cast<std::int32_t>(kPage);
    EXPECT_TRUE(was_read || (read.descriptor == closing && read.result == -ECANCELED));
  }
}

TEST_P(EveryEngine, APriorityIsAWishAndChangesNoResult) {
  TemporaryFile file;
  file.write_at(std::string(kPage, 'p'), 0);
  Descriptor* direct = open_direct(file);
  for (Descriptor* each : {&adopt(file.number()), direct}) {
    if (each == nullptr) continue;
    for (const IoPriority priority :
         {IoPriority::high, IoPriority::low, IoPriority::idle, IoPriority::normal}) {
      PageTransfer read(OpCode::read_at, *each, Pages(1), 0);
      read.priority = priority;
      EXPECT_EQ(result_of(read), static_cast<std::int32_t>(kPage));
      EXPECT_TRUE(read.pages.are('p'));
    }
  }
}

TEST_P(EveryEngine, NothingWaitsWhereNothingIsInFlight) {
  TemporaryFile file;
  At write(OpCode::write_at, adopt(file.number()), "x", 0);
  EXPECT_EQ(result_of(write), 1);
  const EngineUse use = engine().use();
  EXPECT_EQ(use.waiting, 0u);
  EXPECT_EQ(use.oldest_wait, Duration());
}

INSTANTIATE_TEST_SUITE_P(
    Engines, EveryEngine,
    testing::Values(Named{"best", FileEngineKind::best},
                    Named{"blocking_pool", FileEngineKind::blocking_pool},
                    Named{"linux_aio", FileEngineKind::linux_aio},
                    Named{"io_uring", FileEngineKind::io_uring},
                    Named{"posix_aio", FileEngineKind::posix_aio},
                    Named{"posix_aio_signal", FileEngineKind::posix_aio, AioNotification::signal},
                    Named{"posix_aio_thread", FileEngineKind::posix_aio, AioNotification::thread}),
    [](const auto& named) { return std::string(named.param.name); });

}  // namespace
}  // namespace rota

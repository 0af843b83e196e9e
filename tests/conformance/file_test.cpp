// Files: no readiness, offsets, durability.
#include "conformance/denied_here.hpp"
#include "conformance/conformance.hpp"
#include "conformance/temporary_folder.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

namespace rota::conformance {
namespace {

/// Cases that work in a folder of their own.
class FileConformance : public Conformance {
 protected:
  /// Opens through the driver.
  Descriptor& opened(const std::string& name, int flags) {
    Open& opening = open(folder_.file(name), flags | O_CLOEXEC);
    EXPECT_TRUE(finish(opening));
    EXPECT_GE(opening.result, 0) << std::strerror(-opening.result);
    return adopt(Fd(opening.result), FdKind::file);
  }

  TemporaryFolder folder_;
};

TEST_P(FileConformance, open_makes_a_file_and_it_is_private) {
  Descriptor& file = opened("made", O_RDWR | O_CREAT | O_EXCL);
  EXPECT_TRUE(is_close_on_exec(file.fd));
  EXPECT_EQ(::access(folder_.file("made").c_str(), F_OK), 0);
}

TEST_P(FileConformance, open_reports_what_is_wrong) {
  Open& missing = open(folder_.file("missing"), O_RDONLY);
  Open& directory = open(folder_.path(), O_RDWR);
  write_file(folder_.file("there"), "x");
  Open& exclusive = open(folder_.file("there"), O_RDWR | O_CREAT | O_EXCL);
  Open& beneath = open(folder_.file("there/below"), O_RDONLY);
  ASSERT_TRUE(finish(missing, directory, exclusive, beneath));
  EXPECT_EQ(missing.result, -ENOENT);
  EXPECT_EQ(directory.result, -EISDIR);
  EXPECT_EQ(exclusive.result, -EEXIST);
  EXPECT_EQ(beneath.result, -ENOTDIR);
}

TEST_P(FileConformance, what_is_written_is_read_back) {
  Descriptor& file = opened("data", O_RDWR | O_CREAT);
  const std::string sent = pattern(100'000);
  Transfer& writing = write_at(file, sent, 0);
  ASSERT_TRUE(finish(writing));
  EXPECT_EQ(writing.result, 100'000);
  Transfer& reading = read_at(file, sent.size(), 0);
  ASSERT_TRUE(finish(reading));
  EXPECT_TRUE(text(reading) == sent);
  EXPECT_TRUE(contents_of(folder_.file("data")) == sent);
}

TEST_P(FileConformance, a_read_across_the_end_is_short_and_one_at_the_end_is_empty) {
  write_file(folder_.file("ten"), "0123456789");
  Descriptor& file = opened("ten", O_RDONLY);
  Transfer& across = read_at(file, 100, 4);
  Transfer& at_end = read_at(file, 100, 10);
  Transfer& beyond = read_at(file, 100, 1'000'000);
  ASSERT_TRUE(finish(across, at_end, beyond));
  EXPECT_EQ(text(across), "456789");
  EXPECT_EQ(at_end.result, 0);
  EXPECT_EQ(beyond.result, 0);
}

TEST_P(FileConformance, offsets_beyond_two_and_four_gigabytes_are_exact) {
  Descriptor& file = opened("sparse", O_RDWR | O_CREAT);
  constexpr std::uint64_t kOffsets[] = {(2ULL << 30) - 3, (2ULL << 30) + 50, (4ULL << 30) - 3,
                                        (4ULL << 30) + 50, (5ULL << 30) + 7};
  for (const std::uint64_t offset : kOffsets) {
    Transfer& writing = write_at(file, std::to_string(offset), offset);
    ASSERT_TRUE(finish(writing));
    ASSERT_EQ(writing.result, 10) << std::strerror(-writing.result);
  }
  for (const std::uint64_t offset : kOffsets) {
    Transfer& reading = read_at(file, 10, offset);
    ASSERT_TRUE(finish(reading));
    EXPECT_EQ(text(reading), std::to_string(offset));
  }
  struct statx seen {};
  Stat& asking = stat(file, seen);
  ASSERT_TRUE(finish(asking));
  ASSERT_EQ(asking.result, 0);
  EXPECT_EQ(seen.stx_size, (5ULL << 30) + 17);
}

TEST_P(FileConformance, vectors_are_gathered_and_scattered_at_their_offset) {
  Descriptor& file = opened("vector", O_RDWR | O_CREAT);
  VectorTransfer& writing =
      write_parts(OpCode::write_vector_at, file, {"first", "", "second", "third"}, 1000);
  ASSERT_TRUE(finish(writing));
  ASSERT_EQ(writing.result, 16);
  VectorTransfer& reading = read_parts(OpCode::read_vector_at, file, {3, 6, 100}, 1000);
  ASSERT_TRUE(finish(reading));
  EXPECT_EQ(text(reading).substr(0, 9), "firstseco");
  EXPECT_EQ(reading.result, 16);
  EXPECT_EQ(std::memcmp(reading.parts[2].iov_base, "ndthird", 7), 0);
}

TEST_P(FileConformance, sync_and_sync_data_complete) {
  Descriptor& file = opened("durable", O_RDWR | O_CREAT);
  Transfer& writing = write_at(file, "durable", 0);
  ASSERT_TRUE(finish(writing));
  Operation& data = plain(OpCode::sync_data, file);
  Operation& all = plain(OpCode::sync, file);
  ASSERT_TRUE(finish(data, all));
  EXPECT_EQ(data.result, 0);
  EXPECT_EQ(all.result, 0);
}

TEST_P(FileConformance, a_sync_of_what_cannot_be_synced_says_so) {
  FdPair pair = pipe_pair();
  Descriptor& pipe = adopt(std::move(pair.near), FdKind::file);
  Operation& syncing = plain(OpCode::sync, pipe);
  ASSERT_TRUE(finish(syncing));
  EXPECT_EQ(syncing.result, -EINVAL);
}

TEST_P(FileConformance, truncate_shrinks_and_extends) {
  write_file(folder_.file("sized"), "0123456789");
  Descriptor& file = opened("sized", O_RDWR);
  struct statx seen {};
  Truncate& shrinking = truncate(file, 4);
  ASSERT_TRUE(finish(shrinking));
  ASSERT_EQ(shrinking.result, 0);
  EXPECT_EQ(contents_of(folder_.file("sized")), "0123");
  Truncate& extending = truncate(file, 3ULL << 30);
  ASSERT_TRUE(finish(extending));
  ASSERT_EQ(extending.result, 0) << std::strerror(-extending.result);
  Stat& asking = stat(file, seen);
  ASSERT_TRUE(finish(asking));
  EXPECT_EQ(seen.stx_size, 3ULL << 30);
}

TEST_P(FileConformance, stat_describes_the_open_file) {
  write_file(folder_.file("known"), std::string(4321, 'x'));
  Descriptor& file = opened("known", O_RDONLY);
  struct statx seen {};
  Stat& asking = stat(file, seen);
  ASSERT_TRUE(finish(asking));
  ASSERT_EQ(asking.result, 0);
  struct stat expected {};
  ASSERT_EQ(::fstat(file.fd, &expected), 0);
  EXPECT_EQ(seen.stx_size, 4321u);
  EXPECT_EQ(seen.stx_ino, expected.st_ino);
  EXPECT_EQ(seen.stx_mode, expected.st_mode);
}

TEST_P(FileConformance, a_read_of_a_directory_fails) {
  Open& opening = open(folder_.path(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ASSERT_TRUE(finish(opening));
  ASSERT_GE(opening.result, 0);
  Descriptor& directory = adopt(Fd(opening.result), FdKind::file);
  Transfer& reading = read_at(directory, 100, 0);
  ASSERT_TRUE(finish(reading));
  EXPECT_EQ(reading.result, -EISDIR);
}

TEST_P(FileConformance, a_file_is_only_used_as_it_was_opened) {
  write_file(folder_.file("one way"), "x");
  Descriptor& reader = opened("one way", O_RDONLY);
  Transfer& writing = write_at(reader, "y", 0);
  Truncate& shrinking = truncate(reader, 0);
  Descriptor& writer = opened("one way", O_WRONLY);
  Transfer& reading = read_at(writer, 1, 0);
  ASSERT_TRUE(finish(writing, shrinking, reading));
  EXPECT_EQ(writing.result, -EBADF);
  EXPECT_EQ(shrinking.result, -EINVAL);
  EXPECT_EQ(reading.result, -EBADF);
  EXPECT_EQ(contents_of(folder_.file("one way")), "x");
}

TEST_P(FileConformance, a_full_device_is_reported) {
  Open& opening = open("/dev/full", O_RDWR | O_CLOEXEC);
  ASSERT_TRUE(finish(opening));
  ASSERT_GE(opening.result, 0);
  Descriptor& full = adopt(Fd(opening.result), FdKind::file);
  Transfer& writing = write_at(full, "no room", 0);
  ASSERT_TRUE(finish(writing));
  EXPECT_EQ(writing.result, -ENOSPC);
}

TEST_P(FileConformance, many_reads_at_once_each_get_their_own_place) {
  constexpr std::size_t kReads = 500;
  constexpr std::size_t kBytes = 512;
  const std::string contents = pattern(kReads * kBytes);
  write_file(folder_.file("many"), contents);
  Descriptor& file = opened("many", O_RDONLY);
  std::vector<const Operation*> reads;
  for (std::size_t i = 0; i < kReads; ++i) {
    reads.push_back(&read_at(file, kBytes, (i * 7 % kReads) * kBytes));
  }
  ASSERT_TRUE(finish_all(reads));
  for (std::size_t i = 0; i < kReads; ++i) {
    const auto& reading = static_cast<const Transfer&>(*reads[i]);
    ASSERT_TRUE(text(reading) == contents.substr((i * 7 % kReads) * kBytes, kBytes)) << i;
  }
}

TEST_P(FileConformance, a_file_that_left_the_page_cache_is_read_whole) {
  const std::string contents = pattern(1 << 20);
  write_file(folder_.file("cold"), contents);
  Descriptor& file = opened("cold", O_RDWR);
  ASSERT_EQ(::fsync(file.fd), 0);
  // Every other piece leaves the cache, so that an attempt without blocking ends half-way.
  for (off_t at = 0; at < 1 << 20; at += 128 << 10) {
    const int error = ::posix_fadvise(file.fd, at, 64 << 10, POSIX_FADV_DONTNEED);
    if (error != 0) end_case_if_denied("fadvise64");
    ASSERT_EQ(error, 0);
  }
  Transfer& reading = read_at(file, contents.size(), 0);
  ASSERT_TRUE(finish(reading));
  EXPECT_EQ(reading.result, 1 << 20);
  EXPECT_TRUE(text(reading) == contents);
}

TEST_P(FileConformance, files_and_sockets_are_waited_for_together) {
  write_file(folder_.file("beside"), "from the file");
  Descriptor& file = opened("beside", O_RDONLY);
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& parked = read(near, 4, op_whole);
  for (int i = 0; i < 20; ++i) {
    Transfer& reading = read_at(file, 13, 0);
    ASSERT_TRUE(finish(reading));
    EXPECT_EQ(text(reading), "from the file");
  }
  EXPECT_FALSE(is_back(parked));
  send_all(pair.far.number(), "done");
  ASSERT_TRUE(finish(parked));
  EXPECT_EQ(text(parked), "done");
}

INSTANTIATE_TEST_SUITE_P(Drivers, FileConformance, testing::ValuesIn(cells()), name_of);

}  // namespace
}  // namespace rota::conformance

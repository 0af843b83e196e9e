// Bytes of files that go through no memory of the process: by a pipe, and from file to file.
#include "conformance/conformance.hpp"
#include "conformance/temporary_folder.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

namespace rota::conformance {
namespace {

/// Cases that copy between files of their own and a pipe.
class CopyConformance : public Conformance {
 protected:
  /// By a plain system call.
  Descriptor& file(const std::string& name, int flags = O_RDWR | O_CREAT) {
    Fd fd(::open(folder_.file(name).c_str(), flags | O_CLOEXEC, 0600));
    EXPECT_GE(fd.number(), 0) << std::strerror(errno);
    return adopt(std::move(fd), FdKind::file);
  }
  Descriptor& file_of(const std::string& name, const std::string& contents) {
    write_file(folder_.file(name), contents);
    return file(name);
  }
  std::string contents(const std::string& name) { return contents_of(folder_.file(name)); }

  /// Into the pipe, as often as it takes.
  void take(Descriptor& from, std::uint32_t bytes, std::int64_t offset) {
    for (std::uint32_t done = 0; done < bytes;) {
      const std::int64_t at = offset < 0 ? offset : offset + done;
      Splice& in = splice(OpCode::splice_in_at, from, pipe_.far.number(), bytes - done, at);
      ASSERT_TRUE(finish(in));
      ASSERT_GT(in.result, 0) << std::strerror(-in.result);
      done += static_cast<std::uint32_t>(in.result);
    }
  }
  void put(Descriptor& to, std::uint32_t bytes, std::int64_t offset) {
    for (std::uint32_t done = 0; done < bytes;) {
      const std::int64_t at = offset < 0 ? offset : offset + done;
      Splice& out = splice(OpCode::splice_out_at, to, pipe_.near.number(), bytes - done, at);
      ASSERT_TRUE(finish(out));
      ASSERT_GT(out.result, 0) << std::strerror(-out.result);
      done += static_cast<std::uint32_t>(out.result);
    }
  }

  TemporaryFolder folder_;
  FdPair pipe_ = pipe_pair();  ///< near is read
};

TEST_P(CopyConformance, a_file_is_spliced_from_any_offset_to_its_end) {
  Descriptor& ten = file_of("ten", "0123456789");
  take(ten, 4, 3);
  EXPECT_EQ(receive(pipe_.near.number(), 4), "3456");
  take(ten, 2, 8);
  EXPECT_EQ(receive(pipe_.near.number(), 2), "89");
  Splice& at_end = splice(OpCode::splice_in_at, ten, pipe_.far.number(), 100, 10);
  ASSERT_TRUE(finish(at_end));
  Splice& beyond = splice(OpCode::splice_in_at, ten, pipe_.far.number(), 100, 1000);
  ASSERT_TRUE(finish(beyond));
  EXPECT_EQ(at_end.result, 0);
  EXPECT_EQ(beyond.result, 0);
}

TEST_P(CopyConformance, a_pipe_is_spliced_to_any_offset_of_a_file) {
  Descriptor& ten = file_of("ten", "0123456789");
  send_all(pipe_.far.number(), "abcdef");
  put(ten, 2, 4);
  put(ten, 4, 12);
  EXPECT_EQ(contents("ten"), std::string("0123ab6789\0\0cdef", 16));
}

TEST_P(CopyConformance, a_splice_beyond_four_gigabytes_is_exact) {
  constexpr std::int64_t kFar = (5LL << 30) + 7;
  Descriptor& sparse = file("sparse");
  send_all(pipe_.far.number(), "far away");
  put(sparse, 8, kFar);
  take(sparse, 4, kFar + 4);
  EXPECT_EQ(receive(pipe_.near.number(), 4), "away");
}

TEST_P(CopyConformance, a_splice_without_an_offset_moves_the_position_of_the_open_file) {
  Descriptor& from = file_of("from", "0123456789");
  Descriptor& to = file("to");
  take(from, 3, -1);
  take(from, 4, -1);
  put(to, 5, -1);
  put(to, 2, -1);
  EXPECT_EQ(contents("to"), "0123456");
  EXPECT_EQ(::lseek(from.fd, 0, SEEK_CUR), 7);
}

TEST_P(CopyConformance, a_file_is_only_spliced_as_it_was_opened) {
  write_file(folder_.file("one way"), "x");
  send_all(pipe_.far.number(), "y");
  Descriptor& reader = file("one way", O_RDONLY);
  Descriptor& writer = file("one way", O_WRONLY);
  Descriptor& appender = file("one way", O_WRONLY | O_APPEND);
  Splice& writing = splice(OpCode::splice_out_at, reader, pipe_.near.number(), 1, 0);
  ASSERT_TRUE(finish(writing));
  Splice& appending = splice(OpCode::splice_out_at, appender, pipe_.near.number(), 1, 0);
  ASSERT_TRUE(finish(appending));
  Splice& reading = splice(OpCode::splice_in_at, writer, pipe_.far.number(), 1, 0);
  ASSERT_TRUE(finish(reading));
  EXPECT_EQ(writing.result, -EBADF);
  EXPECT_EQ(appending.result, -EINVAL);
  EXPECT_EQ(reading.result, -EBADF);
  EXPECT_EQ(contents("one way"), "x");
  EXPECT_EQ(receive(pipe_.near.number(), 1), "y") << "what could not be moved is still there";
}

TEST_P(CopyConformance, a_range_goes_from_file_to_file) {
  const std::string all = pattern(300'000);
  Descriptor& from = file_of("from", all);
  Descriptor& to = file_of("to", "head");
  for (std::size_t done = 100; done < all.size();) {
    CopyRange& copy = copy_range(from, to.fd, 1 << 20, done, done - 96);
    ASSERT_TRUE(finish(copy));
    ASSERT_GT(copy.result, 0) << std::strerror(-copy.result);
    done += static_cast<std::size_t>(copy.result);
  }
  CopyRange& at_end = copy_range(from, to.fd, 100, all.size(), all.size() - 96);
  ASSERT_TRUE(finish(at_end));
  EXPECT_EQ(at_end.result, 0);
  EXPECT_TRUE(contents("to") == "head" + all.substr(100));
}

TEST_P(CopyConformance, a_range_that_cannot_be_copied_says_why) {
  Descriptor& whole = file_of("whole", "0123456789");
  Descriptor& reader = file("whole", O_RDONLY);
  Descriptor& writer = file("other", O_WRONLY | O_CREAT);
  CopyRange& onto_itself = copy_range(whole, whole.fd, 8, 0, 2);
  CopyRange& to_reader = copy_range(whole, reader.fd, 5, 0, 20);
  CopyRange& from_writer = copy_range(writer, whole.fd, 5, 0, 0);
  CopyRange& to_pipe = copy_range(whole, pipe_.far.number(), 5, 0, 0);
  ASSERT_TRUE(finish(onto_itself, to_reader, from_writer, to_pipe));
  EXPECT_EQ(to_reader.result, -EBADF);
  EXPECT_EQ(from_writer.result, -EBADF);
  EXPECT_EQ(to_pipe.result, -EINVAL);
  // A simulated kernel may ask for less than overlaps.
  if (!driver().traits().virtual_clock) {
    EXPECT_EQ(onto_itself.result, -EINVAL);
    EXPECT_EQ(contents("whole"), "0123456789");
  }
}

TEST_P(CopyConformance, a_cancelled_copy_tells_what_it_moved) {
  constexpr std::uint32_t kEach = 1000;
  constexpr std::uint32_t kCopies = 50;
  Descriptor& from = file_of("from", std::string(kEach * kCopies, 'x'));
  Descriptor& to = file("to");
  std::vector<CopyRange*> started;
  for (std::uint32_t i = 0; i < kCopies; ++i) {
    started.push_back(&copy_range(from, to.fd, kEach, i * kEach, i * kEach));
  }
  turn_now();
  for (CopyRange* each : started) {
    if (!is_back(*each)) cancel(*each);
  }
  ASSERT_TRUE(finish_all({started.begin(), started.end()}));
  std::string written = contents("to");
  written.resize(kEach * kCopies);
  for (std::uint32_t i = 0; i < kCopies; ++i) {
    const std::int32_t result = started[i]->result;
    const std::size_t moved = result < 0 ? 0 : static_cast<std::size_t>(result);
    EXPECT_TRUE(result > 0 || result == -ECANCELED) << result;
    EXPECT_EQ(written.substr(i * kEach, kEach),
              std::string(moved, 'x') + std::string(kEach - moved, '\0'));
  }
}

TEST_P(CopyConformance, a_close_waits_for_the_copies_of_its_file) {
  Descriptor& from = file_of("from", pattern(100'000));
  Descriptor& to = file("to");
  std::vector<const Operation*> all;
  for (std::uint32_t i = 0; i < 10; ++i) all.push_back(&copy_range(from, to.fd, 10'000, i, i));
  Operation& closing = start_close(from);
  all.push_back(&closing);
  ASSERT_TRUE(finish_all(all));
  EXPECT_EQ(closing.result, 0);
  for (const Operation* each : all) {
    if (each != &closing) {
      EXPECT_LT(order_of(*each), order_of(closing));
    }
  }
  release(from);
}

TEST_P(CopyConformance, files_are_copied_beside_a_socket_that_waits) {
  Descriptor& from = file_of("from", "beside");
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& parked = read(near, 4, op_whole);
  for (int i = 0; i < 20; ++i) {
    take(from, 6, 0);
    EXPECT_EQ(receive(pipe_.near.number(), 6), "beside");
  }
  EXPECT_FALSE(is_back(parked));
  send_all(pair.far.number(), "done");
  ASSERT_TRUE(finish(parked));
  EXPECT_EQ(text(parked), "done");
}

INSTANTIATE_TEST_SUITE_P(Drivers, CopyConformance, testing::ValuesIn(cells()), name_of);

}  // namespace
}  // namespace rota::conformance

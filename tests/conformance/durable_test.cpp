// Writes that are made durable: the sync counts when every byte was written, and an error tells how
// many were.
#include "conformance/conformance.hpp"
#include "conformance/temporary_folder.hpp"

#include <fcntl.h>
#include <sys/resource.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

namespace rota::conformance {
namespace {

/// Cases that work in a folder of their own.
class DurableConformance : public Conformance {
 protected:
  Descriptor& opened(const std::string& path, int flags) {
    return adopt(Fd(::open(path.c_str(), flags | O_CLOEXEC, 0600)), FdKind::file);
  }
  /// Whole or not begun, or cut by a cancel.
  static void expect_told(const Transfer& writing) {
    if (writing.result < 0) {
      EXPECT_EQ(writing.result, -ECANCELED);
    } else {
      EXPECT_EQ(static_cast<std::size_t>(writing.result), writing.bytes);
      EXPECT_EQ(writing.moved, writing.bytes);
    }
  }

  TemporaryFolder folder_;
};

/// Files of this process end there, until this is gone.
class LongestFile {
 public:
  explicit LongestFile(rlim_t bytes) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
    EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &before_), 0);
    const rlimit limit{bytes, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  ~LongestFile() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }
  LongestFile(const LongestFile&) = delete;
  LongestFile& operator=(const LongestFile&) = delete;

 private:
  rlimit before_{};
  sighandler_t handler_;
};

TEST_P(DurableConformance, what_is_written_durably_is_in_the_file) {
  Descriptor& file = opened(folder_.file("log"), O_RDWR | O_CREAT);
  const std::string sent = pattern(300'000);
  Transfer& writing = write_durably_at(file, sent, 5);
  ASSERT_TRUE(finish(writing));
  EXPECT_EQ(writing.result, 300'000);
  EXPECT_EQ(writing.moved, sent.size());
  EXPECT_TRUE(contents_of(folder_.file("log")).substr(5) == sent);
}

TEST_P(DurableConformance, nothing_to_write_is_a_sync) {
  Descriptor& file = opened(folder_.file("log"), O_RDWR | O_CREAT);
  Descriptor& null = opened("/dev/null", O_RDWR);
  Transfer& writing = write_durably_at(file, "", 0);
  Transfer& refused = write_durably_at(null, "", 0);
  ASSERT_TRUE(finish(writing, refused));
  EXPECT_EQ(writing.result, 0);
  EXPECT_EQ(refused.result, -EINVAL) << "a device without storage was not asked to sync";
}

TEST_P(DurableConformance, many_at_once_are_each_their_own) {
  Descriptor& file = opened(folder_.file("log"), O_RDWR | O_CREAT);
  constexpr std::size_t kPart = 1000;
  const std::string sent = pattern(20 * kPart);
  std::vector<const Operation*> writes;
  for (std::size_t at = 0; at < sent.size(); at += kPart) {
    writes.push_back(&write_durably_at(file, sent.substr(at, kPart), at));
  }
  ASSERT_TRUE(finish_all(writes));
  for (const Operation* each : writes) EXPECT_EQ(each->result, static_cast<int>(kPart));
  EXPECT_TRUE(contents_of(folder_.file("log")) == sent);
}

TEST_P(DurableConformance, a_write_that_fails_is_what_is_told) {
  Descriptor& full = opened("/dev/full", O_WRONLY);
  write_file(folder_.file("read"), "as it was");
  Descriptor& file = opened(folder_.file("read"), O_RDONLY);
  Transfer& no_room = write_durably_at(full, "bytes", 0);
  Transfer& forbidden = write_durably_at(file, "bytes", 0);
  ASSERT_TRUE(finish(no_room, forbidden));
  EXPECT_EQ(no_room.result, -ENOSPC);
  EXPECT_EQ(no_room.moved, 0u);
  EXPECT_EQ(forbidden.result, -EBADF);
  EXPECT_EQ(contents_of(folder_.file("read")), "as it was");
}

TEST_P(DurableConformance, a_sync_that_fails_is_told_and_that_every_byte_was_written) {
  Descriptor& null = opened("/dev/null", O_RDWR);
  Transfer& writing = write_durably_at(null, "bytes", 0);
  ASSERT_TRUE(finish(writing));
  EXPECT_EQ(writing.result, -EINVAL);
  EXPECT_EQ(writing.moved, 5u);
}

TEST_P(DurableConformance, a_short_write_goes_on_before_any_sync) {
  Descriptor& file = opened(folder_.file("short"), O_RDWR | O_CREAT);
  const LongestFile limit(4096);
  const std::string sent = pattern(10'000);
  Transfer& writing = write_durably_at(file, sent, 0);
  ASSERT_TRUE(finish(writing));
  EXPECT_EQ(writing.result, -EFBIG) << "the rest was not written";
  EXPECT_EQ(writing.moved, 4096u);
  EXPECT_TRUE(contents_of(folder_.file("short")) == sent.substr(0, 4096));
}

TEST_P(DurableConformance, a_cancel_tells_the_truth) {
  Descriptor& file = opened(folder_.file("log"), O_RDWR | O_CREAT);
  const std::string sent = pattern(100'000);
  for (int i = 0; i < 8; ++i) {
    Transfer& writing = write_durably_at(file, sent, 0);
    turn_now();
    if (!is_back(writing)) cancel(writing);
    ASSERT_TRUE(finish(writing));
    expect_told(writing);
  }
}

TEST_P(DurableConformance, a_close_waits_for_what_has_begun) {
  for (int i = 0; i < 4; ++i) {
    Descriptor& file = opened(folder_.file("log"), O_RDWR | O_CREAT);
    Transfer& writing = write_durably_at(file, pattern(100'000), 0);
    if (i % 2 == 0) turn_now();
    Operation& closing = start_close(file);
    ASSERT_TRUE(finish(writing, closing));
    release(file);
    EXPECT_EQ(closing.result, 0);
    expect_told(writing);
    EXPECT_LE(order_of(writing), order_of(closing));
  }
}

TEST_P(DurableConformance, a_close_of_another_fd_of_the_file_cuts_nothing) {
  Descriptor& file = opened(folder_.file("log"), O_RDWR | O_CREAT);
  const std::string sent = pattern(100'000);
  for (int i = 0; i < 4; ++i) {
    Descriptor& other = adopt(Fd(::fcntl(file.fd, F_DUPFD_CLOEXEC, 0)), FdKind::file);
    Transfer& first = write_durably_at(file, sent, 0);
    Transfer& second = write_durably_at(file, sent, sent.size());
    turn_now();
    Operation& closing = start_close(other);
    ASSERT_TRUE(finish(first, second, closing));
    release(other);
    EXPECT_EQ(closing.result, 0);
    EXPECT_EQ(first.result, 100'000);
    EXPECT_EQ(second.result, 100'000);
  }
  EXPECT_TRUE(contents_of(folder_.file("log")) == sent + sent);
}

INSTANTIATE_TEST_SUITE_P(Drivers, DurableConformance, testing::ValuesIn(cells()), name_of);

}  // namespace
}  // namespace rota::conformance

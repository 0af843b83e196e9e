// What the file engine over Linux aio asks of the kernel, and what it leaves to its pool. This
// program's own syscall stands before the C library's, which has no functions for these calls: it
// keeps what was asked, and can be told to refuse a context.
#include "driver/aio_context.hpp"
#include "driver/engine_fixture.hpp"
#include "driver/files/file_engine_make.hpp"
#include "driver/io_priority.hpp"
#include "driver/sockets.hpp"

#include <gtest/gtest.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

/// By the thread of the test, which has the engine: the threads of a pool make none of these calls.
struct Asked {
  std::vector<iocb> submitted;
  int looks_for_events = 0;
  int refuses_context = 0;  ///< an errno, or 0
} asked;

long to_the_kernel(long number, const std::array<long, 6>& a) {
  static const auto next = reinterpret_cast<long (*)(long, ...)>(::dlsym(RTLD_NEXT, "syscall"));
  return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

}  // namespace

extern "C" long syscall(long number, ...) noexcept {
  std::array<long, 6> arguments;
  std::va_list list;
  va_start(list, number);
  for (long& each : arguments) each = va_arg(list, long);
  va_end(list);
  if (number == SYS_io_setup && asked.refuses_context != 0) {
    errno = asked.refuses_context;
    return -1;
  }
  if (number == SYS_io_getevents || number == SYS_io_pgetevents) asked.looks_for_events += 1;
  if (number == SYS_io_submit) {
    const std::span requests(reinterpret_cast<iocb**>(arguments[2]),
                             static_cast<std::size_t>(arguments[1]));
    for (const iocb* request : requests) asked.submitted.push_back(*request);
  }
  return to_the_kernel(number, arguments);
}

namespace rota {
namespace {

using engine_fixture::At;
using testing_sockets::Fd;
using testing_sockets::TemporaryFile;

constexpr std::size_t kPage = 4096;

struct PageRead : Transfer {
  alignas(kPage) std::array<std::byte, kPage> page{};

  explicit PageRead(Descriptor& file) : Transfer(OpCode::read_at, nullptr, kPage, 0) {
    data = page.data();
    descriptor = &file;
  }
};

class LinuxAioFilesTest : public testing::TestWithParam<FileEngineKind>,
                          protected engine_fixture::EngineRig {
 protected:
  void SetUp() override {
    asked = {};
    file_.write_at(std::string(kPage, 'p'), 0);
    const int fd = ::open(file_.path().c_str(), O_RDWR | O_DIRECT | O_CLOEXEC);
    if (fd < 0) GTEST_SKIP() << "this file system has no direct I/O";
    direct_fd_ = Fd(fd);
  }

  /// False where the kernel grants no context; what it says of that is in `refusals_`.
  [[nodiscard]] bool make() {
    auto made = make_file_engine({.kind = GetParam(), .threads = 1}, bell().notify(), refusals_);
    if (made) use(std::move(*made));
    return made.has_value();
  }
  std::int32_t result_of(Operation& operation) {
    submit(operation);
    EXPECT_EQ(reap(1), std::vector<Operation*>{&operation});
    return operation.result;
  }
  void expect_a_page(Descriptor& file, IoPriority priority = IoPriority::normal) {
    PageRead read(file);
    read.priority = priority;
    EXPECT_EQ(result_of(read), static_cast<std::int32_t>(kPage));
    EXPECT_EQ(read.page[kPage - 1], std::byte{'p'});
  }
  [[nodiscard]] Descriptor& direct() { return adopt(direct_fd_.number()); }

  TemporaryFile file_;
  Fd direct_fd_;
  std::vector<Refusal> refusals_;
};

INSTANTIATE_TEST_SUITE_P(Engine, LinuxAioFilesTest,
                         testing::Values(FileEngineKind::best, FileEngineKind::linux_aio),
                         [](const auto& kind) {
                           return kind.param == FileEngineKind::best ? "best" : "linux_aio";
                         });

/// Asked of a context of the test's own, so that a ring which Rota has ceased to know is no excuse.
bool the_kernel_shows_its_ring() {
  aio_context_t context = 0;
  if (::syscall(SYS_io_setup, 1L, &context) != 0) return false;
  struct Header {
    unsigned id, places, head, tail, magic, compatible, incompatible, bytes;
  };
  const Header header = *reinterpret_cast<const Header*>(context);
  ::syscall(SYS_io_destroy, context);
  return header.magic == 0xa10a10a1 && header.incompatible == 0 && header.bytes == sizeof header;
}

TEST_P(LinuxAioFilesTest, what_has_ended_is_taken_without_a_system_call) {
  if (!the_kernel_shows_its_ring()) GTEST_SKIP() << "no context, or no ring that is known";
  if (!make()) GTEST_SKIP() << refusals_.back().reason;
  Descriptor& file = direct();
  expect_a_page(file);  // The first may set the context up, which tries each call once.
  asked = {};
  for (int i = 0; i < 40; ++i) expect_a_page(file);
  EXPECT_EQ(asked.submitted.size(), 40u);
  EXPECT_EQ(asked.looks_for_events, 0);
}

/// It would block there for as long as the device takes.
TEST_P(LinuxAioFilesTest, a_buffered_read_goes_to_a_thread_and_never_to_io_submit) {
  if (!make()) GTEST_SKIP() << refusals_.back().reason;
  expect_a_page(direct());  // From here on there is a context.
  asked = {};
  expect_a_page(adopt(file_.number()));
  EXPECT_TRUE(asked.submitted.empty());
  EXPECT_GT(engine().use().threads, 0u);
}

TEST_P(LinuxAioFilesTest, a_request_has_the_priority_of_its_operation) {
  if (!make()) GTEST_SKIP() << refusals_.back().reason;
  Descriptor& file = direct();
  for (const IoPriority priority :
       {IoPriority::high, IoPriority::low, IoPriority::idle, IoPriority::normal}) {
    asked = {};
    expect_a_page(file, priority);
    if (asked.submitted.empty()) GTEST_SKIP() << "no context";
    const iocb& request = asked.submitted.front();
    EXPECT_EQ(static_cast<std::uint16_t>(request.aio_reqprio), kernel_priority(priority));
    EXPECT_EQ((request.aio_flags & IOCB_FLAG_IOPRIO) != 0, priority != IoPriority::normal)
        << "without the flag the kernel does not look";
  }
}

/// EAGAIN is what the kernel says when fs.aio-max-nr is reached.
TEST_P(LinuxAioFilesTest, without_room_for_a_context_the_pool_reads_or_the_lack_has_a_sentence) {
  asked.refuses_context = EAGAIN;
  const bool is_made = make();
  EXPECT_EQ(is_made, GetParam() == FileEngineKind::best) << "what is asked for is never replaced";
  if (is_made) {
    expect_a_page(direct());
    EXPECT_TRUE(asked.submitted.empty());
    EXPECT_GT(engine().use().threads, 0u);
  } else {
    ASSERT_EQ(refusals_.size(), 1u);
    EXPECT_EQ(refusals_.front().error, EAGAIN);
    EXPECT_NE(refusals_.front().reason.find("sysctl fs.aio-max-nr"), std::string::npos);
  }
}

/// The most that all contexts of the system may have in flight; 0 where it cannot be read.
unsigned most_requests() {
  unsigned most = 0;
  std::ifstream("/proc/sys/fs/aio-max-nr") >> most;
  return most;
}

TEST(LinuxAioContext, that_is_larger_than_the_system_allows_is_refused_with_what_helps) {
  asked = {};
  const unsigned most = most_requests();
  constexpr unsigned kMostOfOne = 1U << 22;  // Above it the kernel says EINVAL, whatever the limit.
  if (most == 0 || most >= kMostOfOne) GTEST_SKIP() << "fs.aio-max-nr is " << most;
  AioContext context;
  const int error = context.set_up(most + 1);
  if (error == EPERM || error == ENOSYS) GTEST_SKIP() << context.refusal(error).reason;
  EXPECT_EQ(error, EAGAIN);
  EXPECT_FALSE(context.is_set_up());
  const Refusal refusal = context.refusal(error);
  EXPECT_EQ(refusal.error, EAGAIN);
  EXPECT_NE(refusal.reason.find("sysctl fs.aio-max-nr"), std::string::npos) << refusal.reason;
}

TEST(LinuxAioContext, whose_room_is_lacking_is_known_beforehand) {
  const unsigned most = most_requests();
  if (most == 0) GTEST_SKIP() << "the system does not say how much room there is";
  const std::optional<Refusal> lack = AioContext::lack_of_room(most + 1);
  ASSERT_TRUE(lack.has_value());
  EXPECT_EQ(lack->error, EAGAIN);
  EXPECT_FALSE(AioContext::lack_of_room(0).has_value());
}

}  // namespace
}  // namespace rota

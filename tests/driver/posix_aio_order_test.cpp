// In which order the engine over POSIX aio tells of what the library does one by one.
#include "driver/aio_library.hpp"
#include "driver/engine_fixture.hpp"
#include "driver/sockets.hpp"

#include <gtest/gtest.h>

#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace rota {
namespace {

using aio_library::ByNotification;
using engine_fixture::At;
using testing_sockets::checked;
using testing_sockets::Fd;

/// Whether a thread of this process is in a read of it.
bool somebody_reads(int fd) {
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream call(thread.path() / "syscall");
    std::string number;
    std::string first;
    call >> number >> first;
    const bool reads = number == std::to_string(SYS_read) || number == std::to_string(SYS_pread64);
    if (reads && std::strtol(first.c_str(), nullptr, 16) == fd) return true;
  }
  return false;
}

/// Reads of an eventfd: it has offsets, as far as lseek(2) is asked, and nothing to read until
/// somebody writes.
class PosixAioInOrder : public ByNotification {
 protected:
  void SetUp() override {
    ByNotification::SetUp();
    if (!std::ifstream("/proc/self/syscall").is_open()) {
      GTEST_SKIP() << "this kernel does not tell what call a thread is in";
    }
    if (::lseek(empty_.number(), 0, SEEK_CUR) < 0) {
      GTEST_SKIP() << "an eventfd has no offsets here";
    }
  }
  std::unique_ptr<At> read() { return std::make_unique<At>(OpCode::read_at, from_, "12345678", 0); }
  void submit_and_wait_until_it_runs(At& read) {
    rig_.submit(read);
    while (!somebody_reads(empty_.number())) std::this_thread::yield();
  }
  void let_one_end() { checked(::eventfd_write(empty_.number(), 1), "eventfd_write"); }

 private:
  const Fd empty_{checked(::eventfd(0, EFD_CLOEXEC), "eventfd")};
  Descriptor& from_ = rig_.adopt(empty_.number());
};

/// For it alone nobody need be roused, as it comes behind the first, but to be told of its end.
TEST_P(PosixAioInOrder, WhatIsCancelledBehindOneThatRunsIsToldOfMeanwhile) {
  const auto first = read();
  submit_and_wait_until_it_runs(*first);
  for (int i = 0; i < 200; ++i) {
    const auto behind = read();
    rig_.submit(*behind);
    rig_.engine().cancel(*behind);
    ASSERT_EQ(rig_.reap(1), std::vector<Operation*>{behind.get()});
    ASSERT_EQ(behind->result, -ECANCELED);
  }
  let_one_end();
  EXPECT_EQ(rig_.reap(1), std::vector<Operation*>{first.get()});
  EXPECT_EQ(first->result, 8);
}

TEST_P(PosixAioInOrder, WhatRunsIsToldOfBeforeWhatIsMoreUrgentAndCameLater) {
  const auto first = read();
  const auto urgent = read();
  urgent->priority = IoPriority::high;
  submit_and_wait_until_it_runs(*first);
  rig_.submit(*urgent);
  let_one_end();
  EXPECT_EQ(rig_.reap(1), std::vector<Operation*>{first.get()});
  let_one_end();
  EXPECT_EQ(rig_.reap(1), std::vector<Operation*>{urgent.get()});
}

TEST_P(PosixAioInOrder, EachOfManyIsToldOfThoughTheNextDoesNotEnd) {
  std::vector<std::unique_ptr<At>> reads;
  for (int i = 0; i < 40; ++i) reads.push_back(read());
  submit_and_wait_until_it_runs(*reads.front());
  for (std::size_t i = 1; i < reads.size(); ++i) rig_.submit(*reads[i]);
  for (const auto& each : reads) {
    let_one_end();
    ASSERT_EQ(rig_.reap(1), std::vector<Operation*>{each.get()});
  }
}

INSTANTIATE_TEST_SUITE_P(Told, PosixAioInOrder, aio_library::every_notification(),
                         aio_library::notification_name);

}  // namespace
}  // namespace rota

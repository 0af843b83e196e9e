#include "conformance/denied_here.hpp"

#include "denial.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

namespace rota::conformance {
namespace {

using testing_denial::Denial;
using testing_denial::denials_here;

/// The calls that an operation may be made of, of those that are not in every sandbox. Some events
/// are waited for in an epoll instance; a pipe that others share is asked by poll before each read.
std::vector<std::string_view> calls_of(OpCode code) {
  switch (code) {
    case OpCode::poll: return {"poll", "epoll_create1", "epoll_ctl", "epoll_wait"};
    case OpCode::read:
    case OpCode::write: return {"poll"};
    case OpCode::accept: return {"accept4"};
    case OpCode::receive_batch: return {"recvmmsg"};
    case OpCode::send_batch: return {"sendmmsg"};
    case OpCode::splice_in:
    case OpCode::splice_out:
    case OpCode::splice_in_at:
    case OpCode::splice_out_at: return {"splice"};
    case OpCode::copy_range: return {"copy_file_range"};
    case OpCode::allocate: return {"fallocate"};
    case OpCode::advise: return {"fadvise64"};
    case OpCode::open:
    case OpCode::load: return {"openat2"};
    case OpCode::stat: return {"statx", "openat2"};
    case OpCode::change_path: return {"openat2", "renameat2"};
    case OpCode::futex_wait: return {"futex_waitv"};
    default: return {};
  }
}

/// What the library hears: of flags that a renameat2 is missing for, the C library says EINVAL.
int answer_to(const Denial& denial) {
  const bool is_translated = denial.call == "renameat2" && denial.error == ENOSYS;
  return is_translated ? -EINVAL : -denial.error;
}

[[noreturn]] void end_case(const Denial& denial) {
  const std::string text = "cannot run: " + testing_denial::written(denial);
  [&text] { GTEST_SKIP() << text; }();
  throw testing::AssertionException(
      testing::TestPartResult(testing::TestPartResult::kSkip, __FILE__, __LINE__, text.c_str()));
}

}  // namespace

void end_case_if_denied(const Operation& operation) {
  const auto calls = calls_of(operation.code);
  for (const Denial& denial : denials_here()) {
    const bool is_needed = std::ranges::find(calls, denial.call) != calls.end();
    if (is_needed && operation.result == answer_to(denial)) end_case(denial);
  }
}

void end_case_if_denied(const char* call) {
  for (const Denial& denial : denials_here()) {
    if (denial.call == call) end_case(denial);
  }
}

}  // namespace rota::conformance

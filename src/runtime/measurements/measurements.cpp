#include <rota/measurements.hpp>

#include "base/clock.hpp"
#include "base/unique_fd.hpp"
#include "runtime/scoped_ring.hpp"
#include "sched/wake_cost.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace rota::inline v0 {
namespace {

constexpr std::size_t kTries = 33;
constexpr std::int64_t kCallsPerTry = 8;  // What the clock takes counts for an eighth.
constexpr std::size_t kPage = 4096;

/// The median of what `call` takes, at least 1 ns; zero as soon as it says that it failed.
template <class Call>
Duration time_of(Call call) {
  std::array<std::int64_t, kTries> spans{};
  for (std::int64_t& ns : spans) {
    const std::int64_t begin = monotonic_ns();
    for (std::int64_t i = 0; i < kCallsPerTry; ++i) {
      if (!call()) return {};
    }
    ns = std::max<std::int64_t>((monotonic_ns() - begin) / kCallsPerTry, 1);
  }
  std::ranges::nth_element(spans, spans.begin() + kTries / 2);
  return Duration{spans[kTries / 2]};
}

/// A file of one page that nobody else can open: one that never has a name, or had it for a moment.
Result<UniqueFd> make_file(const std::string& folder) {
  UniqueFd file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file.valid()) {
    std::string name = folder + "/rota-measures-XXXXXX";
    file = UniqueFd(::mkostemp(name.data(), O_CLOEXEC));
    if (!file.valid()) return failure(errno);
    ::unlink(name.c_str());
  }
  constexpr std::array<char, kPage> page{};
  const ssize_t written = ::write(file.number(), page.data(), kPage);
  if (written < 0) return failure(errno);
  // As on a full disk; the next byte would say so.
  if (written != kPage) return failure(ENOSPC);
  return file;
}

std::string folder_of_temporary_files() {
  const char* named = ::secure_getenv("TMPDIR");
  return named != nullptr && *named == '/' ? named : "/tmp";
}

/// Submits the one entry that was prepared and takes its completion. `inlined`: whether it was
/// there when the submission returned. A signal does not end the wait.
bool run_alone(io_uring& ring, std::int32_t expected, bool& inlined) {
  if (::io_uring_submit(&ring) != 1) return false;
  io_uring_cqe* completion = nullptr;
  int error = ::io_uring_peek_cqe(&ring, &completion);
  inlined = error == 0;
  while (error == -EAGAIN || error == -EINTR) error = ::io_uring_wait_cqe(&ring, &completion);
  if (error != 0) return false;
  const bool succeeded = completion->res == expected;
  ::io_uring_cqe_seen(&ring, completion);
  return succeeded;
}

void measure_ring(int file, Measurements& measured) {
  ScopedRing ring;
  if (ring.error() != 0) return;
  bool inlined = false;
  measured.ring_call = time_of([&] {
    ::io_uring_prep_nop(::io_uring_get_sqe(&*ring));
    return run_alone(*ring, 0, inlined);
  });
  if (file < 0) return;
  // To close a ring does not wait for what is in flight, so this outlives a read that was given up.
  // Nobody looks at its bytes.
  static std::array<char, kPage> page;
  bool all_inline = true;
  measured.ring_read = time_of([&] {
    ::io_uring_prep_read(::io_uring_get_sqe(&*ring), file, page.data(), kPage, 0);
    const bool succeeded = run_alone(*ring, kPage, inlined);
    all_inline = all_inline && inlined;
    return succeeded;
  });
  measured.ring_reads_inline = all_inline && measured.ring_read != Duration{};
}

void measure_read(int file, Measurements& measured) {
  if (file < 0) return;
  std::array<char, kPage> page;
  const iovec into{page.data(), kPage};
  measured.read = time_of([&] { return ::preadv2(file, &into, 1, 0, RWF_NOWAIT) == kPage; });
}

}  // namespace

Measurements measure_machine(const std::string& folder) {
  Measurements measured;
  const WakeCost wake = wake_cost();
  measured.wake = wake.wake;
  measured.wake_call = wake.call;
  measured.system_call = time_of([] { return ::syscall(SYS_getppid) >= 0; });
  measured.folder = folder.empty() ? folder_of_temporary_files() : folder;
  const Result<UniqueFd> file = make_file(measured.folder);
  if (!file) measured.folder_error = file.error();
  const int number = file ? file->number() : -1;
  measure_read(number, measured);
  measure_ring(number, measured);
  return measured;
}

}  // namespace rota::inline v0

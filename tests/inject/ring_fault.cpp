// An entry of a ring is made to fail: this program's own enter calls stand before the library's,
// and exchange what is about to be submitted for an entry that does nothing and completes with an
// errno (IORING_NOP_INJECT_RESULT, Linux 6.10).
//
// 1. The kernel completes it as it does whatever fails at once: it takes no buffer, promises no
//    further completion, and severs the links behind it. An errno that is written over a success
//    would be a lie: bytes were moved, a connection was accepted or a file opened. So no errno of a
//    transfer could mean "again", and what was made would have to be found and closed.
// 2. A close lets go of its number whatever it answers, so it is carried out here before it fails;
//    but not where it was cancelled, which is before it has begun.
// 3. A multishot fails when it is armed, or armed anew, and never between two of its results: the
//    kernel would go on with it. Where a receive would come to the end it may fail instead
//    (kAtItsEnd), as a connection may be reset: then its completion is written over.
// 4. A send in place that fails at once has one completion, as when the kernel has no memory for
//    the other one. Where it fails later the first one is written over, and that the bytes were let
//    go is told in any case.
// 5. What a submitter takes (SQPOLL) passes nobody here.
#include "inject/ring_fault.hpp"

#include "driver/uring/bits.hpp"

#include <dlfcn.h>
#include <liburing.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <mutex>
#include <optional>

namespace rota::testing_inject {
namespace {

/// Of nop_flags, which liburing 2.3 lacks: the result is in `len`.
constexpr std::uint32_t kNopInjectsResult = 1;

constexpr std::size_t kMostFds = 256;
constexpr std::size_t kMostOpcodes = 256;
static_assert(kAtItsEnd == uring_tag_mask && kAtItsEnd > uring_recall);

/// A ring by its fd, and up to which entry it was looked at. Used by one thread at a time.
struct WatchedRing {
  std::atomic<io_uring*> ring{nullptr};
  unsigned seen = 0;
};

std::array<WatchedRing, kMostFds> rings;
bool watches = false;
std::optional<RingFault> planned;

/// Of the entry that is to fail at its end; 0: none. The driver's are addresses.
std::atomic<std::uint64_t> ending = 0;

std::mutex counting;
std::array<std::array<std::uint32_t, uring_tag_mask + 1>, kMostOpcodes> counts;

EntryKind kind_of(const io_uring_sqe& entry) noexcept {
  return {entry.opcode, static_cast<std::uint8_t>(entry.user_data & uring_tag_mask)};
}

/// Which of its kind an entry is.
std::uint32_t count(EntryKind kind) noexcept {
  const std::scoped_lock lock(counting);
  return ++counts[kind.opcode][kind.tag];
}

bool is_planned(EntryKind kind, std::uint32_t number) noexcept {
  if (!planned || planned->kind != kind) return false;
  return planned->which == 0 || planned->which == number;
}

void prepare_failure(io_uring_sqe& entry, std::int32_t error) noexcept {
  io_uring_prep_nop(&entry);
  entry.rw_flags = static_cast<int>(kNopInjectsResult);
  entry.len = static_cast<std::uint32_t>(-error);
}

void fail(io_uring_sqe& entry, std::int32_t error) noexcept {
  if (entry.opcode == IORING_OP_CLOSE && error != ECANCELED) ::syscall(SYS_close, entry.fd);
  constexpr unsigned kept_flags = IOSQE_IO_LINK | IOSQE_IO_HARDLINK | IOSQE_ASYNC;
  const auto flags = static_cast<std::uint8_t>(entry.flags & kept_flags);
  const std::uint64_t user_data = entry.user_data;
  entry = io_uring_sqe{};
  prepare_failure(entry, error);
  entry.flags = flags;
  entry.user_data = user_data;
}

/// No close of a place says what a file could say when it is let go.
bool may_fail(const io_uring_sqe& entry, const RingFault& fault) noexcept {
  if (fault.spares_threads && (entry.flags & IOSQE_ASYNC) != 0) return false;
  const bool closes_place = entry.opcode == IORING_OP_CLOSE && entry.file_index != 0;
  return !closes_place || fault.error == ECANCELED;
}

bool may_fail_at_its_end(const io_uring_sqe& entry) noexcept {
  if (entry.opcode == IORING_OP_SEND_ZC) return true;
  return entry.opcode == IORING_OP_RECV && (entry.ioprio & IORING_RECV_MULTISHOT) != 0;
}

void look_at(io_uring_sqe& entry) noexcept {
  const EntryKind kind = kind_of(entry);
  const EntryKind end{kind.opcode, kAtItsEnd};
  if (may_fail_at_its_end(entry) && is_planned(end, count(end))) ending = entry.user_data;
  if (!is_planned(kind, count(kind)) || !may_fail(entry, *planned)) return;
  fail(entry, planned->error);
}

/// A receive has brought all that came, or a send has its count and is yet to let the bytes go.
bool is_at_its_end(const io_uring_cqe& completion) noexcept {
  const bool more = (completion.flags & IORING_CQE_F_MORE) != 0;
  if (planned->kind.opcode == IORING_OP_SEND_ZC) return more;
  return !more && completion.res == 0;
}

/// Of what the driver has not taken yet.
void look_at_completions(unsigned fd) noexcept {
  io_uring* const ring = rings.at(fd).ring.load();
  if (ring == nullptr || ending == 0) return;
  const unsigned tail = io_uring_smp_load_acquire(ring->cq.ktail);
  for (unsigned i = *ring->cq.khead; i != tail; ++i) {
    io_uring_cqe& completion = ring->cq.cqes[i & ring->cq.ring_mask];
    if (completion.user_data != ending || !is_at_its_end(completion)) continue;
    completion.res = -planned->error;
    ending = 0;
  }
}

/// What the kernel leaves behind is offered again, and was looked at before.
void look_at_entries(unsigned fd, unsigned offered) noexcept {
  WatchedRing& watched = rings.at(fd);
  io_uring* const ring = watched.ring.load();
  if (ring == nullptr) return;
  const unsigned head = *ring->sq.khead;
  const unsigned end = head + std::min(offered, *ring->sq.ktail - head);
  for (; static_cast<int>(end - watched.seen) > 0; ++watched.seen) {
    look_at(ring->sq.sqes[watched.seen & ring->sq.ring_mask]);
  }
}

int answer_of(long answer) noexcept {
  return answer < 0 ? -errno : static_cast<int>(answer);
}

}  // namespace

bool entries_can_fail() noexcept {
  io_uring ring;
  if (::io_uring_queue_init(1, &ring, 0) != 0) return false;
  prepare_failure(*::io_uring_get_sqe(&ring), EIO);
  io_uring_cqe* completion = nullptr;
  ::io_uring_submit_and_wait(&ring, 1);
  const bool came = ::io_uring_peek_cqe(&ring, &completion) == 0;
  const bool failed = came && completion->res == -EIO;
  ::io_uring_queue_exit(&ring);
  return failed;
}

void watch_entries(const RingFault* fault) noexcept {
  watches = true;
  planned.reset();
  if (fault != nullptr) planned = *fault;
  ending = 0;
  counts = {};
}

void print_entries() noexcept {
  for (std::size_t opcode = 0; opcode < kMostOpcodes; ++opcode) {
    for (std::size_t tag = 0; tag <= uring_tag_mask; ++tag) {
      const std::uint32_t count = counts[opcode][tag];
      if (count > 0) std::printf("%zu %zu %u\n", opcode, tag, count);
    }
  }
  std::fflush(stdout);
}

}  // namespace rota::testing_inject

using namespace rota::testing_inject;

extern "C" int io_uring_enter2(unsigned fd, unsigned entries, unsigned least, unsigned flags,
                               sigset_t* argument, std::size_t bytes) {
  if (watches && entries > 0) look_at_entries(fd, entries);
  const int answer =
      answer_of(::syscall(SYS_io_uring_enter, fd, entries, least, flags, argument, bytes));
  if (watches) look_at_completions(fd);
  return answer;
}

extern "C" int io_uring_enter(unsigned fd, unsigned entries, unsigned least, unsigned flags,
                              sigset_t* signals) {
  return io_uring_enter2(fd, entries, least, flags, signals, _NSIG / 8);
}

/// The memory of a ring is known to whoever makes it.
extern "C" int io_uring_queue_init_params(unsigned entries, io_uring* ring,
                                          io_uring_params* parameters) {
  using Init = int (*)(unsigned, io_uring*, io_uring_params*);
  static const auto library_init =
      reinterpret_cast<Init>(::dlsym(RTLD_NEXT, "io_uring_queue_init_params"));
  const int answer = library_init(entries, ring, parameters);
  if (answer == 0) {
    WatchedRing& watched = rings.at(static_cast<std::size_t>(ring->ring_fd));
    watched.seen = 0;
    watched.ring.store(ring);
  }
  return answer;
}

/// No ring goes by an index, as where a thread's table of them is full: here they are known by
/// their fds.
extern "C" int io_uring_register(unsigned fd, unsigned request, const void* operand,
                                 unsigned count) {
  if (watches && request == IORING_REGISTER_RING_FDS) return -EBUSY;
  return answer_of(::syscall(SYS_io_uring_register, fd, request, operand, count));
}

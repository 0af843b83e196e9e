#include "driver/uring/ring.hpp"

#include "base/cpu_affinity.hpp"
#include "base/fatal.hpp"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace rota::inline v0 {
namespace {

constexpr const char* kSecondThread = "a pinned ring was entered by a second thread";

int this_thread() noexcept { return static_cast<int>(::syscall(SYS_gettid)); }

}  // namespace

// A registered fd lives in the table of one thread: only that thread can take it out. When it is
// gone, so is its table; when it lives on, the ring ends with it.
UringRing::~UringRing() {
  if (!open_) return;
  if (registered_by_ == this_thread()) {
    io_uring_rsrc_update place{registered_index_, 0, 0};
    // The ring ends in the next line whatever the answer.
    io_uring_register(static_cast<unsigned>(ring_.ring_fd), IORING_UNREGISTER_RING_FDS, &place, 1);
  }
  io_uring_queue_exit(&ring_);
}

void UringRing::enable() {
  if ((ring_.flags & IORING_SETUP_R_DISABLED) != 0) {
    // By number: liburing 2.3 declares io_uring_enable_rings and does not export it.
    const int error = io_uring_register(static_cast<unsigned>(ring_.ring_fd),
                                        IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
    if (error < 0) fatal("the ring cannot be enabled", -error);
  }
  // The table of registered rings belongs to a thread: a ring that may be taken over by another
  // is entered by its ordinary fd.
  if ((ring_.flags & IORING_SETUP_SINGLE_ISSUER) == 0 || !can(ring_goes_by_index)) return;
  io_uring_rsrc_update place{~0U, 0, static_cast<std::uint64_t>(ring_.ring_fd)};
  const int registered = io_uring_register(static_cast<unsigned>(ring_.ring_fd),
                                           IORING_REGISTER_RING_FDS, &place, 1);
  if (registered != 1) return;  // The table is full (16 rings a thread): the fd does as well.
  registered_index_ = place.offset;
  registered_by_ = this_thread();
  issuer_ = ::pthread_self();
}

// The worker threads belong to the thread that submits, not to the ring, so it must be this one
// that asks. The kernel knows a thread once it has submitted, though it be nothing. A refusal
// changes nothing else: the CPU is not in the control group's set, and this thread cannot be pinned
// to it either.
void UringRing::place_workers() {
  if (worker_cpu_ < 0) return;
  const auto fd = static_cast<unsigned>(ring_.ring_fd);
  io_uring_enter(fd, std::max(1U, untaken()), 0, 0, nullptr);  // All: links are not to be cut.
  CpuMask mask = mask_of(worker_cpu_);
  io_uring_register(fd, IORING_REGISTER_IOWQ_AFF, mask.data(),
                    static_cast<unsigned>(mask.size() * sizeof mask.front()));
}

bool UringRing::enter(Sleep sleep) noexcept {
  io_uring_smp_store_release(ring_.sq.ktail, ring_.sq.sqe_tail);
  if (!has_submitter()) return enter_kernel(untaken(), sleep, 0) != -EAGAIN;
  const unsigned flags = flags_for_submitter();
  if (flags != 0 || sleep.limit > Duration{} || wants_entry()) enter_kernel(0, sleep, flags);
  return true;  // Who has no memory is the submitter, and it tries again.
}

unsigned UringRing::flags_for_submitter() const noexcept {
  io_uring_smp_mb();  // Rule 2 of the class.
  const unsigned waiting = untaken();
  if (waiting == 0) return 0;
  return (submitter_sleeps() ? IORING_ENTER_SQ_WAKEUP : 0) |
         (waiting == ring_.sq.ring_entries ? IORING_ENTER_SQ_WAIT : 0);
}

void UringRing::pause(Duration limit) noexcept { enter_kernel(0, {limit}, 0); }

int UringRing::enter_kernel(unsigned entries, Sleep sleep, unsigned flags) noexcept {
  constexpr std::int64_t ns_per_s = 1'000'000'000;
  const bool sleeps = sleep.limit > Duration{};
  // The kernel looks at no limit before the time to gather is over.
  constexpr std::int64_t ns_per_us = 1000;
  const auto min_wait_us = static_cast<std::uint32_t>(
      std::min<std::int64_t>(min_wait_us_, sleep.limit.ns / ns_per_us));
  const bool gathers = sleeps && min_wait_us > 0 && sleep.completions > 1;
  // A wait without a limit would end with the time to gather, though nothing came: it has a long
  // one instead.
  constexpr Duration longest_gathering{3600 * ns_per_s};
  const Duration limit = gathers ? std::min(sleep.limit, longest_gathering) : sleep.limit;
  const bool timed = sleeps && limit != Duration::max();
  __kernel_timespec time{limit.ns / ns_per_s, limit.ns % ns_per_s};
  RingWait wait{};
  wait.signals_bytes = _NSIG / 8;
  wait.min_wait_us = gathers ? min_wait_us : 0;
  wait.limit = timed ? reinterpret_cast<std::uint64_t>(&time) : 0;
  const auto awaited = static_cast<unsigned>(gathers ? sleep.completions : 1);

  flags |= IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG;
  auto fd = static_cast<unsigned>(ring_.ring_fd);
  if (registered_by_ != 0) {
    // In the table of another thread the same place may be another ring.
    if (::pthread_self() != issuer_) fatal(kSecondThread, EEXIST);
    flags |= IORING_ENTER_REGISTERED_RING;
    fd = registered_index_;
  }
  const int entered = io_uring_enter2(fd, entries, sleeps ? awaited : 0, flags,
                                      reinterpret_cast<sigset_t*>(&wait), sizeof wait);
  // The kernel keeps what the queue cannot hold, unless it has no memory left for that. Whoever
  // waits for a lost completion would wait for ever.
  if (IO_URING_READ_ONCE(*ring_.cq.koverflow) != 0) fatal("the kernel lost a completion", ENOMEM);
  switch (-entered) {
    case EAGAIN:
    case EINTR:  // A signal, the time limit, completions that must be taken first: the caller
    case ETIME:  // looks at the queue and at the clock in any case.
    case EBUSY: return entered;
    case EEXIST: fatal(kSecondThread, EEXIST);
    case EOWNERDEAD: fatal("the kernel's thread that submits for the ring has ended", EOWNERDEAD);
    default: break;
  }
  if (entered < 0) fatal("io_uring_enter", -entered);
  return entered;
}

std::unique_ptr<UringBuffers> UringRing::make_buffers(Lender& lender) noexcept {
  int error = 0;
  std::unique_ptr<UringBuffers> made = UringBuffers::make(ring_, lender, error);
  if (made == nullptr) abilities_ &= ~std::uint32_t{ring_lends};
  return made;
}

std::unique_ptr<UringSharedBuffers> UringRing::make_shared_buffers(Lender& lender) noexcept {
  int error = 0;
  std::unique_ptr<UringSharedBuffers> made = UringSharedBuffers::make(ring_, lender, error);
  if (made == nullptr) abilities_ &= ~std::uint32_t{ring_shares_buffers};
  return made;
}

}  // namespace rota::inline v0

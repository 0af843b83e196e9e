#pragma once

#include <rota/core/instant.hpp>

#include "driver/refusal.hpp"
#include "driver/uring/abi.hpp"
#include "driver/uring/buffers.hpp"
#include "driver/uring/request.hpp"
#include "driver/uring/shared_buffers.hpp"

#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace rota::inline v0 {

/// The two queues shared with the kernel: set-up, submission, completion. Knows nothing of
/// operations. Used by one carrier at a time; a pinned ring by one thread for ever, which is the
/// one that calls `enable`.
///
/// With a submitter, a thread of the kernel (SQPOLL), the two queues are shared with somebody who
/// runs at the same time:
///
/// 1. `enter` publishes the entries by a release of the tail; the submitter takes them when it
///    likes. It gives their places back by a release of the head, after everything that they point
///    to was read and what could be done at once was done. So a completion may be there before its
///    entry's place is, and only an acquire of the head allows to write there.
/// 2. Before it sleeps it raises NEED_WAKEUP and then looks at the tail once more. `enter` writes
///    the tail and then looks at NEED_WAKEUP, with a full barrier in between on both sides: one of
///    the two sees the other's, so no entry is left lying.
class UringRing {
 public:
  UringRing() = default;
  UringRing(const UringRing&) = delete;
  UringRing& operator=(const UringRing&) = delete;
  ~UringRing();

  /// Makes the ring: 0, or the errno of the refusal that ended it. Every refusal on the way
  /// (a flag this kernel does not know, a size it has no memory for) is appended to `refusals`.
  [[nodiscard]] int set_up(const RingRequest& asked, std::vector<Refusal>& refusals);

  /// Makes the calling thread the issuer. Called once, before anything else is.
  void enable();
  /// Every completion writes to this eventfd: 0, or an errno.
  [[nodiscard]] int notify_by(int eventfd) noexcept {
    return -io_uring_register_eventfd(&ring_, eventfd);
  }
  /// io_uring_register(2): its answer, or a negative errno.
  [[nodiscard]] int ask(unsigned request, const void* operand, unsigned count) noexcept {
    return io_uring_register(static_cast<unsigned>(ring_.ring_fd), request, operand, count);
  }
  /// Sends the worker threads of the calling thread to the CPU that was asked for, if any was.
  void place_workers();

  /// The buffers for `ring_lends`. Null where the kernel refuses them: it cannot from then on.
  [[nodiscard]] std::unique_ptr<UringBuffers> make_buffers(Lender& lender) noexcept;
  /// The same for `ring_shares_buffers`.
  [[nodiscard]] std::unique_ptr<UringSharedBuffers> make_shared_buffers(Lender& lender) noexcept;

  [[nodiscard]] int number() const noexcept { return ring_.ring_fd; }
  [[nodiscard]] bool can(RingAbility ability) const noexcept { return (abilities_ & ability) != 0; }
  /// What it is: not the profile that was asked for, where a submitter was refused.
  [[nodiscard]] RingProfile profile() const noexcept { return profile_; }
  [[nodiscard]] std::uint32_t completion_entries() const noexcept { return ring_.cq.ring_entries; }
  [[nodiscard]] std::uint32_t entries() const noexcept { return ring_.sq.ring_entries; }
  [[nodiscard]] std::uint32_t setup_flags() const noexcept { return ring_.flags; }
  [[nodiscard]] bool has_submitter() const noexcept {
    return (ring_.flags & IORING_SETUP_SQPOLL) != 0;
  }
  /// Whether the submitter sleeps, or is about to: then `enter` wakes it.
  [[nodiscard]] bool submitter_sleeps() const noexcept {
    return (IO_URING_READ_ONCE(*ring_.sq.kflags) & IORING_SQ_NEED_WAKEUP) != 0;
  }
  /// The number by which another ring is given the same submitter; -1: it has none.
  [[nodiscard]] int submitter_number() const noexcept {
    return has_submitter() ? ring_.ring_fd : -1;
  }

  // Submission.

  [[nodiscard]] unsigned free_entries() const noexcept {
    return ring_.sq.ring_entries - untaken();
  }
  [[nodiscard]] bool has_free_entry() const noexcept { return free_entries() > 0; }
  /// How many entries may be written now: free ones, and no more than could complete at once
  /// without overflowing the completions.
  [[nodiscard]] unsigned room() const noexcept {
    const unsigned waiting = untaken();
    const unsigned owed = waiting + ready();
    if (owed >= ring_.cq.ring_entries) return 0;
    return std::min(ring_.sq.ring_entries - waiting, ring_.cq.ring_entries - owed);
  }
  /// Entries that the kernel has not taken.
  [[nodiscard]] unsigned untaken() const noexcept {
    return ring_.sq.sqe_tail - io_uring_smp_load_acquire(ring_.sq.khead);
  }
  /// The first of them that an enter has left behind. Null: it has taken all, or a submitter will.
  [[nodiscard]] io_uring_sqe* first_untaken() const noexcept {
    if (unsubmitted() == 0) return nullptr;
    return &ring_.sq.sqes[*ring_.sq.khead & ring_.sq.ring_mask];
  }
  /// The entry that was written after this one.
  [[nodiscard]] io_uring_sqe& entry_after(const io_uring_sqe& entry) const noexcept {
    const auto index = static_cast<unsigned>(&entry - ring_.sq.sqes);
    return ring_.sq.sqes[(index + 1) & ring_.sq.ring_mask];
  }
  /// Those of them that wait for `enter`.
  [[nodiscard]] unsigned unsubmitted() const noexcept {
    return has_submitter() ? ring_.sq.sqe_tail - *ring_.sq.ktail : untaken();
  }
  /// The next free entry, empty; there must be one.
  io_uring_sqe& next_entry() noexcept {
    return ring_.sq.sqes[ring_.sq.sqe_tail++ & ring_.sq.ring_mask] = io_uring_sqe{};
  }
  /// A message header that is valid until the kernel has taken the entry.
  msghdr& message_of(const io_uring_sqe& entry) noexcept {
    return messages_[static_cast<std::size_t>(&entry - ring_.sq.sqes)];
  }

  // Completion.

  [[nodiscard]] unsigned ready() const noexcept {
    return io_uring_smp_load_acquire(ring_.cq.ktail) - *ring_.cq.khead;
  }
  /// The oldest completion; there must be one.
  [[nodiscard]] const io_uring_cqe& front() const noexcept {
    return ring_.cq.cqes[*ring_.cq.khead & ring_.cq.ring_mask];
  }
  void pop() noexcept { io_uring_smp_store_release(ring_.cq.khead, *ring_.cq.khead + 1); }

  /// Whether completions wait in the kernel for the next entry into it: deferred work, or more
  /// than the queue could hold.
  [[nodiscard]] bool wants_entry() const noexcept {
    return (IO_URING_READ_ONCE(*ring_.sq.kflags) &
            (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
  }

  /// How long to sleep, not at all for zero, and for how many completions: for more than one where
  /// the ring gathers, while the time for that lasts.
  struct Sleep {
    Duration limit;
    std::size_t completions = 1;
  };

  /// One io_uring_enter: submits what is there, collects, and sleeps. False when the kernel has no
  /// memory for requests now.
  /// With a submitter it is none when that is awake and has room, and nobody wants to sleep;
  /// without room it waits for some.
  bool enter(Sleep sleep) noexcept;
  /// Sleeps up to `limit` for one completion and submits nothing.
  void pause(Duration limit) noexcept;

 private:
  /// What io_uring_enter answers; a broken contract has been dealt with.
  int enter_kernel(unsigned entries, Sleep sleep, unsigned flags) noexcept;
  /// What the submitter is asked for with the next enter.
  [[nodiscard]] unsigned flags_for_submitter() const noexcept;
  [[nodiscard]] int open(const RingRequest& request, RingProfile profile,
                         std::vector<Refusal>& refusals);
  [[nodiscard]] bool opens_on_any_cpu(const RingRequest& request, std::uint32_t flags,
                                      std::uint32_t entries, std::uint32_t completions) noexcept;
  [[nodiscard]] int set_up_once(const RingRequest& request, std::uint32_t flags,
                                std::uint32_t entries, std::uint32_t completions) noexcept;
  [[nodiscard]] int check_floor(const RingRequest& request, std::vector<Refusal>& refusals,
                                const char* mechanism);
  [[nodiscard]] int check_entrances(std::vector<Refusal>& refusals, const char* mechanism);
  void probe_abilities(const RingRequest& request);
  void limit_workers(const RingRequest& request, std::vector<Refusal>& refusals,
                     const char* mechanism);
  void ask_for_cpu(const RingRequest& request, std::vector<Refusal>& refusals,
                   const char* mechanism);
  void ask_for_busy_poll(const RingRequest& request, std::vector<Refusal>& refusals,
                         const char* mechanism);
  void tell_lacks(std::vector<Refusal>& refusals, const char* mechanism) const;
  void ask_for_messages(const RingRequest& request, std::vector<Refusal>& refusals,
                        const char* mechanism);
  void ask_for_min_wait(const RingRequest& request, std::vector<Refusal>& refusals,
                        const char* mechanism);

  io_uring ring_{};
  std::vector<msghdr> messages_;
  RingProfile profile_ = RingProfile::pinned;
  std::uint32_t abilities_ = 0;
  bool open_ = false;
  std::uint32_t min_wait_us_ = 0; ///< 0: a wait is over with one completion
  int worker_cpu_ = -1;           ///< of the kernel's worker threads; -1: any
  int registered_by_ = 0;         ///< the thread in whose table the ring's fd is registered
  unsigned registered_index_ = 0;
  pthread_t issuer_{};            ///< the same thread, as its own register knows it: no system call
};

}  // namespace rota::inline v0

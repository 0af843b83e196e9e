#include "driver/readiness/epoll.hpp"

#include "base/fatal.hpp"
#include "base/unique_fd.hpp"
#include "driver/readiness/epoll_abi.hpp"
#include "driver/wait_span.hpp"
#include "driver/wake_fd.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

namespace rota::inline v0 {
namespace {

constexpr std::uint64_t kWakeTag = 0;
constexpr unsigned kPointerBits = 48;  // of a user-space address, unless one asks for more
constexpr std::uint32_t kEverything = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;

/// The Descriptor and 16 bits of its generation. Descriptors are type-stable, so that a stale
/// event can be told by looking at the one it names; 2^16 closes between two turns do not happen.
std::uint64_t tag_of(Descriptor& descriptor) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(&descriptor);
  assert(address >> kPointerBits == 0);
  return address | std::uint64_t{descriptor.generation.load(MemoryOrder::relaxed)} << kPointerBits;
}

/// Null when the event is from before the Descriptor was forgotten, or its place left.
Descriptor* descriptor_of(std::uint64_t tag) noexcept {
  constexpr std::uint64_t mask = (std::uint64_t{1} << kPointerBits) - 1;
  auto* descriptor = reinterpret_cast<Descriptor*>(tag & mask);
  return tag_of(*descriptor) == tag ? descriptor : nullptr;
}

static_assert(interest_of_events(EPOLLIN) == interest_read);
static_assert(interest_of_events(EPOLLPRI) == interest_priority);
static_assert(interest_of_events(EPOLLOUT) == interest_write);
static_assert(interest_of_events(EPOLLERR) == interest_hang_up);
static_assert(interest_of_events(EPOLLHUP) == interest_hang_up);
static_assert(interest_of_events(EPOLLRDHUP) == interest_hang_up);

class EpollPoller final : public Poller {
 public:
  EpollPoller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), epoll_error_(errno) {}

  /// Why it cannot work, if so. Before anything else.
  std::optional<Refusal> prepare() {
    if (!wake_.valid()) return refused_call("epoll", "eventfd2", wake_.error());
    if (!epoll_.valid()) return refused_call("epoll", "epoll_create1", epoll_error_);
    if (const int error = watch(wake_.number(), EPOLLIN | EPOLLET, kWakeTag); error != 0) {
      return refused_call("epoll", "epoll_ctl", error);
    }
    epoll_event none{};
    if (::epoll_wait(epoll_.number(), &none, 1, 0) < 0 && errno != EINTR) {
      return refused_call("epoll", "epoll_wait", errno);
    }
    return std::nullopt;
  }

  /// 0, or the errno of the refusal.
  int poll_network(std::uint32_t busy_poll_us) noexcept {
    EpollParameters parameters{.busy_poll_us = busy_poll_us};
    return ::ioctl(epoll_.number(), kEpollSetParameters, &parameters) == 0 ? 0 : errno;
  }

  std::size_t turn(std::span<const Arm> arms, Deadline until, std::span<Ready> out) override {
    assert(out.size() >= arms.size() && !out.empty());
    std::size_t filled = 0;
    for (const Arm& arm : arms) {
      const int refused = arm_one(*arm.descriptor);
      if (refused != 0) out[filled++] = {arm.descriptor, arm.interest, refused};
    }
    if (filled == out.size()) return filled;
    events_.resize(std::max(events_.size(), out.size()));
    const std::size_t seen = wait(filled > 0 ? Deadline::now() : until, out.size() - filled);
    for (std::size_t i = 0; i < seen; ++i) {
      const epoll_event& event = events_[i];
      if (event.data.u64 == kWakeTag) {
        wake_.answer_edge();
      } else if (Descriptor* descriptor = descriptor_of(event.data.u64)) {
        out[filled++] = {descriptor, interest_of_events(event.events)};
      }
    }
    return filled;
  }

  void forget(Descriptor& descriptor) noexcept override {
    if (descriptor.registered.load(MemoryOrder::relaxed) == 0) return;
    descriptor.registered.store(0, MemoryOrder::relaxed);
    next_generation(descriptor);
    // Before the number is closed: a dup'ed fd or a child would keep the registration alive. It
    // fails only if someone else closed the number, and then there is nothing left to remove.
    ::epoll_ctl(epoll_.number(), EPOLL_CTL_DEL, descriptor.fd, nullptr);
  }

  void wake() noexcept override { wake_.wake(); }
  int wake_number() const noexcept override { return wake_.number(); }
  int arm_refused(const Descriptor&) const noexcept override { return 0; }
  bool edge_triggered() const noexcept override { return true; }
  std::string_view name() const noexcept override { return "epoll"; }

 private:
  int arm_one(Descriptor& descriptor) noexcept {
    if (descriptor.registered.load(MemoryOrder::relaxed) != 0) return 0;
    const int refused = watch(descriptor.fd, kEverything, tag_of(descriptor));
    if (refused == 0) descriptor.registered.store(1, MemoryOrder::relaxed);
    return refused;
  }

  /// A number that is still known belongs to an earlier Descriptor that was released without
  /// being closed; to modify is to look again at what holds now, as adding does.
  int watch(int fd, std::uint32_t events, std::uint64_t tag) noexcept {
    epoll_event event{};
    event.events = events;
    event.data.u64 = tag;
    if (::epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, fd, &event) == 0) return 0;
    if (errno != EEXIST) return errno;
    return ::epoll_ctl(epoll_.number(), EPOLL_CTL_MOD, fd, &event) == 0 ? 0 : errno;
  }

  std::size_t wait(Deadline until, std::size_t most) noexcept {
    for (;;) {
      const int seen = wait_once(WaitSpan(until), static_cast<int>(most));
      if (seen > 0) return static_cast<std::size_t>(seen);
      // A signal, or a wait that was cut to what the kernel takes, has not reached its end.
      if (until.is_now() || until.passed(monotonic_now())) return 0;
    }
  }

  /// epoll_pwait2 came with Linux 5.11 and some filters do not know it; the older call waits in
  /// whole milliseconds, rounded up.
  int wait_once(const WaitSpan& span, int most) noexcept {
    int seen = -1;
    errno = ENOSYS;
    if (has_pwait2_) {
      seen = ::epoll_pwait2(epoll_.number(), events_.data(), most, span.timeout(), nullptr);
    }
    if (seen < 0 && (errno == ENOSYS || errno == EPERM)) {
      has_pwait2_ = false;
      seen = ::epoll_wait(epoll_.number(), events_.data(), most, span.milliseconds());
    }
    if (seen >= 0 || errno == EINTR) return seen;
    fatal("waiting on epoll failed", errno);
  }

  UniqueFd epoll_;
  int epoll_error_;  ///< where there is no instance
  WakeFd wake_;
  bool has_pwait2_ = true;
  std::vector<epoll_event> events_;
};

}  // namespace

MadePoller make_epoll_poller() {
  auto poller = std::make_unique<EpollPoller>();
  if (std::optional<Refusal> refusal = poller->prepare()) {
    return std::unexpected(*std::move(refusal));
  }
  return poller;
}

MadePoller make_busy_epoll_poller(std::uint32_t busy_poll_us, std::vector<Refusal>& refusals) {
  auto poller = std::make_unique<EpollPoller>();
  if (std::optional<Refusal> refusal = poller->prepare()) {
    return std::unexpected(*std::move(refusal));
  }
  const int refused = busy_poll_us == 0 ? 0 : poller->poll_network(busy_poll_us);
  if (refused != 0) {
    refusals.push_back({"epoll",
                        "Waits cannot poll the queues of network cards (Linux 6.9, built with "
                        "NET_RX_BUSY_POLL): they sleep at once.",
                        refused});
  }
  return poller;
}

}  // namespace rota::inline v0

#include "driver/readiness/select.hpp"

#include "base/fatal.hpp"
#include "driver/nested_poll.hpp"
#include "driver/wait_span.hpp"
#include "driver/wake_fd.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/select.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <optional>
#include <utility>

namespace rota::inline v0 {
namespace {

struct Sets {
  fd_set readable;
  fd_set writable;
  fd_set exceptional;

  Sets() noexcept {
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    FD_ZERO(&exceptional);
  }

  void add(int fd, unsigned interest) noexcept {
    if ((interest & interest_read) != 0) FD_SET(fd, &readable);
    if ((interest & interest_write) != 0) FD_SET(fd, &writable);
    if ((interest & interest_priority) != 0) FD_SET(fd, &exceptional);
  }

  void remove(int fd) noexcept {
    FD_CLR(fd, &readable);
    FD_CLR(fd, &writable);
    FD_CLR(fd, &exceptional);
  }

  [[nodiscard]] std::uint8_t interest_of(int fd) const noexcept {
    unsigned interest = interest_none;
    if (FD_ISSET(fd, &readable)) interest |= interest_read;
    if (FD_ISSET(fd, &writable)) interest |= interest_write;
    if (FD_ISSET(fd, &exceptional)) interest |= interest_priority;
    return static_cast<std::uint8_t>(interest);
  }
};

bool fits(int fd) noexcept { return fd >= 0 && fd < FD_SETSIZE; }

/// What no set can wait for: an end or an error, while data may lie unread. To be readable is also
/// to be at the end or to have failed, and what failed is writable.
bool needs_nested(unsigned interest) noexcept {
  if ((interest & interest_read) != 0) return false;
  return (interest & (interest_hang_up | interest_priority)) != 0 ||
         (interest & interest_write) == 0;
}

std::uint32_t nested_events_of(unsigned interest) noexcept {
  std::uint32_t events = 0;  // Errors and hang-ups always count.
  if ((interest & interest_priority) != 0) events |= POLLPRI;
  if ((interest & interest_hang_up) != 0) events |= POLLRDHUP;
  return events;
}

/// Holds only what is armed: a Descriptor leaves the sets with its report.
class SelectPoller final : public Poller {
 public:
  ~SelectPoller() override {
    for (Place& each : places_) drop_nested(each);
  }

  /// Why it cannot work, if so. Before anything else.
  std::optional<Refusal> prepare() {
    if (!wake_.valid()) return refused_call("select", "eventfd2", wake_.error());
    if (!fits(wake_.number())) return refused_call("select", "eventfd2 below FD_SETSIZE", EMFILE);
    const timespec now{};
    if (::pselect(0, nullptr, nullptr, nullptr, &now, nullptr) < 0 && errno != EINTR) {
      return refused_call("select", "pselect6", errno);
    }
    armed_.add(wake_.number(), interest_read);
    highest_ = wake_.number();
    return std::nullopt;
  }

  std::size_t turn(std::span<const Arm> arms, Deadline until, std::span<Ready> out) override {
    assert(out.size() >= arms.size() && !out.empty());
    std::size_t filled = 0;
    for (const Arm& arm : arms) {
      const int refused = arm_one(*arm.descriptor, arm.interest);
      if (refused != 0) out[filled++] = {arm.descriptor, arm.interest, refused};
    }
    if (!wait(filled > 0 ? Deadline::now() : until)) return filled;
    if (seen_.interest_of(wake_.number()) != interest_none) wake_.answer_level();
    for (int fd = 0; fd <= highest_ && filled < out.size(); ++fd) {
      Descriptor* descriptor = place(fd).descriptor;
      if (descriptor == nullptr) continue;
      std::uint8_t interest = seen_.interest_of(fd);
      const int refused = number_is_bad_ && ::fcntl(fd, F_GETFD) < 0 ? errno : 0;
      if (interest == interest_none && refused == 0) continue;
      // A nested poll does not say which of its events holds: the attempts tell.
      if (fd != descriptor->fd) interest = interest_priority | interest_hang_up;
      out[filled++] = {descriptor, interest, refused};
      disarm(descriptor->fd);
    }
    lower_highest();
    return filled;
  }

  void forget(Descriptor& descriptor) noexcept override {
    const int fd = descriptor.fd;
    if (fits(fd) && place(fd).descriptor == &descriptor) disarm(fd);
  }

  void wake() noexcept override { wake_.wake(); }
  int wake_number() const noexcept override { return wake_.number(); }
  int arm_refused(const Descriptor& descriptor) const noexcept override {
    return fits(descriptor.fd) ? 0 : EINVAL;
  }
  bool edge_triggered() const noexcept override { return false; }
  std::string_view name() const noexcept override { return "select"; }

 private:
  /// What is armed under a number. A nested poll has a place of its own, with the Descriptor that
  /// it is for.
  struct Place {
    Descriptor* descriptor = nullptr;
    std::uint8_t interest = interest_none;
    int nested = -1;
  };

  Place& place(int fd) noexcept { return places_[static_cast<std::size_t>(fd)]; }

  int arm_one(Descriptor& descriptor, unsigned interest) noexcept {
    if (const int refused = arm_refused(descriptor); refused != 0) return refused;
    const int fd = descriptor.fd;
    Place& armed = place(fd);
    if (armed.descriptor != &descriptor) disarm(fd);  // Released without having been closed.
    armed.descriptor = &descriptor;
    armed.interest = static_cast<std::uint8_t>(armed.interest | interest);
    armed_.add(fd, armed.interest);
    highest_ = std::max(highest_, fd);
    drop_nested(armed);
    const int refused = needs_nested(armed.interest) ? nest(armed) : 0;
    if (refused != 0) disarm(fd);
    return refused;
  }

  int nest(Place& armed) noexcept {
    const int nested =
        open_nested_poll(armed.descriptor->fd, nested_events_of(armed.interest));
    if (nested == nested_poll_of_file) return EPERM;
    if (nested < 0) return -nested;
    if (!fits(nested)) {
      close_nested_poll(nested);
      return EMFILE;
    }
    armed.nested = nested;
    place(nested) = {armed.descriptor};
    armed_.add(nested, interest_read);
    highest_ = std::max(highest_, nested);
    return 0;
  }

  void drop_nested(Place& armed) noexcept {
    const int nested = std::exchange(armed.nested, -1);
    if (nested < 0) return;
    place(nested) = Place();
    armed_.remove(nested);
    close_nested_poll(nested);
  }

  void disarm(int fd) noexcept {
    drop_nested(place(fd));
    place(fd) = Place();
    armed_.remove(fd);
  }

  void lower_highest() noexcept {
    while (highest_ > wake_.number() && place(highest_).descriptor == nullptr) --highest_;
  }

  /// False: nothing was seen. A number that someone else closed fails the whole call; the scan
  /// then finds it, and nothing else counts as seen.
  bool wait(Deadline until) noexcept {
    for (;;) {
      const WaitSpan span(until);
      seen_ = armed_;
      const int seen = ::pselect(highest_ + 1, &seen_.readable, &seen_.writable,
                                 &seen_.exceptional, span.timeout(), nullptr);
      number_is_bad_ = seen < 0 && errno == EBADF;
      if (number_is_bad_) seen_ = Sets();
      if (seen > 0 || number_is_bad_) return true;
      // Without memory for the call it is made again, as after a signal.
      if (seen < 0 && errno != EINTR && errno != ENOMEM) fatal("pselect failed", errno);
      if (until.is_now() || until.passed(monotonic_now())) return false;
    }
  }

  WakeFd wake_;
  Sets armed_;
  Sets seen_;
  bool number_is_bad_ = false;
  int highest_ = -1;
  std::array<Place, FD_SETSIZE> places_{};
};

}  // namespace

MadePoller make_select_poller() {
  auto poller = std::make_unique<SelectPoller>();
  if (std::optional<Refusal> refusal = poller->prepare()) {
    return std::unexpected(*std::move(refusal));
  }
  return poller;
}

}  // namespace rota::inline v0

#include "driver/select.hpp"

#include "base/fatal.hpp"
#include "driver/wait_span.hpp"
#include "driver/wake_fd.hpp"

#include <fcntl.h>
#include <sys/select.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>

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
    if ((interest & (interest_read | interest_hang_up)) != 0) FD_SET(fd, &readable);
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

/// Holds only what is armed: a Descriptor leaves the sets with its report.
class SelectPoller final : public Poller {
 public:
  /// 0, or the errno that keeps it from working.
  int prepare() noexcept {
    if (!wake_.valid()) return errno;
    if (!fits(wake_.number())) return EMFILE;
    armed_.add(wake_.number(), interest_read);
    highest_ = wake_.number();
    return 0;
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
      Descriptor* descriptor = by_number_[static_cast<std::size_t>(fd)];
      if (descriptor == nullptr) continue;
      const std::uint8_t interest = seen_.interest_of(fd);
      const int refused = number_is_bad_ && ::fcntl(fd, F_GETFD) < 0 ? errno : 0;
      if (interest == interest_none && refused == 0) continue;
      out[filled++] = {descriptor, interest, refused};
      disarm(fd);
    }
    lower_highest();
    return filled;
  }

  void forget(Descriptor& descriptor) noexcept override {
    if (fits(descriptor.fd) && by_number_[place(descriptor)] == &descriptor) disarm(descriptor.fd);
  }

  void wake() noexcept override { wake_.wake(); }
  int arm_refused(const Descriptor& descriptor) const noexcept override {
    return fits(descriptor.fd) ? 0 : EINVAL;
  }
  bool edge_triggered() const noexcept override { return false; }
  std::string_view name() const noexcept override { return "select"; }

 private:
  static std::size_t place(const Descriptor& descriptor) noexcept {
    return static_cast<std::size_t>(descriptor.fd);
  }

  int arm_one(Descriptor& descriptor, unsigned interest) noexcept {
    if (const int refused = arm_refused(descriptor); refused != 0) return refused;
    by_number_[place(descriptor)] = &descriptor;
    armed_.add(descriptor.fd, interest);
    highest_ = std::max(highest_, descriptor.fd);
    return 0;
  }

  void disarm(int fd) noexcept {
    by_number_[static_cast<std::size_t>(fd)] = nullptr;
    armed_.remove(fd);
  }

  void lower_highest() noexcept {
    while (highest_ > wake_.number() && by_number_[static_cast<std::size_t>(highest_)] == nullptr) {
      --highest_;
    }
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
      if (seen < 0 && errno != EINTR) fatal("pselect failed", errno);
      if (until.is_now() || until.passed(monotonic_now())) return false;
    }
  }

  WakeFd wake_;
  Sets armed_;
  Sets seen_;
  bool number_is_bad_ = false;
  int highest_ = -1;
  std::array<Descriptor*, FD_SETSIZE> by_number_{};
};

}  // namespace

Result<std::unique_ptr<Poller>> make_select_poller() {
  auto poller = std::make_unique<SelectPoller>();
  const int refused = poller->prepare();
  if (refused != 0) return failure(refused);
  return poller;
}

}  // namespace rota::inline v0

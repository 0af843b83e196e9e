#include "driver/readiness/poll.hpp"

#include "base/fatal.hpp"
#include "driver/wait_span.hpp"
#include "driver/wake_fd.hpp"

#include <poll.h>

#include <cassert>
#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

namespace rota::inline v0 {
namespace {

/// Holds only what is armed: a Descriptor leaves the list with its report. Place 0 is the wake.
class PollPoller final : public Poller {
 public:
  PollPoller() {
    asked_.push_back({wake_.number(), POLLIN, 0});
    descriptors_.push_back(nullptr);
  }

  /// Why it cannot work, if so. Before anything else.
  std::optional<Refusal> prepare() const {
    if (!wake_.valid()) return refused_call("poll", "eventfd2", wake_.error());
    const timespec now{};
    if (::ppoll(nullptr, 0, &now, nullptr) < 0 && errno != EINTR) {
      return refused_call("poll", "ppoll", errno);
    }
    return std::nullopt;
  }

  std::size_t turn(std::span<const Arm> arms, Deadline until, std::span<Ready> out) override {
    assert(out.size() >= arms.size() && !out.empty());
    for (const Arm& arm : arms) arm_one(*arm.descriptor, arm.interest);
    if (wait(until) == 0) return 0;
    if (asked_[0].revents != 0) wake_.answer_level();
    std::size_t filled = 0;
    for (std::size_t i = 1; i < asked_.size() && filled < out.size();) {
      const short events = asked_[i].revents;
      if (events == 0) {
        ++i;
        continue;
      }
      const int refused = (events & POLLNVAL) != 0 ? EBADF : 0;
      const std::uint8_t seen = interest_of_events(static_cast<std::uint16_t>(events));
      out[filled++] = {descriptors_[i], seen, refused};
      disarm(i);  // The last one takes the place and is looked at next.
    }
    return filled;
  }

  void forget(Descriptor& descriptor) noexcept override {
    const std::size_t place = place_of(descriptor);
    if (place != 0) disarm(place);
  }

  void wake() noexcept override { wake_.wake(); }
  int wake_number() const noexcept override { return wake_.number(); }
  int arm_refused(const Descriptor&) const noexcept override { return 0; }
  bool edge_triggered() const noexcept override { return false; }
  std::string_view name() const noexcept override { return "poll"; }

 private:
  /// 0 when it is not armed.
  [[nodiscard]] std::size_t place_of(const Descriptor& descriptor) const noexcept {
    return descriptor.index < places_.size() ? places_[descriptor.index] : 0;
  }

  void arm_one(Descriptor& descriptor, unsigned interest) {
    const auto events = static_cast<short>(events_of_interest(interest));
    if (descriptor.index >= places_.size()) places_.resize(descriptor.index + 1);
    std::uint32_t& place = places_[descriptor.index];
    if (place != 0) {
      asked_[place].fd = descriptor.fd;  // The place may have been released and given out anew.
      asked_[place].events = static_cast<short>(asked_[place].events | events);
      return;
    }
    place = static_cast<std::uint32_t>(asked_.size());
    asked_.push_back({descriptor.fd, events, 0});
    descriptors_.push_back(&descriptor);
  }

  void disarm(std::size_t place) noexcept {
    places_[descriptors_[place]->index] = 0;
    if (place + 1 != asked_.size()) {
      asked_[place] = asked_.back();
      descriptors_[place] = descriptors_.back();
      places_[descriptors_[place]->index] = static_cast<std::uint32_t>(place);
    }
    asked_.pop_back();
    descriptors_.pop_back();
  }

  std::size_t wait(Deadline until) noexcept {
    for (;;) {
      const WaitSpan span(until);
      const int seen = ::ppoll(asked_.data(), asked_.size(), span.timeout(), nullptr);
      if (seen > 0) return static_cast<std::size_t>(seen);
      // Without memory for the call it is made again, as after a signal.
      if (seen < 0 && errno != EINTR && errno != ENOMEM) fatal("ppoll failed", errno);
      if (until.is_now() || until.passed(monotonic_now())) return 0;
    }
  }

  WakeFd wake_;
  std::vector<pollfd> asked_;
  std::vector<Descriptor*> descriptors_;  ///< in the order of asked_
  std::vector<std::uint32_t> places_;     ///< in asked_, by Descriptor::index; 0: not armed
};

}  // namespace

MadePoller make_poll_poller() {
  auto poller = std::make_unique<PollPoller>();
  if (std::optional<Refusal> refusal = poller->prepare()) {
    return std::unexpected(*std::move(refusal));
  }
  return poller;
}

}  // namespace rota::inline v0

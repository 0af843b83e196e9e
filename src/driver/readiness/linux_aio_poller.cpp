#include "driver/readiness/linux_aio_poller.hpp"

#include "base/fatal.hpp"
#include "driver/wait_span.hpp"

#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

namespace rota::inline v0 {
namespace {

/// `data` of a poll is odd; that of a file's request, which is an address, even.
constexpr std::uint64_t kPollTag = 1;

/// While the wake or the epoll instance has no place in the context a wait lasts no longer.
constexpr Duration kUnasked{1'000'000};

constexpr std::size_t kEvents = 128;

}  // namespace

std::optional<Refusal> LinuxAioPoller::prepare() {
  if (!wake_.valid()) return refused_call("linux_aio", "eventfd2", wake_.error());
  constexpr unsigned most = kRequests + LinuxAioFiles::kRequests + 2;
  if (const int error = context_.set_up(most); error != 0) return context_.refusal(error);
  prepare_request(wake_request_, wake_.number(), POLLIN);
  std::array<iocb*, 1> first{&wake_request_.control};
  if (const int answer = context_.submit(first); answer < 0) {
    return Refusal{"linux_aio", "io_submit knows no IOCB_CMD_POLL: it came with Linux 4.18.",
                   -answer};
  }
  wake_asked_ = true;
  return std::nullopt;
}

std::size_t LinuxAioPoller::turn(std::span<const Arm> arms, Deadline until, std::span<Ready> out) {
  assert(out.size() >= arms.size() && !out.empty());
  Report report{out};
  if (!wake_asked_) todo_.push_back(&wake_request_.control);
  for (const Arm& each : arms) arm(each, report);
  submit(report);
  // Events that nobody waits for any more end no wait.
  while (!report.is_full()) {
    // Each time: what the kernel has refused came to the instance only now, and what it has told
    // of the instance may have been for nobody.
    if (nested_.valid() && !nested_asked_) {
      todo_.push_back(&nested_request_.control);
      submit(report);
    }
    collect(report.filled > 0 ? Deadline::now() : until, report);
    if (report.filled > 0 || report.ended) break;
    if (until.is_now() || until.passed(monotonic_now())) break;
  }
  return report.filled;
}

void LinuxAioPoller::forget(Descriptor& descriptor) noexcept {
  if (descriptor.index >= places_.size()) return;
  Place& place = places_[descriptor.index];
  drop_requests(place);
  leave_nested(descriptor, place);
  place.armed = interest_none;
}

/// One whose Descriptor was given out anew, without having been forgotten, begins afresh.
LinuxAioPoller::Place& LinuxAioPoller::place_of(const Descriptor& descriptor) {
  if (descriptor.index >= places_.size()) places_.resize(descriptor.index + 1);
  Place& place = places_[descriptor.index];
  const std::uint32_t generation = descriptor.generation.load(MemoryOrder::relaxed);
  if (place.generation != generation) {
    drop_requests(place);
    leave_nested(descriptor, place);
    place = Place{};
    place.generation = generation;
  }
  return place;
}

void LinuxAioPoller::arm(const Arm& arm, Report& report) {
  Descriptor& descriptor = *arm.descriptor;
  Place& place = place_of(descriptor);
  place.armed = static_cast<std::uint8_t>(place.armed | arm.interest);
  unsigned missing = arm.interest;
  for (std::size_t bit = 0; bit < kInterests; ++bit) {
    if (place.pending[bit] != nullptr) missing &= ~(1u << bit);
  }
  if (missing == interest_none) return;
  if (!place.nested && with_kernel_ < kRequests) return ask_for(descriptor, place, missing);
  if (const int error = nest(descriptor, place); error != 0) tell(descriptor, 0, error, report);
}

void LinuxAioPoller::ask_for(Descriptor& descriptor, Place& place, unsigned interest) {
  if (free_.empty()) {
    requests_.emplace_back();
    free_.reserve(requests_.size());
    kept_.reserve(requests_.size() + LinuxAioFiles::kRequests + 2);
    free_.push_back(&requests_.back());
  }
  Request& request = *free_.back();
  free_.pop_back();
  request.descriptor = &descriptor;
  request.interest = static_cast<std::uint8_t>(interest);
  for (std::size_t bit = 0; bit < kInterests; ++bit) {
    if ((interest & 1u << bit) != 0) place.pending[bit] = &request;
  }
  prepare_request(request, descriptor.fd, events_of_interest(interest));
  todo_.push_back(&request.control);
  with_kernel_ += 1;
}

void LinuxAioPoller::prepare_request(Request& request, int fd, std::uint16_t events) noexcept {
  request.control = iocb{};
  request.control.aio_data = reinterpret_cast<std::uint64_t>(&request) | kPollTag;
  request.control.aio_lio_opcode = IOCB_CMD_POLL;
  request.control.aio_fildes = static_cast<std::uint32_t>(fd);
  request.control.aio_buf = events;
}

void LinuxAioPoller::submit(Report& report) {
  for (std::span<iocb*> rest(todo_); !rest.empty();) {
    const int answer = context_.submit(rest);
    if (answer > 0) {
      for (iocb* taken : rest.first(static_cast<std::size_t>(answer))) {
        if (taken == &wake_request_.control) wake_asked_ = true;
        if (taken == &nested_request_.control) nested_asked_ = true;
      }
      rest = rest.subspan(static_cast<std::size_t>(answer));
      continue;
    }
    auto& refused = *reinterpret_cast<Request*>(rest.front()->aio_data & ~kPollTag);
    refuse(refused, -answer, report);
    rest = rest.subspan(1);
  }
  todo_.clear();
}

/// EINVAL: a file with two wait queues. EAGAIN: no room in the context. Both are for epoll.
void LinuxAioPoller::refuse(Request& request, int error, Report& report) {
  if (request.descriptor == nullptr) {  // The wake's or the instance's: asked again next turn.
    if (error != EAGAIN && error != ENOMEM) fatal("io_submit refused a poll", error);
    return;
  }
  Descriptor& descriptor = *request.descriptor;
  Place& place = places_[descriptor.index];
  for (Request*& pending : place.pending) {
    if (pending == &request) pending = nullptr;
  }
  request.descriptor = nullptr;
  release(request);
  if (error == EINVAL || error == EAGAIN) error = nest(descriptor, place);
  if (error != 0) tell(descriptor, interest_none, error, report);
}

/// Has everything that is armed waited for in the epoll instance, once. 0, or an errno.
int LinuxAioPoller::nest(Descriptor& descriptor, Place& place) {
  if (!nested_.valid()) {
    UniqueFd made(::epoll_create1(EPOLL_CLOEXEC));
    if (!made.valid()) return errno;
    nested_ = std::move(made);
    prepare_request(nested_request_, nested_.number(), POLLIN);
  }
  epoll_event wanted{};
  wanted.events = EPOLLONESHOT | std::uint32_t{events_of_interest(place.armed)};
  wanted.data.ptr = &descriptor;
  const int how = std::exchange(place.nested, true) ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (::epoll_ctl(nested_.number(), how, descriptor.fd, &wanted) == 0) return 0;
  place.nested = false;
  return errno;
}

void LinuxAioPoller::collect(Deadline until, Report& report) {
  std::array<io_event, kEvents> events;
  const std::size_t most = std::min(events.size(), report.out.size() - report.filled);
  Deadline cut = until;
  const bool all_asked = wake_asked_ && (nested_asked_ || !nested_.valid());
  if (!all_asked) cut = std::min(cut, Deadline::at(monotonic_now() + kUnasked));
  const std::size_t seen = next_events(std::span(events).first(most), cut);
  const bool nested_waited = nested_asked_;
  for (std::size_t i = 0; i < seen; ++i) take(events[i], report);
  if (nested_waited && !nested_asked_) take_nested(report);
  if (!wake_asked_) {
    wake_.answer_level();
    report.ended = true;
  }
}

/// Those that came while something else was waited for, or else what the context has.
std::size_t LinuxAioPoller::next_events(std::span<io_event> into, Deadline until) {
  if (kept_.empty()) return context_.wait(into, until);
  const std::size_t count = std::min(into.size(), kept_.size());
  std::copy_n(kept_.begin(), count, into.begin());
  kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(count));
  return count;
}

void LinuxAioPoller::take(const io_event& event, Report& report) {
  if ((event.data & kPollTag) == 0) {
    files_->complete(event);
    report.ended = true;
    return;
  }
  auto& request = *reinterpret_cast<Request*>(event.data & ~kPollTag);
  if (&request == &wake_request_) {
    wake_asked_ = false;
  } else if (&request == &nested_request_) {
    nested_asked_ = false;
  } else {
    take_request(request, event.res, report);
  }
}

void LinuxAioPoller::take_request(Request& request, std::int64_t events, Report& report) {
  Descriptor* descriptor = std::exchange(request.descriptor, nullptr);
  release(request);
  if (descriptor == nullptr) return;  // It could not be cancelled.
  Place& place = places_[descriptor->index];
  for (Request*& pending : place.pending) {
    if (pending == &request) pending = nullptr;
  }
  if ((place.armed & request.interest) == 0) return;
  const int refused = events < 0 ? static_cast<int>(-events) : 0;
  const auto seen = static_cast<std::uint32_t>(refused != 0 ? 0 : events);
  tell(*descriptor, interest_of_events(seen), refused, report);
}

/// What finds no room in the report is there at the next look, as the request is asked once more.
void LinuxAioPoller::take_nested(Report& report) {
  std::array<epoll_event, kEvents> events;
  const std::size_t room = std::min(events.size(), report.out.size() - report.filled);
  if (room == 0) return;
  const int seen = ::epoll_wait(nested_.number(), events.data(), static_cast<int>(room), 0);
  for (int i = 0; i < seen; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    auto& descriptor = *static_cast<Descriptor*>(event.data.ptr);
    if (places_[descriptor.index].armed == interest_none) continue;
    tell(descriptor, interest_of_events(event.events), 0, report);
  }
}

void LinuxAioPoller::tell(Descriptor& descriptor, std::uint8_t seen, int refused, Report& report) {
  places_[descriptor.index].armed = interest_none;
  report.out[report.filled++] = {&descriptor, seen, refused};
}

void LinuxAioPoller::release(Request& request) noexcept {
  free_.push_back(&request);
  with_kernel_ -= 1;
}

/// Returns when the kernel has let go of their files: a thread of its does that, some microseconds
/// later, and until then a number that is closed is not. To sleep for so long would be to wake up
/// before it has.
void LinuxAioPoller::drop_requests(Place& place) noexcept {
  std::size_t dropped = 0;
  for (Request*& pending : place.pending) {
    Request* request = std::exchange(pending, nullptr);
    if (request == nullptr || request->descriptor == nullptr) continue;
    request->descriptor = nullptr;
    const int error = context_.cancel(request->control);
    // What has ended already has its event. A filter that denies the call leaves the file with the
    // kernel until somebody else has it be ready.
    if (error != 0 && error != EINVAL && error != EAGAIN) continue;
    request->awaited = true;
    dropped += 1;
  }
  const auto is_dropped = [this](const io_event& event) noexcept {
    if ((event.data & kPollTag) == 0) return false;
    auto& request = *reinterpret_cast<Request*>(event.data & ~kPollTag);
    if (!std::exchange(request.awaited, false)) return false;
    release(request);
    return true;
  };
  dropped -= std::erase_if(kept_, is_dropped);
  while (dropped > 0) {
    std::array<io_event, kEvents> events;
    const std::size_t seen = context_.take(events);
    for (const io_event& event : std::span(events).first(seen)) {
      if (is_dropped(event)) {
        dropped -= 1;
      } else {
        kept_.push_back(event);
      }
    }
    if (dropped > 0) ::sched_yield();
  }
}

void LinuxAioPoller::leave_nested(const Descriptor& descriptor, Place& place) noexcept {
  if (!std::exchange(place.nested, false)) return;
  ::epoll_ctl(nested_.number(), EPOLL_CTL_DEL, descriptor.fd, nullptr);
}

}  // namespace rota::inline v0

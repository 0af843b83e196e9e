#include "driver/linux_aio_poller.hpp"

#include "base/fatal.hpp"
#include "driver/wait_span.hpp"

#include <poll.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

namespace rota::inline v0 {
namespace {

/// `data` of a poll is odd; that of a file's request, which is an address, even.
constexpr std::uint64_t kPollTag = 1;

/// While the wake has no place in the context a wait lasts no longer, and its eventfd is read then.
constexpr Duration kWakeless{1'000'000};

constexpr std::size_t kEvents = 128;

}  // namespace

int LinuxAioPoller::prepare() {
  if (!wake_.valid()) return errno;
  if (const int error = context_.set_up(kRequests + LinuxAioFiles::kRequests + 2); error != 0) {
    return error;
  }
  prepare_request(wake_request_, wake_.number(), POLLIN);
  // IOCB_CMD_POLL came with Linux 4.18: one that ends at once shows whether it is there.
  std::array<iocb*, 1> first{&wake_request_.control};
  const int answer = context_.submit(first);
  if (answer < 0) return -answer;
  wake_asked_ = true;
  return 0;
}

std::size_t LinuxAioPoller::turn(std::span<const Arm> arms, Deadline until, std::span<Ready> out) {
  assert(out.size() >= arms.size() && !out.empty());
  Report report{out};
  if (!wake_asked_) todo_.push_back(&wake_request_.control);
  for (const Arm& each : arms) arm(each, report);
  submit(report);
  // What was refused may have come to the instance only now.
  if (nested_.valid() && !nested_asked_) {
    todo_.push_back(&nested_request_.control);
    submit(report);
  }
  if (report.is_full()) return report.filled;
  do collect(report.filled > 0 ? Deadline::now() : until, report);
  // Events that nobody waits for any more end no wait.
  while (report.filled == 0 && !report.ended && !until.is_now() && !until.passed(monotonic_now()));
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
  free_.push_back(&request);
  with_kernel_ -= 1;
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
  if (!wake_asked_) cut = std::min(cut, Deadline::at(monotonic_now() + kWakeless));
  const std::size_t seen = context_.wait(std::span(events).first(most), cut);
  const bool nested_waited = nested_asked_;
  for (std::size_t i = 0; i < seen; ++i) take(events[i], report);
  if (nested_waited && !nested_asked_) take_nested(report);
  if (!wake_asked_) {
    wake_.answer_level();
    report.ended = true;
  }
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
  free_.push_back(&request);
  with_kernel_ -= 1;
  if (descriptor == nullptr) return;
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

/// Their events come all the same, some of them later.
void LinuxAioPoller::drop_requests(Place& place) noexcept {
  for (Request*& pending : place.pending) {
    Request* request = std::exchange(pending, nullptr);
    if (request == nullptr || request->descriptor == nullptr) continue;
    request->descriptor = nullptr;
    static_cast<void>(context_.cancel(request->control));
  }
}

void LinuxAioPoller::leave_nested(const Descriptor& descriptor, Place& place) noexcept {
  if (!std::exchange(place.nested, false)) return;
  ::epoll_ctl(nested_.number(), EPOLL_CTL_DEL, descriptor.fd, nullptr);
}

}  // namespace rota::inline v0

#include "driver/aio_context.hpp"

#include "base/fatal.hpp"
#include "base/first_line.hpp"
#include "driver/wait_span.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <ctime>
#include <string>
#include <utility>

namespace rota::inline v0 {
namespace {

// glibc has no functions for these.

long setup(unsigned requests, aio_context_t& context) noexcept {
  return ::syscall(SYS_io_setup, requests, &context);
}

long destroy(aio_context_t context) noexcept { return ::syscall(SYS_io_destroy, context); }

long get_events(aio_context_t context, long least, std::span<io_event> events,
                const timespec* limit) noexcept {
  timespec left = limit == nullptr ? timespec{} : *limit;  // The kernel writes what is left.
  return ::syscall(SYS_io_getevents, context, least, events.size(), events.data(),
                   limit == nullptr ? nullptr : &left);
}

/// A number of requests that /proc tells; nothing where it cannot be read.
std::optional<std::uint64_t> told_number(const char* path) {
  const std::string line = first_line_of(path);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
  return error == std::errc() ? std::optional(number) : std::nullopt;
}

Refusal no_room() {
  return {"linux_aio",
          "io_setup: the requests of all contexts of the system would be more than fs.aio-max-nr "
          "allows. What helps: a higher `sysctl fs.aio-max-nr`, or fewer workers.",
          EAGAIN};
}

}  // namespace

/// As fs/aio.c lays it out since Linux 2.6; the context's number is its address.
struct AioContext::Ring {
  unsigned id;
  unsigned places;
  unsigned head;  ///< written by whoever takes
  unsigned tail;  ///< written by the kernel
  unsigned magic;
  unsigned compatible_features;
  unsigned incompatible_features;
  unsigned header_bytes;

  static constexpr unsigned kMagic = 0xa10a10a1;

  [[nodiscard]] bool is_known() const noexcept {
    return magic == kMagic && incompatible_features == 0 && header_bytes == sizeof(Ring);
  }
  [[nodiscard]] const io_event* events() const noexcept {
    return reinterpret_cast<const io_event*>(this + 1);
  }
};

AioContext::~AioContext() {
  if (is_set_up()) destroy(id_);
}

int AioContext::set_up(unsigned requests) noexcept {
  aio_context_t made = 0;
  refused_ = "io_setup";
  if (setup(requests, made) != 0) return errno;
  id_ = made;
  if (const int error = probe_calls(); error != 0) {
    destroy(std::exchange(id_, 0));
    return error;
  }
  auto* ring = reinterpret_cast<Ring*>(id_);
  if (ring->is_known()) ring_ = ring;
  return 0;
}

/// The other calls, each so that it does nothing. What is no request of the context cannot be
/// cancelled: EINVAL is the answer that shows that the call is there. So does EINTR, which is what
/// io_getevents says of nothing while a signal is pending.
int AioContext::probe_calls() noexcept {
  refused_ = "io_submit";
  if (const int answer = submit({}); answer < 0) return -answer;
  refused_ = "io_getevents";
  const timespec now{};
  if (get_events(id_, 0, {}, &now) < 0 && errno != EINTR) return errno;
  refused_ = "io_cancel";
  iocb none{};
  const int answer = cancel(none);
  return answer == EINVAL ? 0 : answer;
}

int AioContext::submit(std::span<iocb*> requests) noexcept {
  const long taken = ::syscall(SYS_io_submit, id_, requests.size(), requests.data());
  return taken < 0 ? -errno : static_cast<int>(taken);
}

int AioContext::cancel(iocb& request) noexcept {
  io_event unused{};  // Of kernels before 4.18 alone, whose cancelled requests had no event.
  if (::syscall(SYS_io_cancel, id_, &request, &unused) == 0) return 0;
  return errno == EINPROGRESS ? 0 : errno;
}

std::size_t AioContext::take(std::span<io_event> events) noexcept {
  if (ring_ == nullptr) return wait(events, Deadline::now());
  unsigned head = ring_->head;
  // Acquire: what the kernel wrote before it moved the tail is there.
  const unsigned tail = __atomic_load_n(&ring_->tail, __ATOMIC_ACQUIRE);
  std::size_t taken = 0;
  while (head != tail && taken < events.size()) {
    events[taken++] = ring_->events()[head];
    head = head + 1 == ring_->places ? 0 : head + 1;
  }
  // Release: the kernel may write where these were.
  if (taken > 0) __atomic_store_n(&ring_->head, head, __ATOMIC_RELEASE);
  return taken;
}

std::size_t AioContext::wait(std::span<io_event> events, Deadline until) noexcept {
  const bool looks = until.is_now();
  if (ring_ != nullptr) {
    const std::size_t taken = take(events);
    if (taken > 0 || looks) return taken;
  }
  for (;;) {
    const WaitSpan span(until);
    const long taken = get_events(id_, looks ? 0 : 1, events, span.timeout());
    if (taken > 0) return static_cast<std::size_t>(taken);
    if (taken < 0 && errno != EINTR) fatal("io_getevents failed", errno);
    if (looks || until.passed(monotonic_now())) return 0;
  }
}

Refusal AioContext::refusal(int error) const {
  return error == EAGAIN ? no_room() : refused_call("linux_aio", refused_, error);
}

std::optional<Refusal> AioContext::lack_of_room(unsigned requests) {
  const auto taken = told_number("/proc/sys/fs/aio-nr");
  const auto most = told_number("/proc/sys/fs/aio-max-nr");
  if (!taken || !most || *taken + requests <= *most) return std::nullopt;
  return no_room();
}

}  // namespace rota::inline v0

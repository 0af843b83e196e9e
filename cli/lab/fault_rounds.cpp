#include "fault_rounds.hpp"

#include "cli/load/interrupt.hpp"
#include "cli/load/monotonic.hpp"

#include <rota/rota.hpp>

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <utility>

namespace rota::cli {
namespace {

using std::chrono::milliseconds;

/// For a task to come to its wait, and its operation to the kernel.
constexpr milliseconds kToComeToRest{3};
/// A task that was to fault beside another one may have been stolen before it ran.
constexpr unsigned kAttemptsPerRound = 20;
constexpr std::uint64_t kPatienceNs = 10 * ns_per_s;

/// What the tasks and the thread that watches them tell each other.
struct Desk {
  int near = -1;                            ///< the tasks' end of the socket
  std::atomic<WorkerIndex> waits_on{0};     ///< the worker on which the reader waits
  std::atomic<std::uint64_t> waits{0};      ///< how often it has begun to
  std::atomic<std::uint64_t> seen_ns{0};    ///< when it heard of its byte; 0: not yet
  std::atomic<std::uint64_t> began_ns{0};   ///< of the fault; 0: not yet
  std::atomic<std::uint64_t> ended_ns{0};   ///< 0: not yet
  std::atomic<bool> strayed{false};         ///< the task was stolen and did not fault
};

Task<void> read_bytes(Desk& desk) {
  FdWatch watch(desk.near);
  for (;;) {
    desk.waits_on = this_worker();
    desk.waits += 1;
    Result<PollEvents> seen = co_await watch.wait(POLLIN);
    if (!seen) co_return;
    const std::uint64_t now = monotonic_ns();
    char byte = 0;
    if (::recv(desk.near, &byte, 1, MSG_DONTWAIT) != 1) co_return;
    desk.seen_ns = now;
  }
}

Task<void> touch_page(Desk& desk, SlowFile& file) {
  if (this_worker() != desk.waits_on) {
    desk.strayed = true;
    co_return;
  }
  desk.began_ns = monotonic_ns();
  file.fault();
  desk.ended_ns = monotonic_ns();
}

/// False: it takes too long, or the user has had enough.
template <class Condition>
bool await(Condition condition) {
  const std::uint64_t until = monotonic_ns() + kPatienceNs;
  while (!condition()) {
    if (interrupted() || monotonic_ns() > until) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return true;
}

/// Both ends of a connected pair.
struct Ends {
  OwnedFd near;
  OwnedFd far;
};

Ends make_ends() {
  std::array<int, 2> numbers{-1, -1};
  ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, numbers.data());
  return {OwnedFd(numbers[0]), OwnedFd(numbers[1])};
}

enum class Round : std::uint8_t { measured, strayed, failed };

const char* why_too_few(bool each_ended, const SlowFile& file) {
  if (!each_ended) return "a task has not heard of its byte";
  if (!file.has_pages()) return "the slow file has no page left that nobody has touched";
  return "the tasks were stolen from each other again and again";
}

/// The rounds that went well say nothing beside others that did not.
void refuse(FaultsResult& result, std::string reason) {
  result.refusal = std::move(reason);
  result.late_ns.clear();
  result.stall_ns.clear();
}

Round run_round(const FaultsOptions& options, Runtime& runtime, Desk& desk, int far,
                SlowFile& file, FaultsResult& result) {
  std::this_thread::sleep_for(kToComeToRest);
  desk.began_ns = desk.ended_ns = desk.seen_ns = 0;
  desk.strayed = false;
  const std::uint64_t waits = desk.waits;
  JoinHandle<void> fault = runtime.spawn_on(desk.waits_on, touch_page(desk, file));
  if (!await([&] { return desk.began_ns != 0 || desk.strayed; })) return Round::failed;
  if (desk.strayed) return Round::strayed;
  // Well into the fault, and long before its end.
  std::this_thread::sleep_for(milliseconds(options.stall_ms / 5));
  const std::uint64_t sent_ns = monotonic_ns();
  const bool in_time = desk.ended_ns == 0;
  if (::send(far, "x", 1, MSG_NOSIGNAL) != 1) return Round::failed;
  const auto is_over = [&] {
    return desk.seen_ns != 0 && desk.ended_ns != 0 && desk.waits > waits && fault.is_done();
  };
  if (!await(is_over)) return Round::failed;
  if (!in_time) return Round::strayed;
  result.late_ns.push_back(static_cast<double>(desk.seen_ns - sent_ns));
  result.stall_ns.push_back(static_cast<double>(desk.ended_ns - desk.began_ns));
  return Round::measured;
}

}  // namespace

void run_fault_rounds(const FaultsOptions& options, SlowFile& file, FaultsResult& result) {
  Config config;
  config.driver = result.driver.config();
  config.scheduler.kind = SchedulerKind::stealing;
  config.scheduler.workers = 2;
  const Ends ends = make_ends();
  Desk desk;
  desk.near = ends.near.number();
  auto runtime = Runtime::make(config);
  if (!runtime || !ends.far.valid()) {
    result.refusal = runtime ? std::strerror(errno) : runtime.error().message();
    return;
  }
  JoinHandle<void> reader = runtime->spawn(read_bytes(desk));
  unsigned attempts_left = options.rounds * kAttemptsPerRound;
  bool goes_on = await([&] { return desk.waits != 0; });
  while (goes_on && result.late_ns.size() < options.rounds && attempts_left-- > 0 &&
         file.has_pages()) {
    goes_on = run_round(options, *runtime, desk, ends.far.number(), file, result) != Round::failed;
  }
  if (!interrupted() && result.late_ns.size() < options.rounds) {
    refuse(result, why_too_few(goes_on, file));
  }
  runtime->request_stop();
}

}  // namespace rota::cli

#include "driver/choose.hpp"

#include "base/errno_text.hpp"
#include "driver/readiness/epoll.hpp"
#include "driver/readiness/linux_aio.hpp"
#include "driver/readiness/poll.hpp"
#include "driver/readiness/readiness.hpp"
#include "driver/readiness/select.hpp"
#include "driver/remedy.hpp"
#include "driver/sim/sim.hpp"
#include "driver/uring/uring.hpp"

#include <cerrno>
#include <string_view>
#include <utility>

namespace rota::inline v0 {
namespace {

/// With the name of what it is.
struct NamedDriver {
  std::unique_ptr<Driver> driver;
  const char* name;
};

using MadeDriver = Result<NamedDriver>;

/// Whether a worker may change its thread is decided before the driver is made: who leaves the
/// profile open has workers that keep theirs.
RingProfile profile_of(const DriverConfig& config) noexcept {
  return config.ring == RingProfile::best ? RingProfile::pinned : config.ring;
}

const char* name_of(DriverKind kind, const DriverConfig& config) noexcept {
  switch (kind) {
    case DriverKind::best: return "best";
    case DriverKind::select: return "select";
    case DriverKind::poll: return "poll";
    case DriverKind::epoll: return "epoll";
    case DriverKind::linux_aio: return "linux_aio";
    case DriverKind::io_uring: return name_of(profile_of(config));
    case DriverKind::sim: return "sim";
  }
  return "unknown";
}

MadeDriver named(Result<std::unique_ptr<Driver>> made, const char* name) {
  if (!made) return std::unexpected(made.error());
  return NamedDriver{std::move(*made), name};
}

/// What is asked for, and for which worker.
struct PlacedConfig : DriverConfig {
  DriverPlace place;
};

/// Of its blocking pool there are `threads`.
EngineRequest files_of(const PlacedConfig& config, std::uint32_t threads) noexcept {
  return {.kind = config.files,
          .threads = threads,
          .aio_notification = config.aio_notification,
          .bounded_workers = config.bounded_ring_workers,
          .unbounded_workers = config.unbounded_ring_workers,
          .cpu = config.place.cpu,
          .as_kernel = config.as_kernel,
          .device_polling = config.device_polling};
}

MadeDriver make_uring(const PlacedConfig& config, std::vector<Refusal>& refusals) {
  RingRequest request;
  request.profile = profile_of(config);
  request.entries = config.ring_entries;
  request.completion_entries = config.completion_entries;
  request.bounded_workers = config.bounded_ring_workers;
  request.unbounded_workers = config.unbounded_ring_workers;
  request.cpu = config.place.cpu;
  request.as_kernel = config.as_kernel;
  request.files = files_of(config, config.bounded_ring_workers);
  request.sqpoll_idle_ms = config.sqpoll_idle_ms;
  request.sqpoll_cpu = config.sqpoll_cpu;
  request.napi_busy_poll_us = config.napi_busy_poll_us;
  request.min_wait_us = config.min_wait_us;
  request.message_wakes = config.message_wakes;
  request.tries_lone_reads = config.place.tries_lone_reads;
  RingSubmitter* submitter = config.place.submitter;
  if (submitter != nullptr) request.sqpoll_ring = submitter->number;
  auto made = UringDriver::make(request, refusals);
  if (!made) return std::unexpected(made.error());
  if (submitter != nullptr && submitter->number < 0) {
    submitter->number = (*made)->ring().submitter_number();
  }
  const char* name = name_of((*made)->ring().profile());
  return NamedDriver{std::move(*made), name};
}

MadeDriver make_over(MadePoller poller, const PlacedConfig& config,
                     std::vector<Refusal>& refusals, const char* name) {
  if (poller) {
    const EngineRequest files = files_of(config, config.blocking_threads);
    return named(make_readiness_driver(std::move(*poller), files, refusals), name);
  }
  refusals.push_back(std::move(poller.error()));
  return failure(refusals.back().error);
}

MadeDriver make_simulated(const PlacedConfig& config, std::vector<Refusal>& refusals) {
  try {
    SimWorld* world = config.place.world;
    return named(make_sim_driver(world == nullptr ? config.seed : world->draw_seed(), world),
                 "sim");
  } catch (const std::system_error& error) {
    refusals.push_back({"sim", error.what(), error.code().value()});
    return std::unexpected(error.code());
  }
}

/// Makes the driver, or says in `refusals` why not.
MadeDriver make_driver(DriverKind kind, const PlacedConfig& config,
                       std::vector<Refusal>& refusals) {
  const char* name = name_of(kind, config);
  switch (kind) {
    case DriverKind::io_uring: return make_uring(config, refusals);
    case DriverKind::epoll:
      return make_over(make_busy_epoll_poller(config.napi_busy_poll_us, refusals), config,
                       refusals, name);
    case DriverKind::poll: return make_over(make_poll_poller(), config, refusals, name);
    case DriverKind::select: return make_over(make_select_poller(), config, refusals, name);
    case DriverKind::linux_aio: {
      const EngineRequest files = files_of(config, config.blocking_threads);
      return named(make_linux_aio_driver(files, refusals), name);
    }
    case DriverKind::sim: return make_simulated(config, refusals);
    case DriverKind::best: break;
  }
  return failure(EINVAL);
}

bool same_cause(const Refusal& one, const Refusal& other) noexcept {
  return one.error == other.error && one.mechanism == other.mechanism;
}

/// Adds what the errno says and what helps: once, behind the last of several steps that failed for
/// one cause, as when ever smaller rings are tried.
void complete(std::vector<Refusal>& refusals) {
  for (std::size_t i = 0; i < refusals.size(); ++i) {
    Refusal& refusal = refusals[i];
    if (i + 1 < refusals.size() && same_cause(refusal, refusals[i + 1])) continue;
    if (!refusal.reason.ends_with('.')) refusal.reason += '.';
    refusal.reason += " The error is " + errno_text(refusal.error) + '.';
    refusal.reason += remedy_of(refusal);
  }
}

Result<ChosenDriver> choose_best(const PlacedConfig& config, std::vector<Refusal>& refusals) {
  std::error_code last;
  std::string refused;
  for (const DriverKind kind :
       {DriverKind::io_uring, DriverKind::epoll, DriverKind::poll, DriverKind::select}) {
    MadeDriver made = make_driver(kind, config, refusals);
    if (made) {
      std::string reason = made->name;
      reason += ": the best of what this machine allows." + refused;
      return ChosenDriver{std::move(made->driver), kind, made->name, std::move(reason)};
    }
    last = made.error();
    refused += std::string(" Refused: ") + name_of(kind, config) + ", with " +
               errno_text(last.value()) + '.';
  }
  return std::unexpected(last);
}

Result<ChosenDriver> choose_named(const PlacedConfig& config, std::vector<Refusal>& refusals) {
  MadeDriver made = make_driver(config.kind, config, refusals);
  if (!made) return std::unexpected(made.error());
  const char* asked = name_of(config.kind, config);
  std::string reason = std::string(made->name) + ": asked for by name.";
  if (std::string_view(asked) != made->name) {
    reason = std::string(made->name) + ": instead of " + asked + ", which was asked for by name.";
  }
  // Whoever sees a run fail repeats it with its seed.
  if (config.kind == DriverKind::sim) {
    reason += " Run with seed " + std::to_string(config.seed) + '.';
  }
  return ChosenDriver{std::move(made->driver), config.kind, made->name, std::move(reason)};
}

}  // namespace

Result<ChosenDriver> choose_driver(const DriverConfig& asked, std::vector<Refusal>* refused,
                                   DriverPlace place) {
  const PlacedConfig config{asked, place};
  std::vector<Refusal> refusals;
  Result<ChosenDriver> chosen = config.kind == DriverKind::best ? choose_best(config, refusals)
                                                                : choose_named(config, refusals);
  complete(refusals);
  if (refused != nullptr) *refused = std::move(refusals);
  return chosen;
}

}  // namespace rota::inline v0

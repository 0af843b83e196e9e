#include "driver/choose.hpp"
#include "runtime/capabilities/groups.hpp"

#include <string>
#include <string_view>

namespace rota::inline v0 {
namespace {

struct Candidate {
  const char* name;
  DriverKind kind;
  RingProfile ring;
  const char* purpose;
};

constexpr Candidate kCandidates[] = {
    {"io_uring pinned", DriverKind::io_uring, RingProfile::pinned,
     "completions; the fastest, for workers that keep their thread"},
    {"io_uring movable", DriverKind::io_uring, RingProfile::movable,
     "completions; another thread may take the ring over"},
    {"io_uring sqpoll", DriverKind::io_uring, RingProfile::sqpoll,
     "completions; a thread of the kernel submits, at the price of its CPU time"},
    {"epoll", DriverKind::epoll, RingProfile::best, "readiness, edge-triggered"},
    {"poll", DriverKind::poll, RingProfile::best, "readiness; cost grows with the descriptors"},
    {"linux_aio", DriverKind::linux_aio, RingProfile::best,
     "readiness of sockets and direct I/O of files in one context of io_setup"},
    {"select", DriverKind::select, RingProfile::best, "readiness; descriptors below 1024 only"},
    {"sim", DriverKind::sim, RingProfile::best, "virtual clock and seeded chance, for tests"},
};

DriverConfig config_of(const Candidate& candidate) {
  DriverConfig config;
  config.kind = candidate.kind;
  config.ring = candidate.ring;
  return config;
}

}  // namespace

void probe_drivers(CapabilityList& list) {
  list.begin_group("driver");
  for (const Candidate& candidate : kCandidates) {
    std::vector<Refusal> refusals;
    const auto chosen = choose_driver(config_of(candidate), &refusals);
    if (!chosen) {
      list.no(candidate.name, joined(refusals, chosen.error()));
      continue;
    }
    if (chosen->kind == DriverKind::io_uring && chosen->name != std::string_view(candidate.name)) {
      list.no(candidate.name, joined(refusals, {}) + " Instead there is " + chosen->name + '.');
      continue;
    }
    // A driver may be made after concessions: they are part of what may be used.
    std::string detail = candidate.purpose;
    if (!refusals.empty()) detail += "; but: " + joined(refusals, {});
    list.yes(candidate.name, std::move(detail));
  }
}

}  // namespace rota::inline v0

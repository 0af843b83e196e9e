#include "capability_groups.hpp"
#include "base/unique_fd.hpp"
#include "driver/choose.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/uio.h>

#include <cerrno>
#include <string>

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

/// The refusals in one sentence: a driver may be refused step by step (fewer flags, less memory).
std::string joined(const std::vector<Refusal>& refusals, const std::error_code& error) {
  if (refusals.empty()) return error.message();
  std::string text;
  for (const Refusal& refusal : refusals) {
    if (!text.empty()) text += ' ';
    text += refusal.reason;
  }
  return text;
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
    // A driver may be made after concessions: they are part of what may be used.
    std::string detail = candidate.purpose;
    if (!refusals.empty()) detail += "; but: " + joined(refusals, {});
    list.yes(candidate.name, std::move(detail));
  }
}

void probe_file_engines(CapabilityList& list) {
  list.begin_group("file engine");
  const DriverConfig defaults;
  const std::string pool =
      std::to_string(defaults.blocking_threads) + " threads beside a readiness driver";
  const UniqueFd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  char byte = 0;
  const iovec into{.iov_base = &byte, .iov_len = 1};
  const bool looks_first =
      ::preadv2(file.number(), &into, 1, 0, RWF_NOWAIT) >= 0 || errno == EAGAIN;
  if (looks_first) {
    list.yes("blocking pool", pool + "; RWF_NOWAIT first: no thread hop for a page-cache hit");
  } else {
    list.yes("blocking pool", pool + "; every read hops a thread: " +
                                  answer_of("preadv2(RWF_NOWAIT)", errno));
  }
  DriverConfig ring;
  ring.kind = DriverKind::io_uring;
  std::vector<Refusal> refusals;
  const auto chosen = choose_driver(ring, &refusals);
  if (chosen) {
    list.yes("io_uring", "reads and writes through the ring of the io_uring driver");
  } else {
    list.no("io_uring", joined(refusals, chosen.error()));
  }
}

}  // namespace rota::inline v0

#include "driver/uring/age.hpp"
#include "driver/uring/ring.hpp"
#include "driver/uring/wake.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>

namespace rota::inline v0 {
namespace {

/// Below this a ring is not worth having; a request for less is taken as it is.
constexpr std::uint32_t kFloorEntries = 8;

std::uint32_t polling_flags_of(DevicePolling polling) noexcept {
  switch (polling) {
    case DevicePolling::never: break;
    case DevicePolling::busy: return IORING_SETUP_IOPOLL;
    case DevicePolling::hybrid: return IORING_SETUP_IOPOLL | kSetupHybridIopoll;
  }
  return 0;
}

std::uint32_t flags_of(const RingRequest& request, RingProfile profile) noexcept {
  std::uint32_t flags = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | IORING_SETUP_SUBMIT_ALL |
                        polling_flags_of(request.device_polling);
  if (profile == RingProfile::sqpoll) {
    flags |= IORING_SETUP_SQPOLL;
    if (request.sqpoll_ring >= 0) flags |= IORING_SETUP_ATTACH_WQ;
    if (request.sqpoll_cpu >= 0) flags |= IORING_SETUP_SQ_AFF;
    return flags;
  }
  flags |= IORING_SETUP_TASKRUN_FLAG;
  if (profile == RingProfile::movable) return flags | IORING_SETUP_COOP_TASKRUN;
  return flags | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_R_DISABLED;
}

/// What goes when a flag goes: what has no meaning, or is refused, without it. Without deferred
/// work a pinned ring runs it cooperatively, as a movable one does.
std::uint32_t without(std::uint32_t flags, std::uint32_t given_up) noexcept {
  flags &= ~given_up;
  if (given_up == IORING_SETUP_DEFER_TASKRUN) return flags | IORING_SETUP_COOP_TASKRUN;
  if (given_up == IORING_SETUP_SINGLE_ISSUER) {
    if ((flags & IORING_SETUP_DEFER_TASKRUN) == 0) return flags & ~IORING_SETUP_R_DISABLED;
    return (flags & ~(IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_R_DISABLED)) |
           IORING_SETUP_COOP_TASKRUN;
  }
  if (given_up == IORING_SETUP_COOP_TASKRUN) return flags & ~IORING_SETUP_TASKRUN_FLAG;
  return flags;
}

int read_sysctl(const char* path) {
  std::FILE* file = std::fopen(path, "re");
  if (file == nullptr) return -1;
  int value = -1;
  if (std::fscanf(file, "%d", &value) != 1) value = -1;
  std::fclose(file);
  return value;
}

/// The same errno has several causes; the sentence names the one that holds.
std::string explain(int error, std::uint32_t entries, std::uint32_t completions) {
  switch (error) {
    case ENOSYS:
      return "io_uring_setup answers ENOSYS: the kernel was built without io_uring, is older than "
             "5.1, or a seccomp filter hides it.";
    case EPERM: {
      const int disabled = read_sysctl("/proc/sys/kernel/io_uring_disabled");
      if (disabled == 2) {
        return "io_uring_setup answers EPERM: kernel.io_uring_disabled is 2, which denies it to "
               "everybody; `sysctl kernel.io_uring_disabled=0` allows it.";
      }
      if (disabled == 1) {
        return "io_uring_setup answers EPERM: kernel.io_uring_disabled is 1, which denies it to "
               "who has neither CAP_SYS_ADMIN nor the group kernel.io_uring_group (a seccomp "
               "filter would answer the same).";
      }
      return "io_uring_setup answers EPERM: a seccomp filter denies it, as the default profile of "
             "container runtimes does; a profile that allows io_uring_setup, io_uring_enter and "
             "io_uring_register changes that.";
    }
    case EACCES:
      return "io_uring_setup answers EACCES: a security policy (a seccomp filter, SELinux or "
             "AppArmor) denies it to this process.";
    case ENOMEM:
      return "io_uring_setup answers ENOMEM for " + std::to_string(entries) + " entries and " +
             std::to_string(completions) +
             " completions: the limit of locked memory "
             "(`ulimit -l`, RLIMIT_MEMLOCK) or the memory of the machine is too small.";
    case EMFILE:
    case ENFILE: return "io_uring_setup has no file descriptor left (`ulimit -n`, fs.file-max).";
    default: return std::string("io_uring_setup answers: ") + std::strerror(error) + '.';
  }
}

bool halve(std::uint32_t& count, std::uint32_t floor) noexcept {
  if (count / 2 < floor) return false;
  count /= 2;
  return true;
}

}  // namespace

/// A thread of the kernel may be refused for what is none of the ring's own: a policy, a limit of
/// threads. Then the ring is another that any carrier may use.
int UringRing::set_up(const RingRequest& asked, std::vector<Refusal>& refusals) {
  const RingRequest request = as_asked_of(asked);
  profile_ = request.profile;
  int error = open(request, profile_, refusals);
  if (error != 0 && profile_ == RingProfile::sqpoll) {
    profile_ = RingProfile::movable;
    error = open(request, profile_, refusals);
  }
  if (error != 0) return error;
  open_ = true;
  const char* mechanism = name_of(profile_);
  if (error = check_floor(request, refusals, mechanism); error != 0) return error;
  if (error = check_entrances(refusals, mechanism); error != 0) return error;
  // A forked child shares the queues' memory but is not whom the kernel serves: it gets a fault
  // instead of somebody else's completions. Where this is refused nothing else changes.
  io_uring_ring_dontfork(&ring_);
  messages_.resize(ring_.sq.ring_entries);
  for (unsigned i = 0; i < ring_.sq.ring_entries; ++i) ring_.sq.array[i] = i;
  probe_abilities(request);
  tell_lacks(refusals, mechanism);
  limit_workers(request, refusals, mechanism);
  ask_for_cpu(request, refusals, mechanism);
  ask_for_busy_poll(request, refusals, mechanism);
  ask_for_min_wait(request, refusals, mechanism);
  ask_for_messages(request, refusals, mechanism);
  return 0;
}

/// Makes the queues, as large and with as many of the profile's flags as the kernel allows.
int UringRing::open(const RingRequest& request, RingProfile profile,
                    std::vector<Refusal>& refusals) {
  const char* mechanism = name_of(profile);
  std::uint32_t flags = flags_of(request, profile);
  std::uint32_t entries = request.entries;
  std::uint32_t completions = request.completion_entries;
  const auto refuse = [&](std::string reason, int error) {
    refusals.push_back({mechanism, std::move(reason), error});
  };
  const std::span<const SetupFlag> optional = optional_setup_flags();
  auto given_up = optional.begin();
  for (;;) {
    const int error = set_up_once(request, flags, entries, completions);
    if (error == 0) return 0;
    if (error == ENOMEM) {
      refuse(explain(error, entries, completions), error);
      const bool smaller = halve(completions, 2 * kFloorEntries);
      if (!halve(entries, kFloorEntries) && !smaller) return error;
      if (completions < 2 * entries) completions = 2 * entries;
      continue;
    }
    if (error == EINVAL && opens_on_any_cpu(request, flags, entries, completions)) {
      refuse("The kernel's thread that submits cannot be sent to CPU " +
                 std::to_string(request.sqpoll_cpu) +
                 ", which does not exist or is not in the cpuset of this process: it runs on any.",
             error);
      return 0;
    }
    // EINVAL is the answer to a flag from the future; to give them up one by one finds it.
    while (given_up != optional.end() && (flags & given_up->flag) == 0) ++given_up;
    if (error != EINVAL || given_up == optional.end()) {
      refuse(explain(error, entries, completions), error);
      return error;
    }
    refuse(std::string("set-up with ") + given_up->name + " (Linux " +
               in_words(given_up->since) + ") is refused; the ring is tried without it.",
           error);
    flags = without(flags, given_up->flag);
  }
}

/// EINVAL is also the answer to a CPU that the submitter may not run on: then all it takes is to
/// name none.
bool UringRing::opens_on_any_cpu(const RingRequest& request, std::uint32_t flags,
                                 std::uint32_t entries, std::uint32_t completions) noexcept {
  if ((flags & IORING_SETUP_SQ_AFF) == 0) return false;
  return set_up_once(request, flags & ~IORING_SETUP_SQ_AFF, entries, completions) == 0;
}

int UringRing::set_up_once(const RingRequest& request, std::uint32_t flags, std::uint32_t entries,
                           std::uint32_t completions) noexcept {
  if ((flags & request.withheld_setup_flags) != 0) return EINVAL;
  io_uring_params parameters{};
  parameters.flags = flags;
  parameters.cq_entries = completions;
  parameters.sq_thread_idle = request.sqpoll_idle_ms;
  if ((flags & IORING_SETUP_SQ_AFF) != 0) {
    parameters.sq_thread_cpu = static_cast<std::uint32_t>(request.sqpoll_cpu);
  }
  if ((flags & IORING_SETUP_ATTACH_WQ) != 0) {
    parameters.wq_fd = static_cast<std::uint32_t>(request.sqpoll_ring);
  }
  return -io_uring_queue_init_params(entries, &ring_, &parameters);
}

/// What the driver builds on: a wait with a time limit (EXT_ARG, 5.11), no lost completions
/// (NODROP, 5.5), operands that are copied at submission (SUBMIT_STABLE, 5.5), and a poll that
/// stays armed (5.13, told by RSRC_TAGS of the same release).
int UringRing::check_floor(const RingRequest& request, std::vector<Refusal>& refusals,
                           const char* mechanism) {
  constexpr unsigned floor =
      IORING_FEAT_EXT_ARG | IORING_FEAT_NODROP | IORING_FEAT_SUBMIT_STABLE | IORING_FEAT_RSRC_TAGS;
  const bool has_all = (ring_.features & floor) == floor;
  if (has_all && !is_younger(oldest_ring, request.as_kernel)) return 0;
  refusals.push_back({mechanism,
                      "This kernel's io_uring is too old: timed waits, kept completions and polls "
                      "that stay armed need Linux " +
                          in_words(oldest_ring) + '.',
                      EOPNOTSUPP});
  return EOPNOTSUPP;
}

/// A filter may allow the set-up and deny what must follow; then it says so here, and not to a
/// worker that has begun. A ring that is not enabled yet answers EBADFD to whoever enters.
int UringRing::check_entrances(std::vector<Refusal>& refusals, const char* mechanism) {
  const auto fd = static_cast<unsigned>(ring_.ring_fd);
  alignas(io_uring_probe) std::array<std::byte, sizeof(io_uring_probe)> no_room{};
  const char* entrance = "io_uring_register";
  int error = -io_uring_register(fd, IORING_REGISTER_PROBE, no_room.data(), 0);
  if (error <= 0) {
    entrance = "io_uring_enter";
    error = -io_uring_enter(fd, 0, 0, 0, nullptr);
    if (error == EBADFD) error = 0;
  }
  if (error <= 0) return 0;
  refusals.push_back({mechanism,
                      std::string(entrance) + " answers: " + std::strerror(error) +
                          ". io_uring_setup is allowed and this is not, as a seccomp filter may "
                          "have it; a profile that allows both changes that.",
                      error});
  return error;
}

/// An accept for every connection, the cancel by fd, rings of buffers and tables with gaps are of
/// the release that brought IORING_OP_SOCKET, which unlike them can be asked for.
void UringRing::probe_abilities(const RingRequest& request) {
  io_uring_probe* probe = io_uring_get_probe_ring(&ring_);
  if (probe == nullptr) return;  // Not told means not used: everything has a substitute.
  if (io_uring_opcode_supported(probe, IORING_OP_SOCKET) != 0) {
    abilities_ |= ring_accepts_multishot | ring_cancels_by_fd | ring_lends | ring_keeps_memory;
  }
  if (io_uring_opcode_supported(probe, IORING_OP_SEND_ZC) != 0) abilities_ |= ring_receives_ahead;
  if (io_uring_opcode_supported(probe, kOpPipe) != 0) abilities_ |= ring_shares_buffers;
  if (io_uring_opcode_supported(probe, kOpFtruncate) != 0) abilities_ |= ring_truncates;
  if (io_uring_opcode_supported(probe, kOpWaitid) != 0) abilities_ |= ring_waits_for_children;
  if (io_uring_opcode_supported(probe, kOpFutexWait) != 0) abilities_ |= ring_waits_for_words;
  if (io_uring_opcode_supported(probe, kOpInstall) != 0) abilities_ |= ring_installs;
  // Older than 6.7 by five releases, but what is told of each such send (6.2) cannot be asked for.
  const bool tells_copies = io_uring_opcode_supported(probe, kOpReadMultishot) != 0;
  if (tells_copies && io_uring_opcode_supported(probe, IORING_OP_SEND_ZC) != 0) {
    abilities_ |= ring_sends_in_place;
  }
  // The last of the five; the others are of this release or older.
  if (io_uring_opcode_supported(probe, IORING_OP_LINKAT) != 0) abilities_ |= ring_changes_paths;
  io_uring_free_probe(probe);
  if ((ring_.features & kFeatRwAttr) != 0) abilities_ |= ring_keeps_files;
  abilities_ |= ring_goes_by_index;  // Whoever asks for it is answered: `enable`.
  abilities_ &= ~request.withheld_abilities;
  if (!can(ring_lends)) abilities_ &= ~std::uint32_t{ring_receives_ahead};
}

/// What is done instead of what this kernel cannot.
void UringRing::tell_lacks(std::vector<Refusal>& refusals, const char* mechanism) const {
  for (const AgedAbility& each : aged_abilities()) {
    if (can(each.ability) || *each.instead == '\0') continue;
    refusals.push_back({mechanism,
                        std::string(each.name) + " came with Linux " + in_words(each.since) +
                            ": " + each.instead + '.',
                        EOPNOTSUPP});
  }
}

/// Without a limit the kernel starts as many threads for work that may block for ever as
/// RLIMIT_NPROC allows: hundreds.
void UringRing::limit_workers(const RingRequest& request, std::vector<Refusal>& refusals,
                              const char* mechanism) {
  int error = -EINVAL;
  if ((request.withheld_abilities & ring_limits_workers) == 0) {
    unsigned limits[2] = {request.bounded_workers, request.unbounded_workers};
    error = io_uring_register_iowq_max_workers(&ring_, limits);
  }
  if (error == 0) {
    abilities_ |= ring_limits_workers;
    return;
  }
  refusals.push_back({mechanism,
                      "The number of the kernel's worker threads cannot be limited (Linux 5.15): "
                      "there may be as many as RLIMIT_NPROC allows.",
                      -error});
}

/// Without it they run on every CPU, however the thread that submits is pinned. Here it is only
/// found out whether the kernel can place them, by an address that no mask can be read from: who
/// knows the request answers EFAULT. `place_workers` asks for the CPU itself. Those of a submitter
/// serve every ring of the runtime: there is no CPU where all of these are.
void UringRing::ask_for_cpu(const RingRequest& request, std::vector<Refusal>& refusals,
                            const char* mechanism) {
  if (request.cpu < 0 || has_submitter()) return;
  int error = -EINVAL;
  if ((request.withheld_abilities & ring_places_workers) == 0) {
    error = io_uring_register(static_cast<unsigned>(ring_.ring_fd), IORING_REGISTER_IOWQ_AFF,
                              reinterpret_cast<void*>(1), 1);
  }
  if (error == -EFAULT) {
    abilities_ |= ring_places_workers;
    worker_cpu_ = request.cpu;
    return;
  }
  refusals.push_back({mechanism,
                      "The kernel's worker threads cannot be sent to CPU " +
                          std::to_string(request.cpu) + " (Linux 5.14): they run on any.",
                      -error});
}

/// Of whoever waits in the ring; of the submitter, where there is one.
void UringRing::ask_for_busy_poll(const RingRequest& request, std::vector<Refusal>& refusals,
                                  const char* mechanism) {
  if (request.napi_busy_poll_us == 0) return;
  int error = -EINVAL;
  if ((request.withheld_abilities & ring_polls_network) == 0) {
    RingNapi napi{.busy_poll_us = request.napi_busy_poll_us};
    error = io_uring_register(static_cast<unsigned>(ring_.ring_fd), kRegisterNapi, &napi, 1);
  }
  if (error >= 0) {
    abilities_ |= ring_polls_network;
    return;
  }
  refusals.push_back({mechanism,
                      "Waits cannot poll the queues of network cards (Linux 6.9, built with "
                      "NET_RX_BUSY_POLL): they sleep at once.",
                      -error});
}

/// By one to itself. A ring that is not enabled yet answers EBADFD, where the kernel knows the
/// request.
void UringRing::ask_for_messages(const RingRequest& request, std::vector<Refusal>& refusals,
                                 const char* mechanism) {
  if (!request.message_wakes) return;
  int error = -EINVAL;
  if ((request.withheld_abilities & ring_takes_messages) == 0) {
    error = UringWake::send_message(ring_.ring_fd, uring_cancel);  // Nobody looks at those.
  }
  if (error == 0 || error == -EBADFD) {
    abilities_ |= ring_takes_messages;
    return;
  }
  refusals.push_back({mechanism,
                      "A ring takes no messages of other threads (Linux 6.13): an eventfd wakes "
                      "it.",
                      -error});
}

void UringRing::ask_for_min_wait(const RingRequest& request, std::vector<Refusal>& refusals,
                                 const char* mechanism) {
  if (request.min_wait_us == 0) return;
  const bool withheld = (request.withheld_abilities & ring_gathers) != 0;
  if (!withheld && (ring_.features & kFeatMinTimeout) != 0) {
    abilities_ |= ring_gathers;
    min_wait_us_ = request.min_wait_us;
    return;
  }
  refusals.push_back({mechanism,
                      "A wait cannot gather completions (Linux 6.12): it is over with the first.",
                      EOPNOTSUPP});
}

}  // namespace rota::inline v0

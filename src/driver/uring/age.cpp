#include "driver/uring/age.hpp"

#include "driver/uring/abi.hpp"

namespace rota::inline v0 {
namespace {

constexpr SetupFlag kSetupFlags[] = {
    {kSetupHybridIopoll, "IORING_SETUP_HYBRID_IOPOLL", {6, 13}},
    {IORING_SETUP_DEFER_TASKRUN, "IORING_SETUP_DEFER_TASKRUN", {6, 1}},
    {IORING_SETUP_SINGLE_ISSUER, "IORING_SETUP_SINGLE_ISSUER", {6, 0}},
    {IORING_SETUP_TASKRUN_FLAG, "IORING_SETUP_TASKRUN_FLAG", {5, 19}},
    {IORING_SETUP_COOP_TASKRUN, "IORING_SETUP_COOP_TASKRUN", {5, 19}},
    {IORING_SETUP_SUBMIT_ALL, "IORING_SETUP_SUBMIT_ALL", {5, 18}},
    {IORING_SETUP_ATTACH_WQ, "IORING_SETUP_ATTACH_WQ", {5, 6}},
};

constexpr AgedAbility kAbilities[] = {
    // By this part, of 6.16, a ring is known to tell of the parts of a buffer (6.12) in order.
    {ring_shares_buffers, {6, 16}, "IORING_OP_PIPE", "each message has a buffer"},
    // By this part, of 6.14, a ring is known to let go of a file when it is told to (6.13).
    {ring_keeps_files, {6, 14}, "IORING_FEAT_RW_ATTR",
     "each entry looks its file up, and a thread loads files"},
    {ring_takes_messages, {6, 13}, "IORING_REGISTER_SEND_MSG_RING", ""},
    {ring_gathers, {6, 12}, "IORING_FEAT_MIN_TIMEOUT", ""},
    {ring_polls_network, {6, 9}, "IORING_REGISTER_NAPI", ""},
    {ring_truncates, {6, 9}, "IORING_OP_FTRUNCATE", "a thread cuts files"},
    {ring_installs, {6, 8}, "IORING_OP_FIXED_FD_INSTALL", "every connection has a number"},
    {ring_waits_for_words, {6, 7}, "IORING_OP_FUTEX_WAIT", "a thread waits for words of memory"},
    {ring_waits_for_children, {6, 7}, "IORING_OP_WAITID", "a child's end is polled for"},
    // By this part, of 6.7, a ring is known to tell whether it has copied (6.2).
    {ring_sends_in_place, {6, 7}, "IORING_OP_READ_MULTISHOT", "bytes to send are copied"},
    // By this part, of 6.0, a ring is known to receive more than once.
    {ring_receives_ahead, {6, 0}, "IORING_OP_SEND_ZC", "each receive is asked for"},
    {ring_lends, {5, 19}, "IORING_REGISTER_PBUF_RING", "a receive waits for bytes, and then reads"},
    {ring_accepts_multishot, {5, 19}, "IORING_ACCEPT_MULTISHOT", "each connection has a request"},
    {ring_keeps_memory, {5, 19}, "IORING_RSRC_REGISTER_SPARSE", "each transfer pins its memory"},
    {ring_cancels_by_fd, {5, 19}, "IORING_ASYNC_CANCEL_FD", "a close cancels one by one"},
    {ring_goes_by_index, {5, 18}, "IORING_REGISTER_RING_FDS", "each entry looks the ring up"},
    {ring_changes_paths, {5, 15}, "IORING_OP_LINKAT", "a thread changes directories"},
    {ring_limits_workers, {5, 15}, "IORING_REGISTER_IOWQ_MAX_WORKERS", ""},
    {ring_places_workers, {5, 14}, "IORING_REGISTER_IOWQ_AFF", ""},
};

}  // namespace

std::span<const SetupFlag> optional_setup_flags() noexcept { return kSetupFlags; }

std::span<const AgedAbility> aged_abilities() noexcept { return kAbilities; }

RingRequest as_asked_of(RingRequest request) noexcept {
  for (const SetupFlag& each : kSetupFlags) {
    if (is_younger(each.since, request.as_kernel)) request.withheld_setup_flags |= each.flag;
  }
  for (const AgedAbility& each : kAbilities) {
    if (is_younger(each.since, request.as_kernel)) request.withheld_abilities |= each.ability;
  }
  return request;
}

std::string in_words(KernelRelease release) {
  return std::to_string(release.version) + '.' + std::to_string(release.patchlevel);
}

}  // namespace rota::inline v0

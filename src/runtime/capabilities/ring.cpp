#include "base/unique_fd.hpp"
#include "driver/uring/abi.hpp"
#include "driver/uring/wake.hpp"
#include "runtime/capabilities/groups.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace rota::inline v0 {
namespace {

/// Something that not every ring has.
struct RingPart {
  const char* name;
  unsigned number;
  const char* purpose;
};

/// By opcode.
constexpr RingPart kOpcodes[] = {
    {"send_zc", IORING_OP_SEND_ZC, "send without copying"},
    {"sendmsg_zc", IORING_OP_SENDMSG_ZC, "the same, gathered"},
    {"multishot read", kOpReadMultishot, "one request, every read"},
    {"waitid", kOpWaitid, "the end of a child process"},
    {"futex wait and wake", kOpFutexWait, "a futex as a completion"},
    {"fixed_fd_install", kOpInstall, "connections need no number (accept_direct)"},
    {"ftruncate", kOpFtruncate, "truncate without a thread"},
    {"bind and listen", kOpBind, "sockets without numbers"},
    {"recv_zc", kOpReceiveInPlace, "receive without copying"},
    {"epoll_wait", kOpEpollWait, "an epoll as a completion"},
    {"pipe", kOpPipe, "a pipe without numbers"},
};

/// By flag of `features`.
constexpr RingPart kFeatures[] = {
    {"NODROP", IORING_FEAT_NODROP, "no completion is lost when the queue is full"},
    {"SUBMIT_STABLE", IORING_FEAT_SUBMIT_STABLE, "operands are copied at submission"},
    {"FAST_POLL", IORING_FEAT_FAST_POLL, "sockets wait without a thread"},
    {"EXT_ARG", IORING_FEAT_EXT_ARG, "a wait with a time limit"},
    {"RSRC_TAGS", IORING_FEAT_RSRC_TAGS, "polls stay armed; resources are updated in place"},
    {"CQE_SKIP", IORING_FEAT_CQE_SKIP, "a success may stay silent"},
    {"REG_REG_RING", kFeatRingByIndex, "a ring known by index, without its number"},
    {"RECVSEND_BUNDLE", kFeatBundle, "several provided buffers in one completion"},
    {"MIN_TIMEOUT", kFeatMinTimeout, "waits that gather completions (min_wait_us)"},
    {"RW_ATTR", kFeatRwAttr,
     "files used often have a place in a table, which lets go of them at once"},
};

/// By flags of io_uring_setup.
constexpr RingPart kSetups[] = {
    {"SINGLE_ISSUER + DEFER_TASKRUN", IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
     "the pinned profile"},
    {"COOP_TASKRUN", IORING_SETUP_COOP_TASKRUN, "the movable profile"},
    {"SQPOLL", IORING_SETUP_SQPOLL, "the sqpoll profile"},
    {"NO_SQARRAY", kSetupNoSqArray, "one indirection less"},
};

/// By flags of a buffer ring.
constexpr RingPart kBufferRings[] = {
    {"buffer rings", 0, "the kernel picks a buffer when data is there"},
    {"incremental buffers", kBufferRingInParts, "one large buffer, consumed in pieces"},
};

constexpr RingPart kNapi[] = {
    {"NAPI busy poll", 0, "waits may poll network cards (napi_busy_poll_us)"}};

constexpr RingPart kMessages[] = {
    {"messages", 0, "a worker may be woken without an eventfd (message_wakes)"}};

constexpr RingPart kMemory[] = {{"registered memory", 64, "RegisteredMemory is pinned once"}};

UniqueFd set_up(unsigned flags, io_uring_params& parameters) {
  parameters = {};
  parameters.flags = flags;
  constexpr unsigned entries = 4;
  return UniqueFd(static_cast<int>(::syscall(SYS_io_uring_setup, entries, &parameters)));
}

/// What stands against using something: what `call` answered. Empty when that was success.
std::string objection_of(const char* call, int error) {
  return error == 0 ? std::string() : answer_of(call, error);
}

/// Lists each part with its purpose, or with the objection to it.
template <class Objection>
void list_parts(CapabilityList& list, std::span<const RingPart> parts, Objection objection_to) {
  for (const RingPart& part : parts) {
    std::string objection = objection_to(part.number);
    if (objection.empty()) {
      list.yes(part.name, part.purpose);
    } else {
      list.no(part.name, std::move(objection));
    }
  }
}

std::string object_to_setup(unsigned flags) {
  io_uring_params tried{};
  return objection_of("io_uring_setup", set_up(flags, tried).valid() ? 0 : errno);
}

int register_with(const UniqueFd& ring, unsigned what, void* argument, unsigned count) {
  const long answer = ::syscall(SYS_io_uring_register, ring.number(), what, argument, count);
  return answer < 0 ? errno : 0;
}

/// Asked for none, the kernel tells its limits and keeps them.
void list_worker_limits(CapabilityList& list, const UniqueFd& ring) {
  constexpr const char* name = "limits of worker threads";
  unsigned limits[2] = {0, 0};
  const int error = register_with(ring, IORING_REGISTER_IOWQ_MAX_WORKERS, limits, 2);
  if (error != 0) {
    list.no(name, answer_of("IORING_REGISTER_IOWQ_MAX_WORKERS", error));
    return;
  }
  list.yes(name, "without them up to " + std::to_string(limits[0]) + " for files and " +
                     std::to_string(limits[1]) + " for what may block");
}

void list_opcodes(CapabilityList& list, const UniqueFd& ring) {
  constexpr unsigned room = 256;  // as many as the kernel's interface can name
  alignas(io_uring_probe) std::array<std::byte, sizeof(io_uring_probe) +
                                                    room * sizeof(io_uring_probe_op)> memory{};
  auto* probe = reinterpret_cast<io_uring_probe*>(memory.data());
  if (const int error = register_with(ring, IORING_REGISTER_PROBE, probe, room); error != 0) {
    list.no("opcodes", answer_of("IORING_REGISTER_PROBE", error));
    return;
  }
  const std::span operations(reinterpret_cast<const io_uring_probe_op*>(probe + 1),
                             probe->ops_len);
  const auto is_supported = [](const io_uring_probe_op& operation) {
    return (operation.flags & IO_URING_OP_SUPPORTED) != 0;
  };
  list.fact("opcodes", std::to_string(std::ranges::count_if(operations, is_supported)));
  list_parts(list, kOpcodes, [&](unsigned number) {
    if (number < operations.size() && is_supported(operations[number])) return std::string();
    return "this kernel does not list opcode " + std::to_string(number);
  });
}

std::string object_to_buffer_ring(const UniqueFd& ring, unsigned flags) {
  constexpr std::size_t bytes = 4096;
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return answer_of("mmap", errno);
  constexpr std::uint32_t entries = 8;
  const auto bits = static_cast<std::uint16_t>(flags);
  const std::uint16_t group = bits;  // Any number, as long as the two kinds do not share it.
  RingOfBuffers request{std::bit_cast<std::uint64_t>(memory), entries, group, bits};
  const int error = register_with(ring, IORING_REGISTER_PBUF_RING, &request, 1);
  // The kernel keeps its own hold of the pages until the ring is closed.
  ::munmap(memory, bytes);
  return objection_of("IORING_REGISTER_PBUF_RING", error);
}

std::string object_to_napi(const UniqueFd& ring) {
  RingNapi napi{};
  return objection_of("IORING_REGISTER_NAPI", register_with(ring, kRegisterNapi, &napi, 1));
}

/// One to the ring itself.
std::string object_to_messages(const UniqueFd& ring) {
  const int answer = UringWake::send_message(ring.number(), uring_wake);
  return objection_of("IORING_REGISTER_SEND_MSG_RING", -answer);
}

/// So many places for memory.
std::string object_to_memory(const UniqueFd& ring, unsigned places) {
  io_uring_rsrc_register wanted{};
  wanted.nr = places;
  wanted.flags = IORING_RSRC_REGISTER_SPARSE;
  const int error = register_with(ring, IORING_REGISTER_BUFFERS2, &wanted, sizeof wanted);
  return objection_of("IORING_RSRC_REGISTER_SPARSE", error);
}

}  // namespace

void probe_ring(CapabilityList& list) {
  list.begin_group("io_uring");
  io_uring_params parameters{};
  const UniqueFd ring = set_up(0, parameters);
  if (!ring.valid()) {
    list.no("io_uring_setup", answer_of("io_uring_setup", errno));
    return;
  }
  list.yes("io_uring_setup", "a ring of " + std::to_string(parameters.sq_entries) + " entries");
  list_parts(list, kSetups, object_to_setup);
  list_parts(list, kFeatures, [&](unsigned flag) {
    if ((parameters.features & flag) != 0) return std::string();
    return std::string("not among the features that io_uring_setup reports");
  });
  list_parts(list, kBufferRings,
             [&](unsigned flags) { return object_to_buffer_ring(ring, flags); });
  list_parts(list, kNapi, [&](unsigned) { return object_to_napi(ring); });
  list_parts(list, kMessages, [&](unsigned) { return object_to_messages(ring); });
  list_parts(list, kMemory, [&](unsigned places) { return object_to_memory(ring, places); });
  list_worker_limits(list, ring);
  list_multishot_accept(list);
  list_opcodes(list, ring);
}

}  // namespace rota::inline v0

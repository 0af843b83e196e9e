#include "capability_groups.hpp"
#include "base/unique_fd.hpp"

#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace rota::inline v0 {
namespace {

/// Numbers of the kernel's ABI, some newer than the headers of Debian 12; they never change.
struct RingOpcode {
  const char* name;
  unsigned number;
  const char* purpose;
};
constexpr RingOpcode kOpcodes[] = {
    {"send_zc", 47, "send without copying"},
    {"sendmsg_zc", 48, "the same, gathered"},
    {"multishot read", 49, "one request, every read"},
    {"waitid", 50, "the end of a child process"},
    {"futex wait and wake", 51, "a futex as a completion"},
    {"fixed_fd_install", 54, "a direct descriptor becomes a number"},
    {"ftruncate", 55, "truncate without a thread"},
    {"bind and listen", 56, "sockets without numbers"},
    {"recv_zc", 58, "receive without copying"},
    {"epoll_wait", 59, "an epoll as a completion"},
    {"pipe", 62, "a pipe without numbers"},
};

struct RingFeature {
  const char* name;
  unsigned bit;
  const char* purpose;
};
constexpr RingFeature kFeatures[] = {
    {"NODROP", 1, "no completion is lost when the queue is full"},
    {"SUBMIT_STABLE", 2, "operands are copied at submission"},
    {"FAST_POLL", 5, "sockets wait without a thread"},
    {"EXT_ARG", 8, "a wait with a time limit"},
    {"RSRC_TAGS", 10, "polls stay armed; resources are updated in place"},
    {"CQE_SKIP", 11, "a success may stay silent"},
    {"REG_REG_RING", 13, "a ring known by index, without its number"},
    {"RECVSEND_BUNDLE", 14, "several provided buffers in one completion"},
    {"MIN_TIMEOUT", 15, "wait a little for more than one completion"},
};

struct SetupFlag {
  const char* name;
  unsigned flags;
  const char* purpose;
};
constexpr unsigned kSqpoll = 1U << 1;
constexpr unsigned kCoop = 1U << 8;
constexpr unsigned kSingleIssuer = 1U << 12;
constexpr unsigned kDefer = 1U << 13;
constexpr unsigned kNoSqArray = 1U << 16;
constexpr SetupFlag kSetups[] = {
    {"SINGLE_ISSUER + DEFER_TASKRUN", kSingleIssuer | kDefer, "the pinned profile"},
    {"COOP_TASKRUN", kCoop, "the movable profile"},
    {"SQPOLL", kSqpoll, "a kernel thread submits"},
    {"NO_SQARRAY", kNoSqArray, "one indirection less"},
};

constexpr unsigned kRegisterProbe = 8;
constexpr unsigned kRegisterBufferRing = 22;
constexpr unsigned kRegisterNapi = 27;
constexpr unsigned kIncrementalBuffers = 2;  // IOU_PBUF_RING_INC

UniqueFd set_up(unsigned flags, io_uring_params& parameters) {
  parameters = {};
  parameters.flags = flags;
  constexpr unsigned entries = 4;
  return UniqueFd(static_cast<int>(::syscall(SYS_io_uring_setup, entries, &parameters)));
}

int register_with(const UniqueFd& ring, unsigned what, void* argument, unsigned count) {
  const long answer = ::syscall(SYS_io_uring_register, ring.number(), what, argument, count);
  return answer < 0 ? errno : 0;
}

void list_opcodes(CapabilityList& list, const UniqueFd& ring) {
  constexpr unsigned room = 256;  // as many as the kernel's interface can name
  alignas(io_uring_probe) std::array<std::byte, sizeof(io_uring_probe) +
                                                    room * sizeof(io_uring_probe_op)> memory{};
  auto* probe = reinterpret_cast<io_uring_probe*>(memory.data());
  if (const int error = register_with(ring, kRegisterProbe, probe, room); error != 0) {
    list.no("opcodes", answer_of("IORING_REGISTER_PROBE", error));
    return;
  }
  const auto* operations = reinterpret_cast<const io_uring_probe_op*>(probe + 1);
  unsigned supported = 0;
  for (unsigned i = 0; i < probe->ops_len; ++i) {
    if ((operations[i].flags & IO_URING_OP_SUPPORTED) != 0) ++supported;
  }
  list.fact("opcodes", std::to_string(supported));
  for (const RingOpcode& opcode : kOpcodes) {
    const bool known = opcode.number < probe->ops_len &&
                       (operations[opcode.number].flags & IO_URING_OP_SUPPORTED) != 0;
    if (known) {
      list.yes(opcode.name, opcode.purpose);
    } else {
      list.no(opcode.name, "this kernel does not list opcode " + std::to_string(opcode.number));
    }
  }
}

/// What IORING_REGISTER_PBUF_RING reads; the flags are younger than the headers of Debian 12.
struct BufferRing {
  std::uint64_t address;
  std::uint32_t entries;
  std::uint16_t group;
  std::uint16_t flags;
  std::uint64_t reserved[3];
};

void list_buffer_ring(CapabilityList& list, const UniqueFd& ring, const char* name,
                      std::uint16_t flags, const char* purpose) {
  constexpr std::size_t bytes = 4096;
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return list.no(name, answer_of("mmap", errno));
  constexpr std::uint32_t entries = 8;
  const std::uint16_t group = flags;  // Any number, as long as the two kinds do not share it.
  BufferRing request{std::bit_cast<std::uint64_t>(memory), entries, group, flags, {}};
  const int error = register_with(ring, kRegisterBufferRing, &request, 1);
  if (error == 0) {
    list.yes(name, purpose);
  } else {
    list.no(name, answer_of("IORING_REGISTER_PBUF_RING", error));
  }
  // The kernel keeps its own hold of the pages until the ring is closed.
  ::munmap(memory, bytes);
}

void list_napi(CapabilityList& list, const UniqueFd& ring) {
  struct Napi {
    std::uint32_t busy_poll_us;
    std::uint8_t prefer;
    std::uint8_t padding[3];
    std::uint64_t reserved;
  } napi{};
  const int error = register_with(ring, kRegisterNapi, &napi, 1);
  if (error == 0) {
    list.yes("NAPI busy poll", "waits may poll the network card's queue");
  } else {
    list.no("NAPI busy poll", answer_of("IORING_REGISTER_NAPI", error));
  }
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
  for (const SetupFlag& setup : kSetups) {
    io_uring_params tried{};
    if (set_up(setup.flags, tried).valid()) {
      list.yes(setup.name, setup.purpose);
    } else {
      list.no(setup.name, answer_of("io_uring_setup", errno));
    }
  }
  for (const RingFeature& feature : kFeatures) {
    if ((parameters.features & (1U << feature.bit)) != 0) {
      list.yes(feature.name, feature.purpose);
    } else {
      list.no(feature.name, "not among the features that io_uring_setup reports");
    }
  }
  list_buffer_ring(list, ring, "buffer rings", 0, "the kernel picks a buffer when data is there");
  list_buffer_ring(list, ring, "incremental buffers", kIncrementalBuffers,
                   "one large buffer, consumed in pieces");
  list_napi(list, ring);
  list_multishot_accept(list);
  list_opcodes(list, ring);
}

}  // namespace rota::inline v0

#pragma once

#include <rota/core/leaf.hpp>
#include <rota/core/list.hpp>
#include <rota/core/op_code.hpp>

#include <cstddef>
#include <cstdint>

struct iovec;
struct mmsghdr;
struct msghdr;
struct statx;

namespace rota::inline v0 {

struct CancelNode;
struct Descriptor;
struct LentBuffer;
class Lender;

/// How urgent a read or write of a file is for whoever schedules the device. A wish: engines carry
/// it as far as the kernel, and a device without an I/O scheduler serves all alike (`rota doctor`
/// says which has one). POSIX aio puts its own requests in order by it, and tells nobody else.
enum class IoPriority : std::uint8_t {
  normal,  ///< that of the process: ionice(1), or what follows from its nice value
  high,    ///< before those that are normal
  low,     ///< after them
  idle,    ///< when nobody else wants the device
};

/// Where an operation stands. Written by the worker that owns it.
enum class OpState : std::uint8_t {
  idle,       ///< with the caller: not started, or complete
  posted,     ///< with the worker, for the next turn of its driver
  queued,     ///< in a lane of its Descriptor, behind or waiting for readiness
  in_flight,  ///< with the kernel or a file engine
};

/// One request, and when it is complete its own completion. Lives in the frame of whoever waits
/// and belongs to the driver from `submit` until it comes back through `done`. Operands are in
/// the derived structs.
struct Operation : Leaf {
  Operation* next = nullptr;
  Operation* prev = nullptr;
  Descriptor* descriptor = nullptr;
  CancelNode* forwarded = nullptr;  ///< set when another worker's driver has it: how the task's
                                    ///< home asks that worker to cancel it
  OpCode code = OpCode::poll;
  std::uint8_t flags = 0;  ///< OpFlags
  OpState state = OpState::idle;
  bool stopping = false;           ///< cancel was asked for; no further attempt is started
  std::int32_t result = 0;         ///< count, events or fd; a negative errno on failure
  std::uint16_t result_flags = 0;  ///< what the mechanism adds: result_is_place
  std::uint8_t engine_bits = 0;    ///< the file engine's own, under whatever guards its queue
  IoPriority priority = IoPriority::normal;
  std::uint32_t driver_bits = 0;   ///< the driver's own; nothing else reads it

  explicit Operation(OpCode what) noexcept : code(what) {}
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;
};
static_assert(sizeof(Operation) <= 64);

using OpList = LinkedList<Operation>;

/// Operation::result_flags of an accept: the result is a place in its driver's table of files. It
/// is whoever's that gets it, who makes a Descriptor of it and closes that.
inline constexpr std::uint16_t result_is_place = 1;

/// Bytes between memory and a stream or a file. `moved` grows with each attempt.
struct Transfer : Operation {
  std::byte* data;
  std::size_t bytes;
  std::uint64_t offset;
  std::size_t moved = 0;

  Transfer(OpCode what, std::byte* memory, std::size_t length, std::uint64_t at = 0,
           IoPriority urgency = IoPriority::normal) noexcept
      : Operation(what), data(memory), bytes(length), offset(at) {
    priority = urgency;
  }
};

/// A read into a buffer that is lent when there is something to read: what waits holds none. Who
/// gives it to a driver says whose buffers those are.
struct Receive : Transfer {
  Lender* lender = nullptr;
  LentBuffer* buffer = nullptr;  ///< the loan, once bytes are in it

  Receive() noexcept : Transfer(OpCode::read, nullptr, 0) { flags = op_lends; }
};

struct VectorTransfer : Operation {
  iovec* parts;
  std::uint32_t count;
  std::uint64_t offset;

  VectorTransfer(OpCode what, iovec* list, std::uint32_t length, std::uint64_t at = 0,
                 IoPriority urgency = IoPriority::normal) noexcept
      : Operation(what), parts(list), count(length), offset(at) {
    priority = urgency;
  }
};

struct Poll : Operation {
  std::uint32_t events;  ///< POLLIN, POLLOUT, POLLPRI, POLLRDHUP; errors and hang-ups always count

  explicit Poll(std::uint32_t wanted) noexcept : Operation(OpCode::poll), events(wanted) {}
};

/// Of a pidfd. What it has taken, nobody else can take.
struct ChildWait : Operation {
  void* status;  ///< a siginfo_t, as waitid(2) fills it

  explicit ChildWait(void* into) noexcept : Operation(OpCode::wait_child), status(into) {}
};

struct Connect : Operation {
  const void* address;  ///< a sockaddr that outlives the operation
  std::uint32_t address_bytes;
  bool started = false;

  Connect(const void* to, std::uint32_t length) noexcept
      : Operation(OpCode::connect), address(to), address_bytes(length) {}
};

/// As shutdown(2).
struct ShutDown : Operation {
  int how;  ///< SHUT_RD, SHUT_WR or SHUT_RDWR

  explicit ShutDown(int half) noexcept : Operation(OpCode::shut_down), how(half) {}
};

/// What sendmsg(2) and recvmsg(2) take. Everything that `header` points to outlives the operation;
/// what a receive learns beside the count (lengths, flags) is in it afterwards. What does not fit
/// into memory is gone: MSG_TRUNC and MSG_CTRUNC say so.
struct Message : Operation {
  msghdr* header;
  int message_flags;  ///< MSG_CMSG_CLOEXEC and the like

  Message(OpCode what, msghdr* parts, int how) noexcept
      : Operation(what), header(parts), message_flags(how) {}
};

/// What sendmmsg(2) and recvmmsg(2) take: at least one message moves, and only the first can fail.
struct MessageBatch : Operation {
  mmsghdr* messages;
  std::uint32_t count;
  int message_flags;

  MessageBatch(OpCode what, mmsghdr* list, std::uint32_t length, int how) noexcept
      : Operation(what), messages(list), count(length), message_flags(how) {}
};

/// Bytes between the Descriptor and a pipe, through no memory of this process. The pipe is the
/// caller's alone: it is empty before a splice into it, and has so many bytes before one out of it,
/// so that only the Descriptor is waited for. Whoever starts one has seen to it that SIGPIPE is
/// ignored.
struct Splice : Operation {
  int pipe;
  std::uint32_t bytes;
  std::int64_t offset;  ///< in a file; -1 is the position that its open file has, and a stream's

  Splice(OpCode what, int end, std::uint32_t most, std::int64_t at = -1) noexcept
      : Operation(what), pipe(end), bytes(most), offset(at) {}
};

/// As copy_file_range(2), from the Descriptor's file. What is copied may be less, and nothing of it
/// goes through memory of this process.
struct CopyRange : Operation {
  int target;  ///< another file's number, open until the operation is complete
  std::uint64_t offset;
  std::uint64_t target_offset;
  std::uint32_t bytes;

  CopyRange(int to, std::uint64_t at, std::uint64_t to_offset, std::uint32_t most) noexcept
      : Operation(OpCode::copy_range),
        target(to),
        offset(at),
        target_offset(to_offset),
        bytes(most) {}
};

// What names a file by a path has the Descriptor of the folder from which the path starts, or none
// and starts at the process's directory. Paths outlive the operation. `resolve` is a set of
// RESOLVE_* of openat2(2): 0 follows whatever the path says.

/// What openat2(2) takes, in its layout. `mode` is 0 unless the flags make a file.
struct OpenHow {
  std::uint64_t flags;
  std::uint64_t mode;
  std::uint64_t resolve;
};

struct Open : Operation {
  const char* path;
  OpenHow how;

  Open(const char* name, std::uint64_t open_flags, std::uint32_t permissions,
       std::uint64_t resolve = 0) noexcept
      : Operation(OpCode::open), path(name), how{open_flags, permissions, resolve} {}
};

/// What openat2(2), read(2) and close(2) do for a file that is read once and has no other use.
struct Load : Operation {
  const char* path;
  OpenHow how;  ///< for reading; who makes a number of it adds O_CLOEXEC
  std::byte* data;
  std::size_t bytes;
  std::int32_t opened = 0;  ///< the driver's own: what came of the open, where that tells by itself

  Load(const char* name, std::byte* memory, std::size_t length, std::uint64_t resolve = 0,
       IoPriority urgency = IoPriority::normal) noexcept
      : Operation(OpCode::load), path(name), how{0, 0, resolve}, data(memory), bytes(length) {
    priority = urgency;
  }
};

/// As statx(2). An empty path is the Descriptor itself.
struct Stat : Operation {
  struct statx* into;
  const char* path;
  std::uint64_t resolve;
  std::uint32_t mask = 0;  ///< beside the basic ones and the time of birth
  bool follows = true;     ///< a symbolic link that the path names

  explicit Stat(struct statx* result_buffer, const char* name = "",
                std::uint64_t within = 0) noexcept
      : Operation(OpCode::stat), into(result_buffer), path(name), resolve(within) {}
};

/// What is done with what a path names.
enum class PathAction : std::uint8_t {
  make_directory,    ///< `number`: permissions
  remove,            ///< a name that is no directory's
  remove_directory,  ///< an empty one
  rename,            ///< to `other`; `number`: flags of renameat2(2)
  link,              ///< as `other` too; an empty path is the file of the Descriptor
  symlink,           ///< the path is made; `other` is what it says
  read_link,         ///< into `memory`, `number` bytes at most; the result is their count
  change_mode,       ///< `number`; an empty path is the file of the Descriptor, here and below
  change_owner,      ///< `number`: the owner, and above its 32 bits the group
  change_times,      ///< `memory`: two timespecs, as utimensat(2) takes them
  watch,             ///< the Descriptor is an inotify's, `number` is the mask; the result is the
                     ///< number of the watch
};

struct PathChange : Operation {
  PathAction action;
  bool follows = true;    ///< change_*: a symbolic link that the path names
  int other_folder = -1;  ///< where `other` starts; open until the operation is complete
  const char* path;
  const char* other = "";
  void* memory = nullptr;
  std::uint64_t number = 0;
  std::uint64_t resolve = 0;
  std::uint64_t other_resolve = 0;

  PathChange(PathAction what, const char* name) noexcept
      : Operation(OpCode::change_path), action(what), path(name) {}
};

/// Somebody else has a part of what was to be locked: an answer, and no error.
inline constexpr std::int32_t kLockTaken = 1;

/// A part of a file; 0 bytes is all from the offset on, where the call knows that.
struct FileRange : Operation {
  int how;
  std::uint64_t offset;
  std::uint64_t bytes;

  FileRange(OpCode what, int kind, std::uint64_t at, std::uint64_t length) noexcept
      : Operation(what), how(kind), offset(at), bytes(length) {}
};

/// Whole pages.
struct MemoryRange : Operation {
  int how;
  void* address;
  std::size_t bytes;

  MemoryRange(int kind, void* begin, std::size_t length) noexcept
      : Operation(OpCode::advise_memory), how(kind), address(begin), bytes(length) {
    flags = op_by_path;
  }
};

/// As FUTEX_WAIT of futex(2) takes it, between processes; it may end for nothing.
struct FutexWait : Operation {
  const void* word;  ///< of 4 bytes, where their alignment is 4 too; mapped until it ends
  std::uint32_t expected;

  FutexWait(const void* at, std::uint32_t value) noexcept
      : Operation(OpCode::futex_wait), word(at), expected(value) {
    flags = op_by_path;
  }
};

struct Truncate : Operation {
  std::uint64_t bytes;

  explicit Truncate(std::uint64_t length) noexcept : Operation(OpCode::truncate), bytes(length) {}
};

}  // namespace rota::inline v0

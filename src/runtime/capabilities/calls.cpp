#include "runtime/capabilities/groups.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <iterator>

namespace rota::inline v0 {
namespace {

/// A system call that a sandbox may deny and that only some programs need. It is made with operands
/// that it refuses by themselves, so that it does nothing; its answer tells whether it is there.
struct OptionalCall {
  const char* name;
  const char* without;  ///< what becomes of programs
  long number;
  long operands[4];
};

constexpr long kNoFd = -1;
constexpr long kNoFlags = -1;
constexpr long kNobody = -1;

/// The rows of docs/concepts/sandboxes.md that no other group has.
constexpr OptionalCall kCalls[] = {
    {"accept4", "no connection comes in but on a ring", SYS_accept4, {kNoFd}},
    {"close_range", "children inherit what is not marked", SYS_close_range, {1, 0}},
    {"copy_file_range", "copies take splice", SYS_copy_file_range, {kNoFd, 0, kNoFd, 0}},
    {"epoll_pwait2", "waits of epoll are rounded up to ms", SYS_epoll_pwait2, {kNoFd, 0, 0}},
    {"fadvise64", "no advice on files but on a ring", SYS_fadvise64, {kNoFd}},
    {"fallocate", "no room in files but on a ring", SYS_fallocate, {kNoFd}},
    {"futex_waitv", "no waits for words of memory but on a ring of 6.7", SYS_futex_waitv, {0, 0}},
    {"inotify_init1", "no FileWatch", SYS_inotify_init1, {kNoFlags}},
    {"ioprio_set", "threads do all I/O with one priority", SYS_ioprio_set, {kNobody}},
    {"openat2", "no confined path", SYS_openat2, {kNoFd, 0, 0, 0}},
    {"pidfd_send_signal", "no signal to a child process", SYS_pidfd_send_signal, {kNoFd}},
    {"preadv2", "threads read files but on a ring", SYS_preadv2, {kNoFd}},
    {"pwritev2", "threads write files but on a ring", SYS_pwritev2, {kNoFd}},
    {"recvmmsg", "no datagrams in batches", SYS_recvmmsg, {kNoFd}},
    {"renameat2", "no rename that must not replace", SYS_renameat2, {kNoFd, 0, kNoFd, 0}},
    {"sendmmsg", "no datagrams in batches", SYS_sendmmsg, {kNoFd}},
    {"splice", "copies read and write but on a ring", SYS_splice, {kNoFd, 0, kNoFd}},
    {"statx", "files do not tell when they were born but on a ring", SYS_statx, {kNoFd}},
    {"timerfd_create", "no alarm by the wall clock", SYS_timerfd_create, {kNoFlags, kNoFlags}},
};

bool means_denied(int error) noexcept { return error == EPERM || error == ENOSYS; }

}  // namespace

void probe_calls(CapabilityList& list) {
  list.begin_group("system calls");
  std::size_t denied = 0;
  for (const OptionalCall& call : kCalls) {
    const long answer = ::syscall(call.number, call.operands[0], call.operands[1],
                                  call.operands[2], call.operands[3], 0L, 0L);
    if (answer >= 0 || !means_denied(errno)) continue;
    list.no(call.name, answer_of(call.name, errno) + ": " + call.without);
    denied += 1;
  }
  const std::size_t there = std::size(kCalls) - denied;
  list.fact("optional ones", std::to_string(there) + " of " + std::to_string(std::size(kCalls)) +
                                 " may be made");
}

}  // namespace rota::inline v0

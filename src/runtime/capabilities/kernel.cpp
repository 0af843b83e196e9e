#include "base/first_line.hpp"
#include "base/unique_fd.hpp"
#include "runtime/capabilities/groups.hpp"

#include <fcntl.h>
#include <linux/membarrier.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>

namespace rota::inline v0 {
namespace {

int open_perf_event(std::uint32_t type, std::uint64_t event) {
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.type = type;
  attributes.config = event;
  attributes.disabled = 1;
  attributes.exclude_kernel = 1;
  attributes.exclude_hv = 1;
  return static_cast<int>(::syscall(SYS_perf_event_open, &attributes, 0, -1, -1,
                                    PERF_FLAG_FD_CLOEXEC));
}

void list_perf_events(CapabilityList& list) {
  const std::string paranoid = first_line_of("/proc/sys/kernel/perf_event_paranoid");
  const std::string level = paranoid.empty() ? "" : "; perf_event_paranoid " + paranoid;
  const UniqueFd software(open_perf_event(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_DUMMY));
  if (software.valid()) {
    list.yes("perf software events", "counters of this process" + level);
  } else {
    list.no("perf software events", answer_of("perf_event_open", errno) + level);
  }
  const UniqueFd hardware(open_perf_event(PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS));
  if (hardware.valid()) {
    list.yes("perf hardware events", "instructions and cycles");
  } else {
    list.no("perf hardware events", answer_of("perf_event_open", errno));
  }
  const std::string id = first_line_of("/sys/kernel/tracing/events/raw_syscalls/sys_enter/id");
  if (id.empty()) {
    list.no("raw_syscalls tracepoint", "tracefs is not mounted or may not be read");
  } else {
    list.yes("raw_syscalls tracepoint", "system calls of a process can be counted");
  }
}

void list_membarrier(CapabilityList& list) {
  const long commands = ::syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
  if (commands < 0) {
    list.no("membarrier expedited", answer_of("membarrier", errno));
  } else if ((commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0) {
    list.no("membarrier expedited", "not among the commands that the kernel lists");
  } else {
    list.yes("membarrier expedited", "a stuck worker can be taken over");
  }
}

void list_userfaultfd(CapabilityList& list) {
  const UniqueFd fd(static_cast<int>(
      ::syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY)));
  if (fd.valid()) {
    list.yes("userfaultfd", "page faults of user mode can be programmed");
  } else {
    list.no("userfaultfd", answer_of("userfaultfd", errno));
  }
}

void list_pressure(CapabilityList& list) {
  const std::string memory = first_line_of("/proc/pressure/memory");
  if (memory.empty()) {
    list.no("pressure stall information", "/proc/pressure/memory cannot be read");
  } else {
    list.yes("pressure stall information", "memory: " + memory);
  }
}

}  // namespace

void probe_kernel(CapabilityList& list) {
  list.begin_group("kernel");
  utsname names{};
  ::uname(&names);
  list.fact("release", std::string(names.sysname) + ' ' + names.release + ' ' + names.machine);
  const std::string disabled = first_line_of("/proc/sys/kernel/io_uring_disabled");
  if (disabled.empty()) {
    list.fact("kernel.io_uring_disabled", "not known to this kernel: io_uring is not restricted");
  } else if (disabled == "0") {
    list.fact("kernel.io_uring_disabled", "0: open to everybody");
  } else {
    list.fact("kernel.io_uring_disabled",
              disabled == "1" ? "1: only kernel.io_uring_group and CAP_SYS_ADMIN"
                              : disabled + ": closed to everybody");
  }
  list_perf_events(list);
  list_membarrier(list);
  list_userfaultfd(list);
  list_pressure(list);
}

}  // namespace rota::inline v0

#include "runtime/capabilities/groups.hpp"

#include "base/first_line.hpp"
#include "base/unique_fd.hpp"
#include "driver/aio_context.hpp"
#include "driver/choose.hpp"
#include "driver/files/uring_polled_files.hpp"

#include <fcntl.h>
#include <sys/uio.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

namespace rota::inline v0 {
namespace {

void list_pool(CapabilityList& list) {
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
}

void list_linux_aio(CapabilityList& list) {
  AioContext context;
  if (const int error = context.set_up(1); error != 0) {
    list.no("linux_aio", context.refusal(error).reason + ' ' + errno_text(error));
    return;
  }
  list.yes("linux_aio",
           "direct reads, direct writes that do not make a file longer, and syncs; buffered I/O "
           "would block in io_submit and goes to the pool; fs.aio-nr " +
               first_line_of("/proc/sys/fs/aio-nr") + " of fs.aio-max-nr " +
               first_line_of("/proc/sys/fs/aio-max-nr"));
}

void list_posix_aio(CapabilityList& list) {
  list.yes("posix_aio",
           "threads of the C library; glibc: 20 for the whole process, one request of a file at a "
           "time. For comparison: the blocking pool is faster");
}

void list_ring(CapabilityList& list) {
  DriverConfig ring;
  ring.kind = DriverKind::io_uring;
  std::vector<Refusal> refusals;
  const auto chosen = choose_driver(ring, &refusals);
  if (chosen) {
    list.yes("io_uring",
             "reads and writes through the ring of the io_uring driver, or through one of their "
             "own beside a driver that waits for readiness");
  } else {
    list.no("io_uring", joined(refusals, chosen.error()));
  }
  if (std::string lack = no_polled_device(); lack.empty()) {
    list.yes("io_uring polled", "direct transfers without interrupts (device_polling)");
  } else {
    list.no("io_uring polled", std::move(lack));
  }
}

/// The schedulers that know priorities; the one in use stands in brackets.
bool honours_priority(const std::string& schedulers) {
  return schedulers.find("[mq-deadline]") != std::string::npos ||
         schedulers.find("[bfq]") != std::string::npos;
}

/// Where an engine carries it to the kernel, it is the device's scheduler that counts.
void list_priority(CapabilityList& list) {
  constexpr const char* engines =
      "; carried to the kernel by io_uring, linux_aio and the blocking pool, and posix_aio puts "
      "its own queue into that order";
  std::string heeding;
  std::string others;
  std::error_code unreadable;
  for (const auto& device : std::filesystem::directory_iterator("/sys/block", unreadable)) {
    const std::string schedulers = first_line_of((device.path() / "queue/scheduler").string());
    if (schedulers.empty() || !std::filesystem::exists(device.path() / "device")) continue;
    std::string& names = honours_priority(schedulers) ? heeding : others;
    names += (names.empty() ? "" : ", ") + device.path().filename().string();
  }
  if (!heeding.empty()) {
    const std::string not_by = others.empty() ? std::string() : "; not by " + others;
    list.yes("IoPriority", "heeded by " + heeding + not_by + engines);
  } else if (others.empty()) {
    list.no("IoPriority", std::string("no block device is listed in /sys/block") + engines);
  } else {
    list.no("IoPriority",
            "no scheduler that knows priorities (mq-deadline, bfq) serves " + others + engines);
  }
}

}  // namespace

void probe_file_engines(CapabilityList& list) {
  list.begin_group("file engine");
  list_pool(list);
  list_linux_aio(list);
  list_posix_aio(list);
  list_ring(list);
  list_priority(list);
}

}  // namespace rota::inline v0

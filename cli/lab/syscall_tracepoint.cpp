#include "process_threads.hpp"
#include "syscall_counter.hpp"

#include <linux/perf_event.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

namespace rota::cli {
namespace {

constexpr const char* id_path = "/sys/kernel/tracing/events/raw_syscalls/sys_enter/id";

std::expected<std::uint64_t, std::string> tracepoint_id() {
  std::FILE* file = std::fopen(id_path, "re");
  if (file == nullptr) return std::unexpected(std::string(id_path) + ": " + std::strerror(errno));
  unsigned long id = 0;
  const bool read = std::fscanf(file, "%lu", &id) == 1;
  std::fclose(file);
  if (!read) return std::unexpected(std::string(id_path) + " holds no number");
  return id;
}

int open_counter(std::uint64_t id, pid_t thread) {
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.type = PERF_TYPE_TRACEPOINT;
  attributes.config = id;
  attributes.inherit = 1;
  return static_cast<int>(::syscall(SYS_perf_event_open, &attributes, thread, -1, -1,
                                    PERF_FLAG_FD_CLOEXEC));
}

class TracepointCounter final : public SyscallCounter {
 public:
  explicit TracepointCounter(std::vector<int> counters) : counters_(std::move(counters)) {}
  ~TracepointCounter() override {
    for (const int fd : counters_) ::close(fd);
  }

  std::uint64_t count_until_readable(int fd, std::uint64_t patience_ms) override {
    pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
    ::poll(&ready, 1, static_cast<int>(patience_ms));
    std::uint64_t sum = 0;
    for (const int counter : counters_) {
      std::uint64_t value = 0;
      if (::read(counter, &value, sizeof value) == sizeof value) sum += value;
    }
    return sum;
  }
  [[nodiscard]] std::string_view method() const noexcept override { return "tracepoint"; }

 private:
  std::vector<int> counters_;
};

}  // namespace

std::expected<std::unique_ptr<SyscallCounter>, std::string> count_by_tracepoint(pid_t pid) {
  const auto id = tracepoint_id();
  if (!id) return std::unexpected(id.error());
  std::vector<int> counters;
  for (const pid_t thread : threads_of(pid)) {
    const int fd = open_counter(*id, thread);
    if (fd >= 0) counters.push_back(fd);
    if (fd < 0 && thread == pid) {
      return std::unexpected(std::string("perf_event_open: ") + std::strerror(errno));
    }
  }
  return std::make_unique<TracepointCounter>(std::move(counters));
}

}  // namespace rota::cli

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

namespace rota::cli {

/// Counts the system calls of another process, all threads that it has at the start and those
/// that they make. It disturbs what it counts, so it has a pass of its own.
class SyscallCounter {
 public:
  SyscallCounter() = default;
  SyscallCounter(const SyscallCounter&) = delete;
  SyscallCounter& operator=(const SyscallCounter&) = delete;
  virtual ~SyscallCounter() = default;

  /// Counting begins. The kernel's tracepoint where it may be used, else ptrace, which slows the
  /// process so much that it finds more to do per wait; else the reasons against both.
  static std::expected<std::unique_ptr<SyscallCounter>, std::string> attach(pid_t pid);

  /// Counts until `fd` is readable or has ended, or until the patience is over.
  [[nodiscard]] virtual std::uint64_t count_until_readable(int fd, std::uint64_t patience_ms) = 0;
  /// "tracepoint" or "ptrace".
  [[nodiscard]] virtual std::string_view method() const noexcept = 0;
};

// One file each.
std::expected<std::unique_ptr<SyscallCounter>, std::string> count_by_tracepoint(pid_t pid);
std::expected<std::unique_ptr<SyscallCounter>, std::string> count_by_ptrace(pid_t pid);

}  // namespace rota::cli

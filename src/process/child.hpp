#pragma once

#include <rota/result.hpp>

#include "base/unique_fd.hpp"

#include <sys/types.h>

#include <cstdint>
#include <span>

namespace rota::inline v0 {

/// One of the parent's fds, and the number that the child has it under.
struct ChildFd {
  int from;
  int to;
};

/// A limit of setrlimit(2).
struct ChildLimit {
  int resource;
  std::uint64_t soft;
  std::uint64_t hard;
};

/// What a child process begins with: all of it made before the child is, which allocates nothing.
struct ChildPlan {
  std::span<const char* const> programs;  ///< paths, tried one after the other
  char* const* arguments = nullptr;       ///< ends with a null, as the next
  char* const* environment = nullptr;
  const char* directory = nullptr;  ///< null: the parent's
  std::span<ChildFd> fds;           ///< all others are closed; used as scratch
  std::span<const ChildLimit> limits;
  bool new_session = false;
  bool takes_terminal = false;  ///< its fd 0 becomes its controlling terminal
};

struct Child {
  pid_t pid = -1;
  UniqueFd pidfd;
};

/// Starts a process, and returns once its program has begun, or with why it has not: what the
/// child met is reported as if it had happened here. The child has no signal blocked or caught,
/// SIGPIPE is not ignored, and no other fd of this process is open in it. Any thread; blocks it for
/// as long as the kernel takes to begin a program.
///
/// The child shares the parent's memory until then (CLONE_VM, CLONE_VFORK, as posix_spawn does), so
/// that a large parent costs no more than a small one. It runs on a stack of its own, calls the
/// kernel and nothing else, and with every signal blocked: a handler would run in the parent's
/// memory.
[[nodiscard]] Result<Child> start_child(ChildPlan& plan) noexcept;

}  // namespace rota::inline v0

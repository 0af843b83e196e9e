#pragma once

#include <sys/types.h>

#include <vector>

namespace rota::cli {

/// The kernel's numbers of a process's threads, its first one in front. Kernel threads that work
/// for it (those of io_uring) are among them.
std::vector<pid_t> threads_of(pid_t pid);

}  // namespace rota::cli

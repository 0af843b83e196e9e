#pragma once

#include <vector>

namespace rota::inline v0 {

/// The set of CPUs as the kernel takes it: one bit each, as many words as it needs.
using CpuMask = std::vector<unsigned long>;

[[nodiscard]] CpuMask mask_of(int cpu);
[[nodiscard]] std::vector<int> cpus_of(const CpuMask& mask);

/// The CPUs that the calling thread may run on, ascending; empty when the kernel does not tell.
[[nodiscard]] std::vector<int> allowed_cpus();

/// Binds the calling thread to one CPU: 0, or the errno of the refusal. A thread that pins itself
/// first has its stack and what it allocates on its own NUMA node.
[[nodiscard]] int pin_this_thread(int cpu) noexcept;

}  // namespace rota::inline v0

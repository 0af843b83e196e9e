#include "base/cpu_affinity.hpp"

#include <sched.h>

#include <cerrno>
#include <climits>
#include <cstddef>
#include <new>

namespace rota::inline v0 {
namespace {

constexpr std::size_t kWordBits = sizeof(unsigned long) * CHAR_BIT;
constexpr std::size_t kFirstWords = CPU_SETSIZE / kWordBits;
/// More CPUs than any kernel is built for: where the search for the mask's size ends.
constexpr std::size_t kMostWords = 1024 * kFirstWords;

std::size_t bytes_of(const CpuMask& mask) { return mask.size() * sizeof mask.front(); }

}  // namespace

CpuMask mask_of(int cpu) {
  const auto bit = static_cast<std::size_t>(cpu);
  CpuMask mask(bit / kWordBits + 1);
  mask.back() = 1UL << bit % kWordBits;
  return mask;
}

std::vector<int> cpus_of(const CpuMask& mask) {
  std::vector<int> cpus;
  for (std::size_t bit = 0; bit < mask.size() * kWordBits; ++bit) {
    if ((mask[bit / kWordBits] >> bit % kWordBits & 1) != 0) cpus.push_back(static_cast<int>(bit));
  }
  return cpus;
}

std::vector<int> allowed_cpus() {
  // A kernel that knows more CPUs than the mask has room for answers EINVAL.
  for (CpuMask mask(kFirstWords); mask.size() <= kMostWords; mask.resize(2 * mask.size())) {
    auto* set = reinterpret_cast<cpu_set_t*>(mask.data());
    if (::sched_getaffinity(0, bytes_of(mask), set) == 0) return cpus_of(mask);
    if (errno != EINVAL) break;
  }
  return {};
}

int pin_this_thread(int cpu) noexcept try {
  const CpuMask mask = mask_of(cpu);
  const auto* set = reinterpret_cast<const cpu_set_t*>(mask.data());
  return ::sched_setaffinity(0, bytes_of(mask), set) == 0 ? 0 : errno;
} catch (const std::bad_alloc&) {
  return ENOMEM;
}

}  // namespace rota::inline v0

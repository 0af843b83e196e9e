#include "resident_memory.hpp"

#include <charconv>
#include <fstream>
#include <string>

namespace rota::cli {

std::optional<std::uint64_t> resident_bytes_of(pid_t pid) {
  std::ifstream rollup("/proc/" + std::to_string(pid) + "/smaps_rollup");
  for (std::string line; std::getline(rollup, line);) {
    if (!line.starts_with("Rss:")) continue;
    const std::size_t digits = line.find_first_of("0123456789");
    if (digits == std::string::npos) return std::nullopt;
    std::uint64_t kibibytes = 0;
    std::from_chars(line.data() + digits, line.data() + line.size(), kibibytes);
    return kibibytes * 1024;
  }
  return std::nullopt;
}

}  // namespace rota::cli

#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

namespace rota::testing_sockets {

/// What /proc tells of a table of a ring: the lines below `title` that name something, of all rings
/// of this process together. Nothing where the kernel does not tell, or there is no ring.
inline std::optional<std::size_t> kept_in_rings(std::string_view title) {
  namespace fs = std::filesystem;
  std::optional<std::size_t> kept;
  for (const fs::directory_entry& fd : fs::directory_iterator("/proc/self/fd")) {
    std::error_code closed_meanwhile;
    if (fs::read_symlink(fd.path(), closed_meanwhile) != "anon_inode:[io_uring]") continue;
    std::ifstream about("/proc/self/fdinfo/" + fd.path().filename().string());
    bool below = false;
    for (std::string line; std::getline(about, line);) {
      if (line.starts_with(title)) {
        below = true;
        kept = kept.value_or(0);
      } else if (!line.starts_with(' ')) {
        below = false;
      } else if (below && !line.ends_with("<none>")) {
        *kept += 1;
      }
    }
  }
  return kept;
}

}  // namespace rota::testing_sockets

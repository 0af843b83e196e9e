#include <rota/capabilities.hpp>

#include "capability_groups.hpp"

#include <cstdio>
#include <cstring>

namespace rota::inline v0 {

std::vector<Capability> probe_capabilities() {
  CapabilityList list;
  probe_drivers(list);
  probe_file_engines(list);
  probe_ring(list);
  probe_kernel(list);
  probe_process(list);
  probe_processor(list);
  return list.take();
}

std::string first_line_of(const char* path) {
  std::FILE* file = std::fopen(path, "re");
  if (file == nullptr) return {};
  char line[256] = {};
  const bool any = std::fgets(line, sizeof line, file) != nullptr;
  std::fclose(file);
  if (!any) return {};
  line[std::strcspn(line, "\n")] = '\0';
  return line;
}

}  // namespace rota::inline v0

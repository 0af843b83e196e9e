#include "base/cpu_model.hpp"

#include <cstdio>
#include <cstring>

namespace rota::inline v0 {

std::string cpu_model() {
  std::FILE* file = std::fopen("/proc/cpuinfo", "re");
  if (file == nullptr) return "unknown";
  char line[512];
  std::string model = "unknown";
  while (std::fgets(line, sizeof line, file) != nullptr) {
    if (std::strncmp(line, "model name", std::strlen("model name")) != 0) continue;
    const char* value = std::strchr(line, ':');
    if (value == nullptr) continue;
    model = value + 1;
    model.erase(0, model.find_first_not_of(" \t"));
    model.resize(std::strcspn(model.c_str(), "\n"));
    break;
  }
  std::fclose(file);
  return model;
}

}  // namespace rota::inline v0

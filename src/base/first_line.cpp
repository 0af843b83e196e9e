#include "base/first_line.hpp"

#include <cstdio>
#include <cstring>

namespace rota::inline v0 {

std::string first_line_of(const std::string& path) {
  std::string line;
  std::FILE* file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return line;
  char part[256];  // A list of CPUs may be longer than any buffer of fixed size.
  while (line.find('\n') == std::string::npos && std::fgets(part, sizeof part, file) != nullptr) {
    line += part;
  }
  std::fclose(file);
  line.resize(std::strcspn(line.c_str(), "\n"));
  return line;
}

}  // namespace rota::inline v0

#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

namespace rota::testing_tasks {

/// A folder of its own, gone at the end with all that is in it; and a path in it.
class TemporaryPath {
 public:
  TemporaryPath() : TemporaryPath(testing::TempDir()) {}
  explicit TemporaryPath(const std::string& parent) {
    std::string pattern = parent + "/rota-task-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~TemporaryPath() { std::filesystem::remove_all(folder_); }
  TemporaryPath(const TemporaryPath&) = delete;
  TemporaryPath& operator=(const TemporaryPath&) = delete;

  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] std::string path() const { return in("file"); }
  [[nodiscard]] std::string in(const std::string& name) const { return folder_ + '/' + name; }

 private:
  std::string folder_;
};

inline std::string contents_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream contents;
  contents << file.rdbuf();
  return std::move(contents).str();
}

inline void write_contents(const std::string& path, const std::string& contents) {
  std::ofstream(path, std::ios::binary) << contents;
}

}  // namespace rota::testing_tasks

#pragma once

#include <string>

namespace rota::conformance {

/// A folder of its own for files of one case, removed with what is in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// The whole contents, by plain system calls.
std::string contents_of(const std::string& path);
void write_file(const std::string& path, const std::string& contents);

}  // namespace rota::conformance

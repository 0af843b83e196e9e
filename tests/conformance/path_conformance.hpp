#pragma once

#include "conformance/conformance.hpp"
#include "conformance/temporary_folder.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <utility>

namespace rota::conformance {

inline constexpr std::uint64_t kBeneath = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
inline constexpr std::uint64_t kInRoot = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;

inline bool exists(const std::string& path) {
  struct stat about{};
  return ::lstat(path.c_str(), &about) == 0;
}

/// Cases with a folder that is open, `home`, in a folder that is not to be reached from it.
class PathConformance : public Conformance {
 protected:
  void SetUp() override {
    Conformance::SetUp();
    if (!has_driver()) return;
    ASSERT_EQ(::mkdir(folder_.file("home").c_str(), 0755), 0);
    home_ = &folder(folder_.file("home"));
  }
  Descriptor& folder(const std::string& path) {
    Open& opening = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    EXPECT_TRUE(finish(opening));
    EXPECT_GE(opening.result, 0) << std::strerror(-opening.result);
    return adopt(Fd(opening.result), FdKind::file);
  }
  Descriptor& opened(const std::string& name, int flags, std::uint32_t mode = 0600) {
    Open& opening = open_from(home_, name, flags, mode);
    EXPECT_TRUE(finish(opening));
    EXPECT_GE(opening.result, 0) << std::strerror(-opening.result);
    return adopt(Fd(opening.result), FdKind::file);
  }
  /// The result of an open that is not to succeed; what it opens all the same is closed.
  std::int32_t refused(const std::string& path, std::uint64_t resolve) {
    Open& opening = open_from(home_, path, O_RDONLY, 0, resolve);
    EXPECT_TRUE(finish(opening));
    if (opening.result >= 0) ::close(opening.result);
    return opening.result;
  }
  std::int32_t changed(const PathWish& wish) {
    PathChange& changing = change(home_, wish);
    EXPECT_TRUE(finish(changing));
    return changing.result;
  }
  [[nodiscard]] std::string at_home(const std::string& name) const {
    return folder_.file("home/" + name);
  }

  TemporaryFolder folder_;
  Descriptor* home_ = nullptr;
};

}  // namespace rota::conformance

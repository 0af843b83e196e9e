#include "base/cpu_quota.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace rota {
namespace {

/// A folder that looks like /proc/self/cgroup and /sys/fs/cgroup.
class CpuQuotaTest : public testing::Test {
 protected:
  CpuQuotaTest() {
    std::string name = std::filesystem::temp_directory_path() / "cpu_quota_XXXXXX";
    root_ = ::mkdtemp(name.data());
  }
  ~CpuQuotaTest() override { std::filesystem::remove_all(root_); }

  void write(const std::string& path, const std::string& text) {
    const std::filesystem::path file = root_ / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text << '\n';
  }
  [[nodiscard]] std::string quota() const {
    return in_words(read_cpu_quota(root_ / "membership", root_ / "mount"));
  }

  std::filesystem::path root_;
};

TEST_F(CpuQuotaTest, of_a_container_stands_at_the_root) {
  write("membership", "0::/");
  write("mount/cpu.max", "150000 100000");
  EXPECT_EQ(quota(), "1.50 CPUs (cgroup v2, group /)");
}

TEST_F(CpuQuotaTest, is_the_tightest_on_the_way_to_the_root) {
  write("membership", "0::/outer/inner");
  write("mount/outer/inner/cpu.max", "max 100000");
  write("mount/outer/cpu.max", "50000 100000");
  write("mount/cpu.max", "200000 100000");
  EXPECT_EQ(quota(), "0.50 CPUs (cgroup v2, group /outer)");
}

TEST_F(CpuQuotaTest, of_version_1_is_read_where_version_2_has_none) {
  write("membership", "4:cpu,cpuacct:/job\n0::/job");
  write("mount/cpu,cpuacct/cpu.cfs_quota_us", "-1");
  write("mount/cpu,cpuacct/cpu.cfs_period_us", "100000");
  write("mount/cpu,cpuacct/job/cpu.cfs_quota_us", "25000");
  write("mount/cpu,cpuacct/job/cpu.cfs_period_us", "100000");
  EXPECT_EQ(quota(), "0.25 CPUs (cgroup v1, group /job)");
}

TEST_F(CpuQuotaTest, is_none_without_a_limit_or_without_groups) {
  EXPECT_EQ(quota(), "none");
  write("membership", "0::/job\nno group");
  write("mount/job/cpu.max", "max 100000");
  EXPECT_EQ(quota(), "none");
}

}  // namespace
}  // namespace rota

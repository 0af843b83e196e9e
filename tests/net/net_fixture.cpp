#include "net/net_fixture.hpp"

#include "open_fds.hpp"

#include <sys/socket.h>

#include <filesystem>
#include <stdexcept>

namespace rota::testing_net {

void NetTest::SetUp() {
  fds_before_ = leaks::open_fds();
  Config config;
  config.driver.kind = GetParam();
  Result<Runtime> made = Runtime::make(config);
  ASSERT_TRUE(made.has_value()) << made.error().message();
  runtime_.emplace(std::move(*made));
}

void NetTest::TearDown() {
  runtime_.reset();
  EXPECT_EQ(leaks::open_fds(), fds_before_) << "fds leaked";
}

ScratchFolder::ScratchFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "rota-net-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no scratch folder");
  path_ = pattern;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string ScratchFolder::operator/(std::string_view name) const {
  return path_ + "/" + std::string(name);
}

std::array<OwnedFd, 2> socket_ends() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    throw std::runtime_error("no sockets");
  }
  return {OwnedFd(ends[0]), OwnedFd(ends[1])};
}

std::string name_of(const testing::TestParamInfo<DriverKind>& driver) {
  static constexpr const char* kNames[] = {"select",    "poll",     "epoll",
                                           "linux_aio", "io_uring", "sim"};
  return kNames[driver.index];
}

}  // namespace rota::testing_net

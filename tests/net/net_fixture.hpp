#pragma once

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace rota::testing_net {

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}
inline std::span<std::byte> room_in(std::string& text) {
  return std::as_writable_bytes(std::span(text.data(), text.size()));
}

/// A runtime over each driver; whatever a case opens is closed when it ends.
class NetTest : public testing::TestWithParam<DriverKind> {
 protected:
  void SetUp() override;
  void TearDown() override;

  void run(Task<void> scenario) { runtime_->block_on(std::move(scenario)); }

 private:
  std::size_t fds_before_ = 0;
  std::optional<Runtime> runtime_;
};

/// A folder of its own that goes with it.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  [[nodiscard]] std::string operator/(std::string_view name) const;

 private:
  std::string path_;
};

/// Two fds to hand on: sockets, as a pipe is not always counted (open_fds.cpp).
std::array<OwnedFd, 2> socket_ends();

std::string name_of(const testing::TestParamInfo<DriverKind>& driver);

inline const auto kDrivers =
    testing::Values(DriverKind::select, DriverKind::poll, DriverKind::epoll, DriverKind::linux_aio,
                    DriverKind::io_uring, DriverKind::sim);

/// Reads until the end of the stream.
template <class Stream>
Task<std::string> read_to_end(Stream& stream) {
  std::string all;
  std::string part(4096, '\0');
  for (;;) {
    Result<std::size_t> got = co_await stream.read(room_in(part));
    if (!got || *got == 0) co_return all;
    all.append(part, 0, *got);
  }
}

}  // namespace rota::testing_net

#include "cli/lab/setup.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rota::cli {
namespace {

/// Of the setup that is named so.
DriverConfig driver_config(std::string_view name) {
  SetupWords words;
  words.drivers = {std::string(name)};
  const std::vector<Setup> setups = setups_of(words);
  EXPECT_EQ(setups.size(), 1U);
  EXPECT_EQ(setups.front().name(), name);
  return setups.front().config(0).driver;
}

TEST(Setup, OfPosixAioHasTheNotificationThatItIsNamedAfter) {
  for (const auto& [name, told] : {std::pair{"epoll+posix-aio", AioNotification::none},
                                   {"epoll+posix-aio-signal", AioNotification::signal},
                                   {"epoll+posix-aio-thread", AioNotification::thread}}) {
    const DriverConfig config = driver_config(name);
    EXPECT_EQ(config.files, FileEngineKind::posix_aio) << name;
    EXPECT_EQ(config.aio_notification, told) << name;
  }
}

TEST(Setup, OfAPolledRingAsksTheDevice) {
  EXPECT_EQ(driver_config("epoll+uring").device_polling, DevicePolling::never);
  EXPECT_EQ(driver_config("epoll+uring-polled").device_polling, DevicePolling::busy);
  EXPECT_EQ(driver_config("epoll+uring-hybrid").device_polling, DevicePolling::hybrid);
}

}  // namespace
}  // namespace rota::cli

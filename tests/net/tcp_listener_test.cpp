#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <system_error>

namespace rota {
namespace {

class TcpListenerTest : public testing::TestWithParam<DriverKind> {
 protected:
  void SetUp() override {
    Config config;
    config.driver.kind = GetParam();
    Result<Runtime> made = Runtime::make(config);
    ASSERT_TRUE(made.has_value()) << made.error().message();
    runtime_.emplace(std::move(*made));
  }

  std::optional<Runtime> runtime_;
};

Task<std::error_code> accept_one(TcpListener& listener) {
  Result<TcpStream> accepted = co_await listener.accept();
  co_return accepted ? std::error_code() : accepted.error();
}

/// The listener goes away while another task waits in `accept`, whose state must outlive it.
Task<std::error_code> drop_under_an_accept() {
  std::optional<TcpListener> listener(TcpListener::bind(Address::loopback(0)).value());
  JoinHandle<std::error_code> waiting = spawn(accept_one(*listener));
  Result<void> parked = co_await sleep(Duration(1));  // Whatever is ready runs first.
  EXPECT_TRUE(parked.has_value());
  listener.reset();
  Joined<std::error_code> ended = co_await waiting.join();
  co_return std::move(ended).value();
}

TEST_P(TcpListenerTest, an_accept_ends_when_its_listener_is_dropped) {
  EXPECT_EQ(runtime_->block_on(drop_under_an_accept()),
            std::errc::operation_canceled);
}

/// The same by a close that somebody waits for.
Task<std::error_code> close_under_an_accept() {
  TcpListener listener = TcpListener::bind(Address::loopback(0)).value();
  JoinHandle<std::error_code> waiting = spawn(accept_one(listener));
  Result<void> parked = co_await sleep(Duration(1));
  EXPECT_TRUE(parked.has_value());
  Result<void> closed = co_await listener.close();
  EXPECT_TRUE(closed.has_value());
  Joined<std::error_code> ended = co_await waiting.join();
  co_return std::move(ended).value();
}

TEST_P(TcpListenerTest, an_accept_ends_when_its_listener_is_closed) {
  EXPECT_EQ(runtime_->block_on(close_under_an_accept()),
            std::errc::operation_canceled);
}

std::string name_of(const testing::TestParamInfo<DriverKind>& driver) {
  static constexpr const char* kNames[] = {"select", "poll", "epoll", "linux_aio", "io_uring"};
  return kNames[driver.index];
}

INSTANTIATE_TEST_SUITE_P(Drivers, TcpListenerTest,
                         testing::Values(DriverKind::select, DriverKind::poll, DriverKind::epoll,
                                         DriverKind::linux_aio, DriverKind::io_uring),
                         name_of);

}  // namespace
}  // namespace rota

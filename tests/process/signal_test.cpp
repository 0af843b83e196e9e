#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <utility>

namespace rota {
namespace {

using Handler = void (*)(int);

Handler disposition_of(int signal) {
  struct sigaction action {};
  EXPECT_EQ(::sigaction(signal, nullptr, &action), 0);
  return action.sa_handler;
}

Task<int> receive_one(int signal) {
  Result<SignalWatch> watch = SignalWatch::open({signal, SIGUSR2, signal});
  EXPECT_NE(disposition_of(signal), SIG_IGN);
  EXPECT_EQ(::raise(signal), 0);
  Result<int> received = co_await watch->next();
  co_return received.value_or(0);
}

/// Ignored while nobody watches, so that a signal too many ends no test.
class Signals : public testing::Test {
 protected:
  void SetUp() override { before_ = std::signal(SIGUSR1, SIG_IGN); }
  void TearDown() override { std::signal(SIGUSR1, before_); }

  Handler before_ = SIG_DFL;
};

TEST_F(Signals, a_signal_named_twice_is_watched_once_and_given_back_once) {
  Result<Runtime> runtime = Runtime::make();
  ASSERT_TRUE(runtime.has_value());
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(runtime->block_on(receive_one(SIGUSR1)), SIGUSR1);
    EXPECT_EQ(disposition_of(SIGUSR1), SIG_IGN) << "as it was before the watch";
  }
}

}  // namespace
}  // namespace rota

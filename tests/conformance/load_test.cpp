// Little room and many interruptions.
#include "conformance/conformance.hpp"

#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

namespace rota::conformance {
namespace {

/// What goes through as little room as the kernel allows. Not over TCP: there a narrow window
/// means the kernel's persist timer, whose seconds say nothing about a driver.
class NarrowConformance : public Conformance {
 protected:
  void move_through(Descriptor& near, Descriptor& far) {
    constexpr std::size_t bytes = 1 << 20;
    const std::string sent = pattern(bytes);
    Transfer& writing = write(near, sent, op_whole);
    std::string received;
    for (unsigned i = 0; received.size() < bytes; ++i) {
      // Pieces of 1 to 2048 bytes: now and then the reader asks for less than there is.
      Transfer& reading = read(far, std::size_t{1} << i % 12);
      ASSERT_TRUE(finish(reading));
      ASSERT_GT(reading.result, 0) << "after " << received.size() << " bytes";
      received += text(reading);
    }
    ASSERT_TRUE(finish(writing));
    EXPECT_EQ(writing.result, static_cast<std::int32_t>(bytes));
    EXPECT_TRUE(received == sent);
  }
};

TEST_P(NarrowConformance, a_megabyte_goes_through_the_smallest_socket_buffers) {
  FdPair pair = unix_pair();
  set_buffer_sizes(pair.near.number(), 1);
  set_buffer_sizes(pair.far.number(), 1);
  Descriptor& near = adopt(std::move(pair.near));
  move_through(near, adopt(std::move(pair.far)));
}

TEST_P(NarrowConformance, a_megabyte_goes_through_the_smallest_pipe) {
  FdPair pair = pipe_pair();
  ASSERT_GT(::fcntl(pair.far.number(), F_SETPIPE_SZ, 1), 0);
  Descriptor& reader = adopt(std::move(pair.near), FdKind::stream);
  move_through(adopt(std::move(pair.far), FdKind::stream), reader);
}

INSTANTIATE_TEST_SUITE_P(Drivers, NarrowConformance, testing::ValuesIn(cells()), name_of);

/// Interrupts the thread that makes it, many times a millisecond, with SA_RESTART off.
class SignalStorm {
 public:
  SignalStorm() {
    caught_.store(0);
    struct sigaction action {};
    action.sa_handler = [](int) { caught_.fetch_add(1); };
    ::sigaction(SIGUSR2, &action, &before_);
    sigevent target{};
    target.sigev_notify = SIGEV_THREAD_ID;
    target.sigev_signo = SIGUSR2;
    target._sigev_un._tid = ::gettid();
    ::timer_create(CLOCK_MONOTONIC, &target, &timer_);
    const timespec often{.tv_sec = 0, .tv_nsec = 200'000};
    const itimerspec period{.it_interval = often, .it_value = often};
    ::timer_settime(timer_, 0, &period, nullptr);
  }
  ~SignalStorm() {
    ::timer_delete(timer_);
    ::sigaction(SIGUSR2, &before_, nullptr);
  }
  SignalStorm(const SignalStorm&) = delete;
  SignalStorm& operator=(const SignalStorm&) = delete;

  static int caught() { return caught_.load(); }

 private:
  static inline std::atomic<int> caught_{0};
  struct sigaction before_ {};
  timer_t timer_{};
};

TEST_P(Conformance, a_storm_of_signals_does_not_shorten_a_sleep) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& reading = read(near, 8);
  const SignalStorm storm;
  const int wanted = driver().traits().virtual_clock ? 0 : 20;
  for (int i = 0; i < 3 || SignalStorm::caught() < wanted; ++i) {
    const Deadline until = in_ns(5'000'000);
    EXPECT_EQ(turn(until), 0u);
    ASSERT_GE(driver().now(), until.instant());
  }
  EXPECT_FALSE(is_back(reading));
}

TEST_P(Conformance, a_storm_of_signals_does_not_reach_any_operation) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Descriptor& far = adopt(std::move(pair.far));
  const std::string sent = pattern(8 << 20);
  const SignalStorm storm;
  int rounds = 0;
  do {
    Transfer& writing = write(near, sent, op_whole);
    Transfer& reading = read(far, sent.size(), op_whole);
    ASSERT_TRUE(finish(writing, reading));
    EXPECT_EQ(writing.result, 8 << 20);
    ASSERT_TRUE(text(reading) == sent);
  } while (SignalStorm::caught() < 20 && ++rounds < 50);
  EXPECT_GE(SignalStorm::caught(), 20) << "the storm was none";
}

}  // namespace
}  // namespace rota::conformance

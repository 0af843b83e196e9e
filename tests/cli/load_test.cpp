#include "base/unique_fd.hpp"
#include "cli/load/load.hpp"

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <thread>

namespace rota::cli {
namespace {

constexpr std::uint64_t kRequests = 20;
constexpr std::size_t kMessageBytes = 64;

/// What a server does to the answer that holds the byte at `at`.
enum class Misdeed : std::uint8_t { none, flip_a_bit, add_a_byte, hang_up, reset };

/// Answers one connection on a thread of its own, wrong from a given byte on.
class EchoServer {
 public:
  EchoServer(Misdeed misdeed, std::size_t at) : misdeed_(misdeed), at_(at) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof address;
    EXPECT_EQ(::bind(listener_.number(), reinterpret_cast<sockaddr*>(&address), bytes), 0);
    EXPECT_EQ(::listen(listener_.number(), 1), 0);
    EXPECT_EQ(::getsockname(listener_.number(), reinterpret_cast<sockaddr*>(&address), &bytes), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  EchoServer(const EchoServer&) = delete;
  EchoServer& operator=(const EchoServer&) = delete;
  ~EchoServer() {
    ::shutdown(listener_.number(), SHUT_RDWR);  // Ends an accept that nobody came for.
    thread_.join();
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  void serve() {
    const UniqueFd peer(::accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC));
    std::array<std::byte, 4096> buffer;
    std::size_t seen = 0;
    for (;;) {
      const ssize_t got = ::recv(peer.number(), buffer.data(), buffer.size() - 1, 0);
      if (got <= 0) return;
      auto bytes = static_cast<std::size_t>(got);
      const bool now = seen <= at_ && at_ < seen + bytes;
      if (now && !do_wrong(peer.number(), buffer, at_ - seen, bytes)) return;
      seen += static_cast<std::size_t>(got);
      if (::send(peer.number(), buffer.data(), bytes, MSG_NOSIGNAL) < 0) return;
    }
  }

  /// False: there is nothing more to answer.
  bool do_wrong(int peer, std::span<std::byte> buffer, std::size_t at, std::size_t& bytes) const {
    switch (misdeed_) {
      case Misdeed::none: return true;
      case Misdeed::flip_a_bit: buffer[at] ^= std::byte{1}; return true;
      case Misdeed::add_a_byte: buffer[bytes++] = std::byte{0}; return true;
      case Misdeed::hang_up: return false;
      case Misdeed::reset: {
        const linger at_once{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        return false;
      }
    }
    return false;
  }

  const Misdeed misdeed_;
  const std::size_t at_;
  const UniqueFd listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::uint16_t port_ = 0;
  std::thread thread_;
};

std::expected<LoadReport, std::string> load(Misdeed misdeed, std::size_t at = 0) {
  const EchoServer server(misdeed, at);
  LoadOptions options;
  options.port = server.port();
  options.message_bytes = kMessageBytes;
  options.requests = kRequests;
  return run_load(options);
}

TEST(LoadTest, an_honest_server_gets_a_clean_report) {
  const auto report = load(Misdeed::none);
  ASSERT_TRUE(report.has_value()) << report.error();
  EXPECT_TRUE(report->clean());
  EXPECT_EQ(report->requests, kRequests);
  EXPECT_EQ(report->latency.count(), kRequests);
}

TEST(LoadTest, one_wrong_bit_in_any_place_is_found) {
  for (const std::size_t at : {std::size_t{0}, kMessageBytes - 1, kMessageBytes,
                               kRequests * kMessageBytes - 1}) {
    const auto report = load(Misdeed::flip_a_bit, at);
    ASSERT_TRUE(report.has_value()) << report.error();
    EXPECT_EQ(report->corrupt, 1u) << "at byte " << at;
    EXPECT_FALSE(report->clean());
    EXPECT_LT(report->requests, kRequests);
  }
}

TEST(LoadTest, a_byte_that_was_never_sent_is_found) {
  const auto report = load(Misdeed::add_a_byte, 3 * kMessageBytes);
  ASSERT_TRUE(report.has_value()) << report.error();
  EXPECT_EQ(report->corrupt, 1u);
}

TEST(LoadTest, a_server_that_hangs_up_is_told_from_one_that_resets) {
  const auto closed = load(Misdeed::hang_up, 5 * kMessageBytes);
  ASSERT_TRUE(closed.has_value()) << closed.error();
  EXPECT_EQ(closed->closed, 1u);
  EXPECT_EQ(closed->resets, 0u);
  const auto reset = load(Misdeed::reset, 5 * kMessageBytes);
  ASSERT_TRUE(reset.has_value()) << reset.error();
  EXPECT_EQ(reset->closed, 0u);
  EXPECT_EQ(reset->resets, 1u);
}

TEST(LoadTest, nobody_at_the_port_is_an_error_that_says_so) {
  std::uint16_t port = 0;
  {
    const EchoServer gone(Misdeed::none, 0);
    port = gone.port();
  }
  LoadOptions options;
  options.port = port;
  options.requests = 1;
  const auto report = run_load(options);
  ASSERT_FALSE(report.has_value());
  EXPECT_FALSE(report.error().empty());
}

}  // namespace
}  // namespace rota::cli

#include "echo_connection.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "monotonic.hpp"

namespace rota::cli {

namespace {

/// Every byte of the first messages is compared; later ones are only counted, since comparing them
/// would make the generator the bottleneck. They are dropped inside the kernel (MSG_TRUNC).
constexpr std::uint64_t compared_messages = 64;
constexpr std::uint64_t compared_bytes_min = 4096;

}  // namespace

EchoConnection::EchoConnection(int fd, std::uint64_t phase, const Traffic& traffic)
    : fd_(fd), phase_(phase), quota_(traffic.quota_messages), sent_at_ns_(traffic.depth) {}

EchoConnection::EchoConnection(EchoConnection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      state_(other.state_),
      phase_(other.phase_),
      sent_bytes_(other.sent_bytes_),
      received_bytes_(other.received_bytes_),
      allowed_(other.allowed_),
      quota_(other.quota_),
      sent_at_ns_(std::move(other.sent_at_ns_)) {}

EchoConnection::~EchoConnection() {
  if (fd_ >= 0) ::close(fd_);
}

EchoConnection::State EchoConnection::start(const Traffic& traffic, std::uint64_t now_ns) {
  allow(traffic.depth, traffic, now_ns);
  return flush(traffic);
}

EchoConnection::State EchoConnection::on_readable(Traffic& traffic) {
  // Bounded: nothing is sent before the loop ends, so at most `depth` answers can arrive in it.
  for (;;) {
    const bool comparing = compared(traffic);
    const std::size_t asked =
        comparing ? std::min(traffic.hot_buffer.size(), traffic.pattern.chunk_bytes())
                  : traffic.hot_buffer.size();
    const long got = ::recv(fd_, traffic.hot_buffer.data(), asked, comparing ? 0 : MSG_TRUNC);
    if (got == 0) return end(State::closed);
    if (got < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) break;
      return end(State::reset);
    }
    const auto bytes = static_cast<std::size_t>(got);
    const char* sent = traffic.pattern.at(phase_ + received_bytes_);
    const bool more_than_sent = received_bytes_ + bytes > sent_bytes_;
    if (more_than_sent || (comparing && std::memcmp(traffic.hot_buffer.data(), sent, bytes) != 0)) {
      return end(State::corrupt);
    }
    take(bytes, traffic);
    if (bytes < asked) break;  // Edge-triggered: a short read has emptied the socket.
  }
  return flush(traffic);
}

EchoConnection::State EchoConnection::on_writable(const Traffic& traffic) { return flush(traffic); }

void EchoConnection::replace(int fd) noexcept {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(fd_);
  fd_ = fd;
  state_ = State::open;
  sent_bytes_ = received_bytes_ = allowed_ = 0;
}

void EchoConnection::stop(const Traffic& traffic) noexcept {
  // A message that has begun must be finished, or its answer could never be complete.
  const std::uint64_t begun = (sent_bytes_ + traffic.message_bytes - 1) / traffic.message_bytes;
  allowed_ = std::min(allowed_, begun);
  quota_ = allowed_;
}

bool EchoConnection::compared(const Traffic& traffic) const noexcept {
  const std::uint64_t compared_bytes =
      std::max<std::uint64_t>(compared_messages * traffic.message_bytes, compared_bytes_min);
  return received_bytes_ < compared_bytes;
}

void EchoConnection::take(std::size_t bytes, Traffic& traffic) {
  const std::uint64_t answered = received_bytes_ / traffic.message_bytes;
  received_bytes_ += bytes;
  const std::uint64_t answers = received_bytes_ / traffic.message_bytes - answered;
  const std::uint64_t now_ns = monotonic_ns();
  traffic.last_answer_ns = now_ns;
  traffic.answers += answers;
  for (std::uint64_t i = 0; i < answers; ++i) {
    traffic.latency.record(now_ns - sent_at_ns_[(answered + i) % traffic.depth]);
  }
  allow(answers, traffic, now_ns);
}

void EchoConnection::allow(std::uint64_t messages, const Traffic& traffic, std::uint64_t now_ns) {
  const std::uint64_t last = std::min(allowed_ + messages, quota_);
  for (; allowed_ < last; ++allowed_) sent_at_ns_[allowed_ % traffic.depth] = now_ns;
}

EchoConnection::State EchoConnection::flush(const Traffic& traffic) {
  const std::uint64_t end_bytes = allowed_ * traffic.message_bytes;
  while (sent_bytes_ < end_bytes) {
    const std::size_t chunk =
        std::min<std::uint64_t>(end_bytes - sent_bytes_, traffic.pattern.chunk_bytes());
    const long put = ::send(fd_, traffic.pattern.at(phase_ + sent_bytes_), chunk, MSG_NOSIGNAL);
    if (put < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return state_;
      return end(State::reset);
    }
    sent_bytes_ += static_cast<std::uint64_t>(put);
  }
  return state_;
}

}  // namespace rota::cli

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "latency_histogram.hpp"
#include "stream_pattern.hpp"

namespace rota::cli {

/// One closed loop: `depth` messages are on their way at any time, and each answer allows the next
/// message. All answers that one read brings are answered by one send.
class EchoConnection {
 public:
  enum class State { open, closed, reset, corrupt };

  /// What all connections of a run share.
  struct Traffic {
    const StreamPattern& pattern;
    std::span<char> hot_buffer;  ///< One for all, so that it stays in the cache.
    std::size_t message_bytes;
    unsigned depth;
    std::uint64_t quota_messages;  ///< Per connection; no more are sent.
    LatencyHistogram latency;
    std::uint64_t answers = 0;
    std::uint64_t last_answer_ns = 0;  ///< Monotonic clock at the last read that brought bytes.
  };

  /// Takes over a connected, non-blocking socket. `phase` is where its stream starts.
  EchoConnection(int fd, std::uint64_t phase, const Traffic& traffic);
  EchoConnection(EchoConnection&& other) noexcept;
  EchoConnection(const EchoConnection&) = delete;
  EchoConnection& operator=(const EchoConnection&) = delete;
  EchoConnection& operator=(EchoConnection&&) = delete;
  ~EchoConnection();

  /// Sends the first `depth` messages.
  State start(const Traffic& traffic, std::uint64_t now_ns);
  /// Reads all there is, then sends what that allows.
  State on_readable(Traffic& traffic);
  State on_writable(const Traffic& traffic);
  /// Resets the connection, so that it leaves no trace in the kernel, and takes over another.
  void replace(int fd) noexcept;
  /// Has had its answer, and nothing that comes now matters.
  void retire() noexcept { state_ = State::closed; }
  /// Allows no further message: what is outstanding may still come back.
  void stop(const Traffic& traffic) noexcept;

  [[nodiscard]] int fd() const noexcept { return fd_; }
  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] std::uint64_t answered(const Traffic& traffic) const noexcept {
    return received_bytes_ / traffic.message_bytes;
  }
  [[nodiscard]] std::uint64_t unanswered(const Traffic& traffic) const noexcept {
    return allowed_ - received_bytes_ / traffic.message_bytes;
  }

 private:
  State end(State state) noexcept { return state_ = state; }
  void allow(std::uint64_t messages, const Traffic& traffic, std::uint64_t now_ns);
  State flush(const Traffic& traffic);
  void take(std::size_t bytes, Traffic& traffic);
  [[nodiscard]] bool compared(const Traffic& traffic) const noexcept;

  int fd_;
  State state_ = State::open;
  std::uint64_t phase_;
  std::uint64_t sent_bytes_ = 0;
  std::uint64_t received_bytes_ = 0;
  std::uint64_t allowed_ = 0;  ///< Messages that were sent or wait in `flush`.
  std::uint64_t quota_;
  std::vector<std::uint64_t> sent_at_ns_;  ///< Ring: when message m was allowed, at m % depth.
};

}  // namespace rota::cli

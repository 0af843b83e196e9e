#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace rota::cli {

/// How long a connection lives: for the whole run, or for one message, whereupon another takes its
/// place. Then the latency begins with the connect, and the server may close when it has answered.
enum class Lifetime : std::uint8_t { all_messages, one_message };

/// What `run_load` shall do. Either a time window (warm_up_ms, then duration_ms) or, when
/// `requests` is not zero, a fixed number of messages without a warm-up.
struct LoadOptions {
  std::uint16_t port = 0;
  unsigned connections = 1;
  std::size_t message_bytes = 64;
  unsigned depth = 1;  ///< Messages outstanding per connection.
  Lifetime lifetime = Lifetime::all_messages;
  std::uint64_t duration_ms = 1000;
  std::uint64_t warm_up_ms = 200;
  std::uint64_t requests = 0;  ///< Rounded up to a multiple of the connections.
  std::optional<unsigned> cpu;
  std::optional<pid_t> server_pid;  ///< Its CPU time over the measured window is reported.
  bool gated = false;               ///< Wait for a line on stdin once all are connected.
  std::optional<int> events_fd;     ///< Where the lines ready, begin and end go, when wanted.
};

}  // namespace rota::cli

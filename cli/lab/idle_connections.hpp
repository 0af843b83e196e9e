#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

namespace rota::cli {

/// Connections to a server on 127.0.0.1 that nobody talks on after one echo. They are reset by the
/// destructor, so that nothing of them stays in the kernel.
class IdleConnections {
 public:
  explicit IdleConnections(std::uint16_t port) : port_(port) {}
  IdleConnections(const IdleConnections&) = delete;
  IdleConnections& operator=(const IdleConnections&) = delete;
  ~IdleConnections();

  /// So many more, each of which has had its echo. An error is a sentence.
  std::expected<void, std::string> add(std::uint32_t count);

 private:
  std::expected<void, std::string> echo_once(int fd) const;

  std::uint16_t port_;
  std::vector<int> fds_;
};

/// Lets this process and those it starts have as many descriptors as the hard limit allows.
void raise_descriptor_limit() noexcept;

/// Empty, or why a process cannot have so many connections.
std::string refusal_of_connections(std::uint32_t count);

}  // namespace rota::cli

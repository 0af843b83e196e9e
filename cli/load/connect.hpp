#pragma once

#include <cstdint>
#include <expected>
#include <string>

namespace rota::cli {

/// A connected, non-blocking TCP socket to 127.0.0.1 with Nagle's algorithm off, or a sentence that
/// says why not.
std::expected<int, std::string> connect_loopback(std::uint16_t port);

}  // namespace rota::cli

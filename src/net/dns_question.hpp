#pragma once

#include <cstdint>
#include <string>

namespace rota::inline v0 {

/// What a server can be asked.
enum class DnsKind : std::uint8_t { addresses, services, texts };

/// A question: one to whose name, in small letters, there is one answer.
struct DnsQuestion {
  DnsKind kind;
  std::string name;

  DnsQuestion(DnsKind what, std::string of) : kind(what), name(std::move(of)) {}

  /// What tells it from other questions.
  [[nodiscard]] std::string key() const {
    return static_cast<char>('0' + static_cast<int>(kind)) + name;
  }
};

}  // namespace rota::inline v0

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace rota::simulation {

/// What the endpoints of one way share: whether it may end before its time.
struct Link {
  bool may_be_slammed = true;
  bool broken = false;  ///< somebody was told of an error, or closed early
};

/// A stream of known bytes from one source to one sink, and how far both have come: the oracle of
/// every transfer.
class Channel {
 public:
  Channel(Link& link, std::uint32_t number, std::size_t total_bytes) noexcept
      : link_(&link), number_(number), total_(total_bytes) {}

  /// Writes the bytes that are to be sent next.
  void fill_next(std::span<std::byte> into) const noexcept;
  void add_sent(std::size_t bytes) noexcept { sent_ += bytes; }
  [[nodiscard]] std::size_t left_to_send() const noexcept { return total_ - sent_; }

  /// False when these are not the bytes that come next.
  [[nodiscard]] bool take_received(std::span<const std::byte> bytes) noexcept;
  void mark_ended() noexcept { ended_ = true; }

  /// After the run: everything arrived and then the end, or an error was reported.
  [[nodiscard]] bool kept_its_promise() const noexcept;
  [[nodiscard]] Link& link() const noexcept { return *link_; }

 private:
  [[nodiscard]] std::byte at(std::size_t position) const noexcept;

  Link* link_;
  std::uint32_t number_;
  std::size_t total_;
  std::size_t sent_ = 0;
  std::size_t received_ = 0;
  bool ended_ = false;
};

}  // namespace rota::simulation

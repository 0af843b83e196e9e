#pragma once

#include <rota/config.hpp>

#include <array>
#include <string_view>

namespace rota::cli {

/// A way of waiting as the command line and the reports name it.
struct WaitingChoice {
  std::string_view name;   ///< on the command line
  std::string_view title;  ///< in reports
  Waiting waiting;
};

/// In the order in which reports show them.
inline constexpr std::array<WaitingChoice, 3> waiting_choices{{
    {"block", "block", Waiting::block},
    {"spin", "spin, then block", Waiting::spin_then_block},
    {"busy-poll", "busy poll", Waiting::busy_poll},
}};

/// The way of a name, or none.
constexpr const WaitingChoice* find_waiting(std::string_view name) noexcept {
  for (const WaitingChoice& choice : waiting_choices) {
    if (choice.name == name) return &choice;
  }
  return nullptr;
}

}  // namespace rota::cli

#pragma once

#include <cstdint>

namespace rota::simulation {

/// How restless a world is. Quiet: nothing fails and nobody changes his mind, so that everything
/// must arrive.
struct Weather {
  bool faults = false;
  std::uint32_t cancels_per_mille = 0;  ///< of the turns: a random operation is cancelled
  std::uint32_t slams_per_mille = 0;    ///< of the turns: a random endpoint is closed in use

  [[nodiscard]] bool is_quiet() const noexcept {
    return !faults && cancels_per_mille == 0 && slams_per_mille == 0;
  }
};

}  // namespace rota::simulation

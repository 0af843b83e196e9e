#pragma once

#include <rota/model/seq_cst_order.hpp>
#include <rota/model/vector_clock.hpp>

namespace rota::model {

// What happens before a point of the execution. A release hands it on, an acquire joins it.
struct Knowledge {
  VectorClock clock;
  SeqCstOrder::Set seq_cst = 0;  // Those of the seq_cst operations that do.

  void join(const Knowledge& other) noexcept {
    clock.join(other.clock);
    seq_cst |= other.seq_cst;
  }
};

}  // namespace rota::model

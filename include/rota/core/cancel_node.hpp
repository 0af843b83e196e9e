#pragma once

#include <rota/core/cancel_word.hpp>

namespace rota::inline v0 {

struct Operation;

/// A request to cancel an operation that another worker's driver has. Embedded in the awaiting
/// object; that object stays until the node came back (cancel_word.hpp).
struct CancelNode {
  CancelNode* next = nullptr;
  Operation* operation = nullptr;
  CancelWord word;
};

}  // namespace rota::inline v0

#pragma once

#include "model/explorer.hpp"

#include <rota/result.hpp>

namespace rota::model {

// A wait ended as it may: whether with the value, and else with the one error that is due.
inline bool has(const Result<int>& result, int value, int otherwise) {
  check(result ? *result == value : result.error().value() == otherwise,
        "it has the value, or is told why there is none");
  return result.has_value();
}
inline bool is_done(const Result<void>& result, int otherwise) {
  check(result || result.error().value() == otherwise,
        "it has succeeded, or is told why it has not");
  return result.has_value();
}

// What may not fail.
inline constexpr int never = 0;

}  // namespace rota::model

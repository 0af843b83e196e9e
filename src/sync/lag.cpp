#include <rota/lag.hpp>

#include <algorithm>
#include <climits>
#include <string>

namespace rota::inline v0 {

namespace {

/// Of errors whose number is a count of values.
class LagCategory : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "rota lag"; }
  [[nodiscard]] std::string message(int missed) const override {
    return std::to_string(missed) + " values were overwritten before they were received";
  }
};

const std::error_category& lag_category() noexcept {
  static const LagCategory category;
  return category;
}

}  // namespace

std::error_code lag_error(std::uint64_t missed) noexcept {
  return {static_cast<int>(std::min<std::uint64_t>(missed, INT_MAX)), lag_category()};
}

std::uint64_t values_missed(const std::error_code& error) noexcept {
  return error.category() == lag_category() ? static_cast<std::uint64_t>(error.value()) : 0;
}

}  // namespace rota::inline v0

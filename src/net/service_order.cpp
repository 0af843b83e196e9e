#include "net/service_order.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace rota::inline v0 {

namespace {

/// By priority; those of weight 0 stand first among equals.
bool comes_before(const Service& a, const Service& b) noexcept {
  if (a.priority != b.priority) return a.priority < b.priority;
  return a.weight == 0 && b.weight != 0;
}

/// Draws one after the other. Those of weight 0 stand first, so that the drawn number 0 is theirs.
void draw(std::span<Service> equals, Random& random) {
  std::uint32_t left = 0;
  for (const Service& one : equals) left += one.weight;
  for (; equals.size() > 1; equals = equals.subspan(1)) {
    const std::uint32_t drawn = random.below(left + 1);
    std::size_t chosen = 0;
    for (std::uint32_t sum = equals[0].weight; sum < drawn; sum += equals[chosen].weight) ++chosen;
    left -= equals[chosen].weight;
    const auto from = equals.begin() + static_cast<std::ptrdiff_t>(chosen);
    std::rotate(equals.begin(), from, from + 1);
  }
}

}  // namespace

void put_in_order(std::vector<Service>& services, Random& random) {
  // Those of weight 0 stay in the order in which they come here: it must not be the server's.
  random.shuffle(std::span(services));
  std::ranges::sort(services, comes_before);
  std::span<Service> rest(services);
  while (!rest.empty()) {
    const auto other = std::ranges::find_if(
        rest, [&](const Service& one) { return one.priority != rest.front().priority; });
    const auto equals = static_cast<std::size_t>(other - rest.begin());
    draw(rest.first(equals), random);
    rest = rest.subspan(equals);
  }
}

}  // namespace rota::inline v0

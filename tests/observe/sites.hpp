#pragma once

#include <array>
#include <cstddef>
#include <source_location>
#include <utility>

namespace rota {

/// The site of a function that is the compiler's own for each number.
template <std::size_t number>
std::source_location numbered_site() {
  return std::source_location::current();
}

template <std::size_t count>
std::array<std::source_location, count> distinct_sites() {
  return []<std::size_t... numbers>(std::index_sequence<numbers...>) {
    return std::array{numbered_site<numbers>()...};
  }(std::make_index_sequence<count>());
}

}  // namespace rota

#pragma once

#include "base/random.hpp"

#include <rota/resolver.hpp>

#include <vector>

namespace rota::inline v0 {

/// Puts services into an order in which to try them, as RFC 2782 says: by priority; among equals,
/// each next one is drawn with a chance in proportion to its weight, those of weight 0 hardly ever
/// before the others.
void put_in_order(std::vector<Service>& services, Random& random);

}  // namespace rota::inline v0

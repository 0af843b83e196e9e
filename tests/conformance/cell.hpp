#pragma once

#include <rota/config.hpp>

#include <iosfwd>
#include <string>
#include <vector>

namespace rota::conformance {

/// How an operation reaches its driver.
enum class Way {
  straight,     ///< it is given to the next turn
  tried_first,  ///< as a worker does: performed at once when nothing waits before it
};

/// One column of the suite: a driver as it is made, and how it is used.
struct Cell {
  std::string name;
  DriverConfig config;
  Way way = Way::straight;
  int fd_limit;  ///< fds from here on are refused with EINVAL, as the mechanism documents
  bool is_denied_rings = false;  ///< its process is: tests/sandbox/denied begins it
};

void PrintTo(const Cell& cell, std::ostream* out);

/// Every driver that the suite runs over.
const std::vector<Cell>& cells();

}  // namespace rota::conformance

#pragma once

#include <stdexcept>

/// Ends the program with a message and status 1, by way of rota::run, when an example is wrong.
inline void expect(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

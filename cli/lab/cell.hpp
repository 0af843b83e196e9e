#pragma once

#include "cell_options.hpp"

namespace rota::cli {

/// The measured process of one cell. Prints `port N` (echo) and serves until its stdin closes; or
/// prints `ready`, waits for a line on stdin, works, and prints the line of a CellReport. What it
/// cannot do it says in a line that begins with `error`. Returns the exit status.
int run_cell(const CellOptions& options);

}  // namespace rota::cli

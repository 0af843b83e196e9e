#pragma once

namespace rota::testing_cells {

/// Runs every registered test that the command line selects, and counts them as cells: one cell is
/// one case in one column, a driver or a driver with a kind of task. A cell that cannot run on
/// this machine says why and is counted apart, so that a suite that quietly shrinks is seen.
///
/// A whole run fails when it executed fewer cells than the file `expected` says. The ctest entries
/// of a suite run a column each; they leave their two numbers in the file that the environment
/// names, and one more entry adds them up (`rota_columns` in CMakeLists.txt).
///
/// Returns the exit status of the program.
[[nodiscard]] int run_cells(const char* suite, const char* expected);

}  // namespace rota::testing_cells

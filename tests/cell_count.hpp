#pragma once

namespace rota::testing_cells {

/// Runs every registered test that the command line selects, and counts them as cells: one cell is
/// one case in one column, a driver or a driver with a kind of task. A cell that cannot run on
/// this machine says why and is counted apart; the reasons are printed, each once.
///
/// The file `expected` pins how many cells are registered, so that a suite that quietly shrinks is
/// seen; what cannot run on one machine is still among them. Another number of registered cells
/// fails a whole run, as does a whole run without any cell executed. The ctest entries of a suite
/// run a column each; they leave their counts in the file that the environment names, and one more
/// entry adds them up and finds a column that no entry runs (`rota_columns` in CMakeLists.txt). A
/// campaign, whose columns are a product and cannot be forgotten one by one, passes null.
///
/// Returns the exit status of the program.
[[nodiscard]] int run_cells(const char* suite, const char* expected);

}  // namespace rota::testing_cells

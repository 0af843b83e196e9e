#include "cell_count.hpp"
#include "conformance/cell.hpp"
#include "conformance/conformance.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace rota::conformance {
namespace {

INSTANTIATE_TEST_SUITE_P(Drivers, Conformance, testing::ValuesIn(cells()), name_of);

/// The cases that need many fds, or high ones, want what the system allows at most.
void raise_fd_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace
}  // namespace rota::conformance

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  rota::conformance::raise_fd_limit();
  return rota::testing_cells::run_cells("conformance", ROTA_EXPECTED_CELLS);
}

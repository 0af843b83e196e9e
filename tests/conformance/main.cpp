// Runs the suite and counts its cells: one cell is one case under one driver. A cell that cannot
// run on this machine says why and is counted apart, so that a suite that quietly shrinks is seen.
#include "conformance/cell.hpp"
#include "conformance/conformance.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace rota::conformance {
namespace {

INSTANTIATE_TEST_SUITE_P(Drivers, Conformance, testing::ValuesIn(cells()), name_of);

/// Counts the cells of this run, and leaves the two numbers in the file that the environment
/// names: the ctest entries of the drivers each run a part, and one more adds them up.
class CellCount : public testing::EmptyTestEventListener {
 public:
  void OnTestEnd(const testing::TestInfo& test) override {
    if (test.result()->Skipped()) {
      ++cannot_run_;
    } else {
      ++executed_;
    }
  }
  void OnTestProgramEnd(const testing::UnitTest&) override {
    std::printf("conformance: %d cells executed, %d cannot run\n", executed_, cannot_run_);
    if (const char* path = std::getenv("ROTA_CONFORMANCE_COUNT")) {
      std::ofstream(path) << executed_ << ' ' << cannot_run_ << '\n';
    }
  }
  [[nodiscard]] int executed() const { return executed_; }

 private:
  int executed_ = 0;
  int cannot_run_ = 0;
};

/// The cases that need many fds, or high ones, want what the system allows at most.
void raise_fd_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// The number of cells that a whole run executes at least.
int expected_cells() {
  int expected = -1;
  std::ifstream(ROTA_EXPECTED_CELLS) >> expected;
  return expected;
}

}  // namespace
}  // namespace rota::conformance

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  rota::conformance::raise_fd_limit();
  auto* count = new rota::conformance::CellCount;  // GoogleTest owns and deletes it
  testing::UnitTest::GetInstance()->listeners().Append(count);
  const int failed = RUN_ALL_TESTS();
  const auto* suite = testing::UnitTest::GetInstance();
  const bool whole = suite->test_to_run_count() == suite->total_test_count();
  const int expected = rota::conformance::expected_cells();
  if (whole && (expected < 0 || count->executed() < expected)) {
    std::printf("conformance: at least %d cells have to be executed\n", expected);
    return 1;
  }
  return failed;
}

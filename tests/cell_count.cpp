#include "cell_count.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>

namespace rota::testing_cells {
namespace {

std::string reason_of(const testing::TestResult& result) {
  for (int i = 0; i < result.total_part_count(); ++i) {
    if (result.GetTestPartResult(i).skipped()) return result.GetTestPartResult(i).message();
  }
  return "no reason given";
}

class CellCount : public testing::EmptyTestEventListener {
 public:
  explicit CellCount(const char* suite) : suite_(suite) {}

  void OnTestEnd(const testing::TestInfo& test) override {
    if (test.result()->Skipped()) {
      ++cannot_run_;
      ++reasons_[reason_of(*test.result())];
    } else {
      ++executed_;
    }
  }
  void OnTestProgramEnd(const testing::UnitTest& program) override {
    std::printf("%s: %d cells executed, %d cannot run\n", suite_, executed_, cannot_run_);
    for (const auto& [reason, cells] : reasons_) std::printf("%6d: %s\n", cells, reason.c_str());
    if (const char* path = std::getenv("ROTA_CELL_COUNT")) {
      std::ofstream(path) << executed_ << ' ' << cannot_run_ << ' ' << program.total_test_count()
                          << '\n';
    }
  }
  [[nodiscard]] int executed() const { return executed_; }

 private:
  const char* suite_;
  int executed_ = 0;
  int cannot_run_ = 0;
  std::map<std::string, int> reasons_;
};

}  // namespace

int run_cells(const char* suite, const char* expected) {
  testing::UnitTest& tests = *testing::UnitTest::GetInstance();
  auto* count = new CellCount(suite);  // GoogleTest owns and deletes it
  tests.listeners().Append(count);
  const int failed = RUN_ALL_TESTS();
  if (tests.test_to_run_count() != tests.total_test_count()) return failed;
  int pinned = expected != nullptr ? -1 : tests.total_test_count();
  if (expected != nullptr) std::ifstream(expected) >> pinned;
  if (tests.total_test_count() != pinned) {
    std::printf("%s: %d cells are registered, expected_cells.txt says %d\n", suite,
                tests.total_test_count(), pinned);
    return 1;
  }
  if (count->executed() == 0) {
    std::printf("%s: no cell can run here\n", suite);
    return 1;
  }
  return failed;
}

}  // namespace rota::testing_cells

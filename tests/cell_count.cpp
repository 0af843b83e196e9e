#include "cell_count.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace rota::testing_cells {
namespace {

class CellCount : public testing::EmptyTestEventListener {
 public:
  explicit CellCount(const char* suite) : suite_(suite) {}

  void OnTestEnd(const testing::TestInfo& test) override {
    if (test.result()->Skipped()) {
      ++cannot_run_;
    } else {
      ++executed_;
    }
  }
  void OnTestProgramEnd(const testing::UnitTest&) override {
    std::printf("%s: %d cells executed, %d cannot run\n", suite_, executed_, cannot_run_);
    if (const char* path = std::getenv("ROTA_CELL_COUNT")) {
      std::ofstream(path) << executed_ << ' ' << cannot_run_ << '\n';
    }
  }
  [[nodiscard]] int executed() const { return executed_; }

 private:
  const char* suite_;
  int executed_ = 0;
  int cannot_run_ = 0;
};

}  // namespace

int run_cells(const char* suite, const char* expected) {
  testing::UnitTest& tests = *testing::UnitTest::GetInstance();
  auto* count = new CellCount(suite);  // GoogleTest owns and deletes it
  tests.listeners().Append(count);
  const int failed = RUN_ALL_TESTS();
  if (tests.test_to_run_count() != tests.total_test_count()) return failed;
  int least = -1;
  std::ifstream(expected) >> least;
  if (least >= 0 && count->executed() >= least) return failed;
  std::printf("%s: at least %d cells have to be executed\n", suite, least);
  return 1;
}

}  // namespace rota::testing_cells

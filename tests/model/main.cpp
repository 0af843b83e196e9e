#include "model/explorer.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace rota::model {
namespace {

// Records how many executions each test explored, and leaves the number in a file of the test's own
// in the folder that the environment names: one more entry of ctest adds them up.
class ExecutionCount : public testing::EmptyTestEventListener {
 public:
  void OnTestStart(const testing::TestInfo&) override { before_ = executions_so_far(); }

  void OnTestEnd(const testing::TestInfo& test) override {
    const std::uint64_t explored = executions_so_far() - before_;
    testing::Test::RecordProperty("executions", std::to_string(explored));
    if (const char* folder = std::getenv("ROTA_MODEL_COUNT")) {
      const std::string name = std::string(test.test_suite_name()) + "." + test.name();
      std::ofstream(std::filesystem::path(folder) / name) << explored << '\n';
    }
  }

 private:
  std::uint64_t before_ = 0;
};

}  // namespace
}  // namespace rota::model

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  // GoogleTest owns and deletes it.
  testing::UnitTest::GetInstance()->listeners().Append(new rota::model::ExecutionCount);
  return RUN_ALL_TESTS();
}

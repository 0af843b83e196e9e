#include "cli/lab/matrix_chart.hpp"
#include "cli/lab/throughput_chart.hpp"
#include "cli/lab/workloads.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

namespace rota::cli {
namespace {

std::size_t times_in(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    count += 1;
  }
  return count;
}

Cell drawn_cell(const char* driver, double cpu_ns) {
  Cell cell;
  cell.workload = &workloads.front();
  cell.setup.driver = *find_driver(driver);
  Sample sample;
  sample.operations_per_s = 100'000;
  sample.cpu_ns = cpu_ns;
  sample.p50_ns = sample.p99_ns = sample.p999_ns = 400'000;
  cell.samples = {sample};
  return cell;
}

LabResults drawn_results() {
  LabResults results;
  results.baseline = "epoll";
  Cell refused = drawn_cell("select", 0);
  refused.samples.clear();
  refused.refusal = "no <descriptor> left";
  results.cells = {refused, drawn_cell("poll", 8'000), drawn_cell("epoll", 4'000),
                   drawn_cell("uring", 2'000)};
  return results;
}

/// Where the labels of a picture stand, from top to bottom.
std::vector<double> label_heights(const std::string& picture) {
  std::vector<double> heights;
  for (std::size_t at = picture.find("<g class=\"mark\">"); at != std::string::npos;
       at = picture.find("<g class=\"mark\">", at + 1)) {
    const std::size_t label = picture.find("<text", at);
    heights.push_back(std::stod(picture.substr(picture.find("y=\"", label) + 3)));
  }
  return heights;
}

TEST(MatrixChart, HasTheBaselinesCostTheOthersRatiosAndTheReasonForWhatIsMissing) {
  const std::string matrix = matrix_chart(drawn_results());
  for (const char* shown : {">4.00 µs</text>", ">2.00</text>", ">0.50</text>", ">(1)</text>",
                            "(1) not measured: no &lt;descriptor&gt; left", ">echo-64</text>"}) {
    EXPECT_EQ(times_in(matrix, shown), 1U) << shown;
  }
  EXPECT_EQ(times_in(matrix, "<rect class=\"much-less\""), 2U) << "a cell and its legend";
}

TEST(MatrixChart, WithoutTheBaselineHasTheCosts) {
  LabResults results = drawn_results();
  results.cells[2].samples.clear();
  const std::string matrix = matrix_chart(results);
  EXPECT_EQ(times_in(matrix, ">8.00 µs</text>"), 1U);
  EXPECT_EQ(times_in(matrix, ">2.00 µs</text>"), 1U);
}

TEST(ThroughputChart, HasAMarkForEverySetupThatWasMeasured) {
  const LabResults results = drawn_results();
  const std::string picture =
      throughput_chart(results.cells_of(workloads.front()), results.baseline);
  EXPECT_EQ(times_in(picture, "<g class=\"mark\">"), 3U);
  EXPECT_EQ(times_in(picture, "<circle class=\"dot\""), 1U) << "the baseline";
  EXPECT_EQ(times_in(picture, "p99 of the round trip"), 1U);
  EXPECT_EQ(times_in(picture, "echoes per second"), 1U);
}

TEST(ThroughputChart, LabelsOfMarksInOnePlaceStandApart) {
  LabResults results;
  for (const DriverChoice& driver : measured_drivers) {
    for (const WaitingChoice& waiting : waiting_choices) {
      Cell cell = drawn_cell(driver.name.data(), 1'000);
      cell.setup.waiting = waiting;
      results.cells.push_back(cell);
    }
  }
  const auto heights = label_heights(throughput_chart(results.cells_of(workloads.front()), ""));
  ASSERT_EQ(heights.size(), results.cells.size());
  for (std::size_t i = 1; i < heights.size(); ++i) EXPECT_GE(heights[i] - heights[i - 1], 14);
}

}  // namespace
}  // namespace rota::cli

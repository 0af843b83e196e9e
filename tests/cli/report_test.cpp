#include "cli/columns.hpp"
#include "cli/json_writer.hpp"
#include "cli/lab/cell_report.hpp"
#include "cli/lab/quantity.hpp"
#include "cli/lab/reports.hpp"
#include "cli/lab/workloads.hpp"

#include <gtest/gtest.h>

#include <string>

namespace rota::cli {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Sample sample_of(unsigned round, double cpu_ns, double generator_busy) {
  Sample sample;
  sample.round = round;
  sample.operations_per_s = 100'000;
  sample.cpu_ns = cpu_ns;
  sample.p50_ns = 400'000;
  sample.p99_ns = 900'000;
  sample.p999_ns = 2'000'000;
  sample.generator_busy = generator_busy;
  return sample;
}

Cell cell_of(const char* driver) {
  Cell cell;
  cell.workload = &workloads.front();
  cell.setup.driver = *find_driver(driver);
  return cell;
}

/// Three drivers: measured, measured and generator-bound, refused.
LabResults made_up_results() {
  LabResults results;
  results.baseline = "epoll";
  results.rounds_planned = 3;
  results.configuration = {{"Machine", "a <machine> & more"}};
  Cell epoll = cell_of("epoll");
  epoll.samples = {sample_of(0, 5'000, 0.5), sample_of(1, 6'000, 0.5), sample_of(2, 7'000, 0.5)};
  epoll.syscalls = SyscallCount{2.05, "tracepoint"};
  Cell uring = cell_of("uring");
  uring.samples = {sample_of(0, 2'500, 0.97), sample_of(1, 3'000, 0.99), sample_of(2, 7'000, 0.9)};
  uring.syscalls_refusal = "no tracepoint; no ptrace";
  Cell select = cell_of("select");
  select.usable = false;
  select.refusal = "select has no \"descriptor\" <left>";
  results.cells = {select, epoll, uring};
  return results;
}

TEST(LabResults, TheSpreadIsTheMedianAndTheEnds) {
  const LabResults results = made_up_results();
  const auto cpu = spread_of(results.cells[1], &Sample::cpu_ns);
  ASSERT_TRUE(cpu);
  EXPECT_EQ(cpu->median, 6'000);
  EXPECT_EQ(cpu->least, 5'000);
  EXPECT_EQ(cpu->most, 7'000);
  EXPECT_FALSE(spread_of(results.cells[0], &Sample::cpu_ns));
}

TEST(LabResults, ARatioIsTakenWithinEachRound) {
  const LabResults results = made_up_results();
  const Cell* baseline = results.baseline_of(results.cells[2]);
  ASSERT_EQ(baseline, &results.cells[1]);
  const auto ratio = ratio_of(results.cells[2], *baseline, &Sample::cpu_ns);
  ASSERT_TRUE(ratio);
  EXPECT_EQ(ratio->median, 0.5);
  EXPECT_EQ(ratio->most, 1.0);
}

TEST(LabResults, ARoundThatTheBaselineLacksGivesNoRatio) {
  LabResults results = made_up_results();
  results.cells[1].samples.erase(results.cells[1].samples.begin(),
                                 results.cells[1].samples.begin() + 2);
  const auto ratio = ratio_of(results.cells[2], results.cells[1], &Sample::cpu_ns);
  ASSERT_TRUE(ratio);
  EXPECT_EQ(ratio->least, ratio->most);
  EXPECT_EQ(ratio->median, 1.0);
}

TEST(LabResults, ACellIsGeneratorBoundWhenHalfOfItsRoundsAre) {
  const LabResults results = made_up_results();
  EXPECT_FALSE(results.cells[0].generator_bound());
  EXPECT_FALSE(results.cells[1].generator_bound());
  EXPECT_TRUE(results.cells[2].generator_bound());
}

TEST(LabResults, ACellIsDisturbedWhenHalfOfItsRoundsAre) {
  LabResults results = made_up_results();
  Cell& epoll = results.cells[1];
  EXPECT_FALSE(epoll.disturbed());
  epoll.samples[0].waited_share = 0.3;
  EXPECT_FALSE(epoll.disturbed());
  epoll.samples[2].waited_share = 0.11;
  EXPECT_TRUE(epoll.disturbed());
}

TEST(LabResults, AreCompleteWhenEveryUsableCellWasMeasured) {
  LabResults results = made_up_results();
  EXPECT_TRUE(results.complete()) << "select cannot be used here, which is no failure";
  results.cells[1].refusal = "its process ended with status 1";
  EXPECT_FALSE(results.complete()) << "a round failed";
  results.cells[1].samples.clear();
  EXPECT_FALSE(results.complete()) << "every round failed";
  results.cells[1].refusal.clear();
  results.cells[2].samples.clear();
  EXPECT_FALSE(results.complete()) << "nothing was measured";
}

TEST(Reports, MarkWhatWasDisturbedAndExplainTheMark) {
  LabResults results = made_up_results();
  EXPECT_FALSE(contains(to_html(results), "‡"));
  for (Sample& sample : results.cells[1].samples) sample.waited_share = 0.5;
  testing::internal::CaptureStdout();
  print_table(results);
  EXPECT_TRUE(contains(testing::internal::GetCapturedStdout(), "‡ disturbed"));
  EXPECT_TRUE(contains(to_html(results), "‡ disturbed"));
  EXPECT_TRUE(contains(to_json(results), "\"disturbed\": true"));
}

TEST(HtmlReport, RefersToNothingOutside) {
  const std::string page = to_html(made_up_results());
  for (const char* outside : {"http:", "https:", "src=", "href=", "@import", "url("}) {
    EXPECT_FALSE(contains(page, outside)) << outside;
  }
}

TEST(HtmlReport, ShowsEveryDriverTheFiguresAndWhyOneIsMissing) {
  const std::string page = to_html(made_up_results());
  EXPECT_TRUE(contains(page, "<svg"));
  EXPECT_TRUE(contains(page, "io_uring pinned"));
  EXPECT_TRUE(contains(page, "6.00 µs"));
  EXPECT_TRUE(contains(page, "5.00–7.00 µs"));
  EXPECT_TRUE(contains(page, "†"));
  EXPECT_TRUE(contains(page, "select has no &quot;descriptor&quot; &lt;left&gt;"));
  EXPECT_TRUE(contains(page, "no tracepoint; no ptrace"));
  EXPECT_TRUE(contains(page, "a &lt;machine&gt; &amp; more"));
}

TEST(HtmlReport, SaysThatResultsArePartial) {
  LabResults results = made_up_results();
  EXPECT_FALSE(contains(to_html(results), "partial results"));
  results.cut_short = "interrupted";
  EXPECT_TRUE(contains(to_html(results), "partial results: interrupted"));
}

TEST(HtmlReport, TheTerminalAndThePageUseTheSameNumbers) {
  testing::internal::CaptureStdout();
  const LabResults results = made_up_results();
  print_table(results);
  const std::string table = testing::internal::GetCapturedStdout();
  const std::string page = to_html(results);
  for (const char* figure : {"6.00 µs", "5.00–7.00 µs", "0.50", "400 µs", "2.00 ms", "2.05"}) {
    EXPECT_TRUE(contains(table, figure)) << figure;
    EXPECT_TRUE(contains(page, figure)) << figure;
  }
}

TEST(Quantity, HasThreeDigitsAndAUnit) {
  EXPECT_EQ(format_ns(412), "412 ns");
  EXPECT_EQ(format_ns(999.6), "1.00 µs");
  EXPECT_EQ(format_ns(6'120), "6.12 µs");
  EXPECT_EQ(format_ns(12'345'678), "12.3 ms");
  EXPECT_EQ(format_ns_range(950, 1'100), "0.95–1.10 µs");
  EXPECT_EQ(format_rate(161'400), "161 k");
  EXPECT_EQ(format_rate(1'240'000), "1.24 M");
  EXPECT_EQ(format_figure(0.031), "0.031");
}

TEST(CellReport, SurvivesItsLine) {
  const CellReport report{.operations = 1,
                          .window_ns = 2,
                          .cpu_ns = 3,
                          .wait_ns = 4,
                          .p50_ns = 5,
                          .p99_ns = 6,
                          .p999_ns = 7,
                          .device_bytes = 8};
  const auto parsed = CellReport::parse(report.to_line());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->operations, 1U);
  EXPECT_EQ(parsed->wait_ns, 4U);
  EXPECT_EQ(parsed->p999_ns, 7U);
  EXPECT_EQ(parsed->device_bytes, 8U);
  EXPECT_FALSE(CellReport::parse("error no driver"));
  EXPECT_FALSE(CellReport::parse("measured 1 2 3 4 5 6 7"));
}

TEST(JsonWriter, QuotesAndPlacesCommas) {
  JsonWriter json;
  json.begin_object();
  json.field("a", "\"\\\n");
  json.key("b");
  json.begin_array();
  json.whole(1);
  json.null();
  json.end_array();
  json.key("c");
  json.begin_object();
  json.end_object();
  json.end_object();
  EXPECT_EQ(json.take(),
            "{\n  \"a\": \"\\\"\\\\\\u000a\",\n  \"b\": [\n    1,\n    null\n  ],\n"
            "  \"c\": {}\n}\n");
}

TEST(Columns, CountCharactersAndWrapAtSpaces) {
  EXPECT_EQ(columns_of("µs–"), 3U);
  EXPECT_EQ(pad_left("µs", 4), "  µs");
  const auto lines = wrap("one two three", 7);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], "one two");
  EXPECT_EQ(lines[1], "three");
}

}  // namespace
}  // namespace rota::cli

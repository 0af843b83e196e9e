// What `rota lab contention` makes of figures.

#include "cli/lab/contention.hpp"

#include <gtest/gtest.h>

#include <string>

namespace rota::cli {
namespace {

ContentionReport two_structures() {
  return {"CPU 0 and CPU 1",
          {{"counter", "on one line", false, {20.0, 90.0, std::nullopt, 60.0}, 0.9},
           {"counter", "padded", true, {10.0, 30.0, 10.0, std::nullopt}, 0.9},
           {"queue", "on one line", false, {50.0, 40.0, 45.0, 50.0}, 0.9},
           {"queue", "padded", true, {5.0, 5.0, 5.0, 5.0}, 0.9},
           {"alone", "on one line", false, {1.0, 1.0, 1.0, 1.0}, 0.9}}};
}

TEST(ContentionRatio, is_of_the_rounds_that_both_layouts_have) {
  const ContentionReport report = two_structures();
  const auto ratio = ratio_to_padded(report, report.cases[0]);
  ASSERT_TRUE(ratio.has_value());
  EXPECT_EQ(ratio->least, 2.0);
  EXPECT_EQ(ratio->most, 3.0);
  EXPECT_EQ(ratio->median, 2.5);
}

TEST(ContentionRatio, is_to_the_padded_layout_of_the_same_structure) {
  const ContentionReport report = two_structures();
  EXPECT_EQ(ratio_to_padded(report, report.cases[2])->median, 9.5);
  EXPECT_EQ(ratio_to_padded(report, report.cases[3])->median, 1.0);
  EXPECT_FALSE(ratio_to_padded(report, report.cases[4]).has_value()) << "it has none";
}

TEST(ContentionDocument, has_a_null_where_there_is_no_figure) {
  ContentionReport report = two_structures();
  report.cases[0].ns_per_operation = {std::nullopt};
  report.cases.resize(1);
  const std::string text = to_json(report, {{"Machine", "this one"}});
  for (const char* part :
       {"\"Machine\": \"this one\"", "\"structure\": \"counter\"", "\"ns_per_operation\": null",
        "\"ratio_to_padded\": null", "\"padded\": false"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " is not in " << text;
  }
}

}  // namespace
}  // namespace rota::cli

#pragma once

#include "model/explorer.hpp"

#include <gtest/gtest.h>

#include <iostream>

namespace rota::model {

// The model holds under every execution within its bounds.
inline void expect_holds(const Report& report) {
  EXPECT_FALSE(report.failure);
  EXPECT_TRUE(report.complete);
  std::cout << report << "\n";
}

// An exploration of which a build that is slow, for a sanitizer or another compiler, does a share.
inline Report explore_large(Options options, const Scenario& scenario) {
  options.max_executions /= ROTA_MODEL_SHARE;
  options.runs /= ROTA_MODEL_SHARE;
  return explore(options, scenario);
}

inline void expect_holds_as_far_as_explored(const Report& report) {
  EXPECT_FALSE(report.failure);
  std::cout << report << "\n";
}

// The explorer finds what was planted, as the failure it must show as.
inline void expect_found(const Report& report, Failure::Kind kind) {
  ASSERT_TRUE(report.failure) << report;
  EXPECT_EQ(report.failure->kind, kind) << report;
  std::cout << "found after " << report.executions << " executions: " << report.failure->message
            << "\n";
}

}  // namespace rota::model

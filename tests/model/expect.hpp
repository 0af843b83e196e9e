#pragma once

#include "model/report.hpp"

#include <gtest/gtest.h>

#include <iostream>

namespace rota::model {

// The model holds under every interleaving within its bounds.
inline void expect_holds(const Report& report) {
  EXPECT_FALSE(report.failure);
  EXPECT_TRUE(report.complete);
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

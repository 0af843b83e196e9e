#pragma once

#include "conformance/harness.hpp"
#include "denial.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <string>

namespace rota::conformance {

/// One case of the suite in one cell. A case is written once and knows no driver: what differs
/// between them is in the cell and in the driver's traits.
class Conformance : public testing::TestWithParam<Cell>, protected Harness {
 protected:
  void SetUp() override {
    if (GetParam().is_denied_rings && !testing_denial::names_a_denied_call("io_uring_setup")) {
      GTEST_SKIP() << "cannot run: it is for `denied io_uring_setup=EPERM -- conformance`";
    }
    const std::string refusal = make_driver(GetParam());
    if (!refusal.empty()) GTEST_SKIP() << "cannot run: " << refusal;
  }
  void TearDown() override {
    if (has_driver()) settle_accounts();
  }
};

/// The cell's part of a case's name.
inline std::string name_of(const testing::TestParamInfo<Cell>& instance) {
  return instance.param.name;
}

}  // namespace rota::conformance

#pragma once

#include "driver/uring/uring.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace rota::testing_sockets {

/// Those whose entries the worker itself submits.
inline auto both_profiles() {
  return testing::Values(RingProfile::pinned, RingProfile::movable);
}
/// The name of a test's parameter.
inline std::string profile_name(const testing::TestParamInfo<RingProfile>& profile) {
  return std::string(name_of(profile.param)).substr(sizeof "io_uring");
}

inline RingRequest request_of(RingProfile profile, std::uint32_t entries,
                              std::uint32_t completions) {
  RingRequest request;
  request.profile = profile;
  request.entries = entries;
  request.completion_entries = completions;
  return request;
}

inline std::unique_ptr<UringDriver> made(const RingRequest& request) {
  std::vector<Refusal> refusals;
  auto driver = UringDriver::make(request, refusals);
  std::string reasons;
  for (const Refusal& refusal : refusals) reasons += refusal.reason + '\n';
  EXPECT_TRUE(driver.has_value()) << reasons;
  return driver ? std::move(*driver) : nullptr;
}

}  // namespace rota::testing_sockets

#include "open_fds.hpp"
#include "sim/scenario.hpp"

#include <rota/core/platform.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <set>

namespace rota::simulation {
namespace {

// What a seed finds does not depend on the build, so an instrumented one plays a share of them.
constexpr std::uint64_t kBlockSeeds = address_sanitizer || thread_sanitizer ? 64 : 256;
constexpr std::uint64_t kBlocks = 8;

/// Blocks, so that they run beside each other and each stays far below the time limit.
class Seeds : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Seeds, KeepTheContractTwiceWithTheSameTrace) {
  std::set<std::uint64_t> hashes;
  std::size_t operations = 0;
  for (std::uint64_t i = 0; i < kBlockSeeds; ++i) {
    const std::uint64_t seed = GetParam() * kBlockSeeds + i;
    SCOPED_TRACE("replay with ROTA_SIM_SEED=" + std::to_string(seed));
    const std::size_t fds_before = leaks::open_fds();
    const Verdict first = play(seed);
    ASSERT_EQ(first.violation, "");
    ASSERT_EQ(leaks::open_fds(), fds_before);
    const Verdict second = play(seed);
    ASSERT_EQ(second.violation, "");
    ASSERT_EQ(second.trace_hash, first.trace_hash) << "the seed does not decide everything";
    hashes.insert(first.trace_hash);
    operations += first.operations;
  }
  EXPECT_EQ(hashes.size(), kBlockSeeds) << "two seeds had the same trace";
  RecordProperty("operations", static_cast<int>(operations));
}

INSTANTIATE_TEST_SUITE_P(Blocks, Seeds, testing::Range(std::uint64_t{0}, kBlocks));

}  // namespace
}  // namespace rota::simulation

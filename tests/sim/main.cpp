#include "sim/scenario.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace {

/// ROTA_SIM_SEED=n plays that seed alone and prints all that happened.
int replay(const char* text) {
  char* end = nullptr;
  const std::uint64_t seed = std::strtoull(text, &end, 0);
  if (end == text || *end != '\0') {
    std::fprintf(stderr, "ROTA_SIM_SEED is not a number: %s\n", text);
    return 2;
  }
  const auto verdict =
      rota::simulation::play(seed, rota::simulation::Defect::none, rota::SimTrace::Keep::text);
  std::fputs(verdict.trace_text.c_str(), stdout);
  std::printf("seed %llu: %zu operations, trace %016llx, %s\n",
              static_cast<unsigned long long>(seed), verdict.operations,
              static_cast<unsigned long long>(verdict.trace_hash),
              verdict.violation.empty() ? "contract kept" : verdict.violation.c_str());
  return verdict.violation.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // A pipe without a reader answers EPIPE instead.
  testing::InitGoogleTest(&argc, argv);
  const char* seed = std::getenv("ROTA_SIM_SEED");
  const bool lists_only = testing::GTEST_FLAG(list_tests);
  if (seed != nullptr && !lists_only) return replay(seed);
  return RUN_ALL_TESTS();
}

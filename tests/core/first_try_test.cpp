#include "core/first_try.hpp"

#include <gtest/gtest.h>

namespace rota {
namespace {

/// True: the last of them gave it up, and none before.
bool is_given_up_by_the_last_of(FirstTry& first_try, int misses) {
  for (int i = 1; i < misses; ++i) {
    EXPECT_TRUE(first_try.is_worth_it()) << i;
    EXPECT_FALSE(first_try.miss()) << i;
  }
  EXPECT_TRUE(first_try.is_worth_it());
  return first_try.miss();
}

TEST(FirstTry, what_keeps_missing_is_given_up_but_for_probes) {
  FirstTry first_try;
  EXPECT_TRUE(is_given_up_by_the_last_of(first_try, FirstTry::kMissesInARow));
  for (const int probe : {0, 1}) {
    for (int i = 1; i < FirstTry::kTurnsPerProbe; ++i) EXPECT_FALSE(first_try.is_worth_it());
    EXPECT_TRUE(first_try.is_worth_it()) << probe;
    EXPECT_FALSE(first_try.miss()) << "it is given up once";
  }
}

TEST(FirstTry, a_hit_begins_the_row_of_misses_anew) {
  FirstTry first_try;
  EXPECT_FALSE(is_given_up_by_the_last_of(first_try, FirstTry::kMissesInARow - 1));
  first_try.hit();
  EXPECT_TRUE(is_given_up_by_the_last_of(first_try, FirstTry::kMissesInARow));
}

TEST(FirstTry, a_probe_that_hits_has_all_tried_again) {
  FirstTry first_try;
  EXPECT_TRUE(is_given_up_by_the_last_of(first_try, FirstTry::kMissesInARow));
  while (!first_try.is_worth_it()) {
  }
  first_try.hit();
  EXPECT_FALSE(first_try.is_given_up());
  EXPECT_TRUE(first_try.is_worth_it());
}

}  // namespace
}  // namespace rota

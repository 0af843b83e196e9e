#include "cell_count.hpp"
#include "task/suite.hpp"

#include <gtest/gtest.h>

int main(int count, char** words) {
  testing::InitGoogleTest(&count, words);
  using namespace rota::testing_tasks;
  Suite suite;
  add_budget_scenarios(suite);
  add_channel_scenarios(suite);
  add_event_scenarios(suite);
  add_file_scenarios(suite);
  add_frame_scenarios(suite);
  add_join_scenarios(suite);
  add_runtime_scenarios(suite);
  add_scope_scenarios(suite);
  add_stop_scenarios(suite);
  add_tcp_scenarios(suite);
  add_tcp_option_scenarios(suite);
  add_time_scenarios(suite);
  add_timeout_scenarios(suite);
  add_transfer_scenarios(suite);
  add_watch_scenarios(suite);
  suite.register_tests();
  return rota::testing_cells::run_cells("task_scenarios", ROTA_EXPECTED_CELLS);
}

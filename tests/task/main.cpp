#include "cell_count.hpp"
#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

int main(int count, char** words) {
  testing::InitGoogleTest(&count, words);
  using namespace rota::testing_tasks;
  Suite suite;
  add_as_sender_scenarios(suite);
  add_barrier_scenarios(suite);
  add_blocking_scenarios(suite);
  add_broadcast_scenarios(suite);
  add_budget_scenarios(suite);
  add_channel_scenarios(suite);
  add_condition_variable_scenarios(suite);
  add_copy_end_scenarios(suite);
  add_copy_scenarios(suite);
  add_direct_file_scenarios(suite);
  add_direct_scenarios(suite);
  add_directory_scenarios(suite);
  add_event_scenarios(suite);
  add_file_part_scenarios(suite);
  add_file_scenarios(suite);
  add_file_stream_scenarios(suite);
  add_file_watch_scenarios(suite);
  add_foreign_scenarios(suite);
  add_frame_scenarios(suite);
  add_futex_scenarios(suite);
  add_from_sender_scenarios(suite);
  add_interval_scenarios(suite);
  add_join_scenarios(suite);
  add_load_file_scenarios(suite);
  add_mutex_scenarios(suite);
  add_notify_scenarios(suite);
  add_once_scenarios(suite);
  add_oneshot_scenarios(suite);
  add_poll_fn_scenarios(suite);
  add_process_scenarios(suite);
  add_replace_file_scenarios(suite);
  add_resolver_scenarios(suite);
  add_runtime_scenarios(suite);
  add_scope_scenarios(suite);
  add_select_scenarios(suite);
  add_semaphore_scenarios(suite);
  add_shared_mutex_scenarios(suite);
  add_stop_scenarios(suite);
  add_tcp_option_scenarios(suite);
  add_receive_scenarios(suite);
  add_ahead_scenarios(suite);
  add_tcp_scenarios(suite);
  add_time_scenarios(suite);
  add_timeout_scenarios(suite);
  add_transfer_scenarios(suite);
  add_unbounded_channel_scenarios(suite);
  add_watch_scenarios(suite);
  add_watch_value_scenarios(suite);
  const std::string_view asked = count > 1 ? words[1] : "";
  if (count > 2 || (count == 2 && asked != "--whole-matrix")) {
    std::fprintf(stderr, "usage: %s [--whole-matrix] [GoogleTest's options]\n", words[0]);
    return EXIT_FAILURE;
  }
  const bool whole = count == 2;
  suite.register_tests(whole ? Matrix::whole : Matrix::pairwise);
  return rota::testing_cells::run_cells("task_scenarios", whole ? nullptr : ROTA_EXPECTED_CELLS);
}

#pragma once

#include "task/script.hpp"

#include <rota/rota.hpp>

#include <chrono>
#include <cstddef>
#include <string_view>
#include <vector>

namespace rota::testing_tasks {

/// What a scenario may know of where it runs.
struct World {
  Runtime& runtime;
  const Config& config;
  DriverKind driver;
};

/// Instrumented builds repeat less: each round costs them ten times as much.
[[nodiscard]] constexpr std::size_t rounds(std::size_t plain) noexcept {
  return address_sanitizer || thread_sanitizer ? plain / 10 : plain;
}

/// For a scenario that cannot run here; it returns afterwards.
void skip_here(std::string_view reason);

/// Longer than any scenario.
inline constexpr Duration kForEver = Duration(std::chrono::hours(24));

/// What a wait came to: 0, or its errno.
template <class T>
[[nodiscard]] int code_of(const Result<T>& result) {
  return result ? 0 : result.error().value();
}

/// What a scenario takes for granted of the order in which tasks run. `queue`: that those which are
/// ready run in turn, so that after a yield all others have come as far as they can. Where workers
/// steal that is not so.
enum class RunOrder : bool { any, queue };

/// A behaviour of tasks, once as a coroutine and once as a fiber.
struct Scenario {
  const char* name;
  RunOrder order;
  Task<void> (*coroutine)(World);
  Script<void> (*fiber)(World);
};

/// Which columns: those of continuous integration, or all that there can be.
enum class Matrix : bool { pairwise, whole };

/// Every scenario runs for every driver and both kinds of task; after each the runtime is shut
/// down and the ledger must be at its baseline.
class Suite {
 public:
  void add(const char* name, Task<void> (*coroutine)(World), Script<void> (*fiber)(World),
           RunOrder order = RunOrder::any) {
    scenarios_.push_back({name, order, coroutine, fiber});
  }
  /// Hands every scenario to GoogleTest, once per column and kind of task.
  void register_tests(Matrix matrix) const;

 private:
  std::vector<Scenario> scenarios_;
};

void add_as_sender_scenarios(Suite& suite);
void add_barrier_scenarios(Suite& suite);
void add_blocking_scenarios(Suite& suite);
void add_broadcast_scenarios(Suite& suite);
void add_budget_scenarios(Suite& suite);
void add_channel_scenarios(Suite& suite);
void add_condition_variable_scenarios(Suite& suite);
void add_copy_end_scenarios(Suite& suite);
void add_copy_scenarios(Suite& suite);
void add_direct_file_scenarios(Suite& suite);
void add_direct_scenarios(Suite& suite);
void add_directory_scenarios(Suite& suite);
void add_event_scenarios(Suite& suite);
void add_file_part_scenarios(Suite& suite);
void add_file_scenarios(Suite& suite);
void add_file_stream_scenarios(Suite& suite);
void add_file_watch_scenarios(Suite& suite);
void add_foreign_scenarios(Suite& suite);
void add_frame_scenarios(Suite& suite);
void add_futex_scenarios(Suite& suite);
void add_from_sender_scenarios(Suite& suite);
void add_interval_scenarios(Suite& suite);
void add_join_scenarios(Suite& suite);
void add_load_file_scenarios(Suite& suite);
void add_mutex_scenarios(Suite& suite);
void add_notify_scenarios(Suite& suite);
void add_once_scenarios(Suite& suite);
void add_oneshot_scenarios(Suite& suite);
void add_poll_fn_scenarios(Suite& suite);
void add_process_scenarios(Suite& suite);
void add_replace_file_scenarios(Suite& suite);
void add_resolver_scenarios(Suite& suite);
void add_runtime_scenarios(Suite& suite);
void add_scope_scenarios(Suite& suite);
void add_select_scenarios(Suite& suite);
void add_semaphore_scenarios(Suite& suite);
void add_shared_mutex_scenarios(Suite& suite);
void add_stop_scenarios(Suite& suite);
void add_tcp_option_scenarios(Suite& suite);
void add_ahead_scenarios(Suite& suite);
void add_receive_scenarios(Suite& suite);
void add_tcp_scenarios(Suite& suite);
void add_time_scenarios(Suite& suite);
void add_timeout_scenarios(Suite& suite);
void add_transfer_scenarios(Suite& suite);
void add_unbounded_channel_scenarios(Suite& suite);
void add_watch_scenarios(Suite& suite);
void add_watch_value_scenarios(Suite& suite);

}  // namespace rota::testing_tasks

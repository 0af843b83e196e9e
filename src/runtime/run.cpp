// `rota::run`: a runtime for a program's whole life, which drains when it is told to end.

#include <rota/runtime.hpp>
#include <rota/signal.hpp>

#include "sched/thrown.hpp"

#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>
#include <vector>

namespace rota::inline v0 {

namespace {

Task<Result<SignalWatch>> watch_for_the_end() { co_return SignalWatch::open({SIGINT, SIGTERM}); }

Task<bool> stop_when_seen(Runtime& runtime, Result<SignalWatch> watch) {
  if (!watch) co_return false;
  Result<int> signal = co_await watch->next();
  if (!signal) co_return false;
  runtime.request_stop();
  co_return true;
}

}  // namespace

Task<bool> stop_on_signal(Runtime& runtime) {
  Result<SignalWatch> watch = SignalWatch::open({SIGINT, SIGTERM});
  Task<bool> stopper = stop_when_seen(runtime, std::move(watch));
  bool stopped = co_await std::move(stopper);
  co_return stopped;
}

namespace {

template <class T>
int run_and_report(Task<T> main, const Config& config, std::source_location site) {
  std::vector<RefusedDriver> refused;
  auto runtime = Runtime::make(config, refused);
  if (!runtime) {
    std::fprintf(stderr, "rota: cannot start: %s\n", runtime.error().message().c_str());
    for (const RefusedDriver& each : refused) {
      std::fprintf(stderr, "  %s: %s\n", each.mechanism.c_str(), each.reason.c_str());
    }
    return EXIT_FAILURE;
  }
  // A peer that is gone is an error of the write (EPIPE), not the end of the program.
  ::signal(SIGPIPE, SIG_IGN);
  // Before `main` begins, wherever that is: a signal that it sends itself is one of them.
  Result<SignalWatch> watch = runtime->block_on(watch_for_the_end());
  JoinHandle<bool> stopper =
      runtime->spawn(stop_when_seen(*runtime, std::move(watch)), SpawnOptions("signals"));
  int status = EXIT_FAILURE;
  try {
    if constexpr (std::is_void_v<T>) {
      runtime->block_on(std::move(main), site);
      status = EXIT_SUCCESS;
    } else {
      status = runtime->block_on(std::move(main), site);
    }
  } catch (...) {
    const std::exception_ptr error = std::current_exception();
    if (stopper.is_done() && stopper.take() && says_canceled(error)) {
      status = EXIT_SUCCESS;
    } else {
      std::fprintf(stderr, "rota: %s\n", text_of(error).c_str());
    }
  }
  runtime->shutdown();
  return status;
}

}  // namespace

int run(Task<int> main, const Config& config, std::source_location site) {
  return run_and_report(std::move(main), config, site);
}

int run(Task<void> main, const Config& config, std::source_location site) {
  return run_and_report(std::move(main), config, site);
}

}  // namespace rota::inline v0

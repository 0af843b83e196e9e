#include "cell.hpp"

#include "cell_tasks.hpp"

#include <rota/runtime.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>

namespace rota::cli {
namespace {

/// Ends the process when stdin is closed, without a thread or a watched descriptor, which would
/// disturb what is measured: a pipe with O_ASYNC sends a signal when its other end goes away.
void end_with_stdin() {
  struct sigaction action{};
  action.sa_handler = [](int) { ::_exit(0); };
  ::sigaction(SIGIO, &action, nullptr);
  const int flags = ::fcntl(STDIN_FILENO, F_GETFL);
  if (flags < 0 || ::fcntl(STDIN_FILENO, F_SETOWN, ::getpid()) != 0) return;
  ::fcntl(STDIN_FILENO, F_SETFL, flags | O_ASYNC);
}

int refuse(const char* what) {
  std::printf("error %s\n", what);
  return 1;
}

int run_on(Runtime& runtime, const CellOptions& options) {
  const WorkloadKind kind = options.workload->kind;
  if (is_served(kind)) {
    end_with_stdin();
    runtime.block_on(serve(options));
    return 0;
  }
  Window window(options);
  if (kind == WorkloadKind::read) {
    runtime.block_on(read_randomly(options, window));
  } else if (kind == WorkloadKind::sleep) {
    runtime.block_on(sleep_again_and_again(options, window));
  } else {
    runtime.block_on(set_and_call_off(options, window));
  }
  std::printf("%s\n", window.report().to_line().c_str());
  return 0;
}

}  // namespace

void await_gate() {
  std::puts("ready");
  std::fflush(stdout);
  if (std::getchar() == EOF) ::_exit(0);  // The lab has gone.
}

int run_cell(const CellOptions& options) {
  auto runtime = Runtime::make(options.setup.config(options.spin_us));
  if (!runtime) return refuse(runtime.error().message().c_str());
  int status = 0;
  try {
    status = run_on(*runtime, options);
  } catch (const std::exception& error) {
    status = refuse(error.what());
  }
  std::fflush(stdout);
  return status;
}

}  // namespace rota::cli

#include "base/broken_pipe.hpp"

#include <signal.h>

namespace rota::inline v0 {

void ignore_broken_pipes() noexcept {
  struct sigaction action{};
  if (::sigaction(SIGPIPE, nullptr, &action) != 0) return;
  const bool asked_for_nothing =
      (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_DFL;
  if (asked_for_nothing) ::signal(SIGPIPE, SIG_IGN);
}

}  // namespace rota::inline v0

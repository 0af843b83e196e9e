#include "interrupt.hpp"

#include <csignal>

namespace rota::cli {
namespace {

volatile std::sig_atomic_t noted = 0;  // written by the handler alone

}  // namespace

void note_interrupts() noexcept {
  struct sigaction action{};
  action.sa_handler = [](int) { noted = 1; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() noexcept { return noted != 0; }

}  // namespace rota::cli

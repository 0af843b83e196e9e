#include "progress.hpp"

#include "cli/load/monotonic.hpp"

#include <unistd.h>

#include <cstdio>

namespace rota::cli {

Progress::Progress(unsigned steps)
    : steps_(steps), terminal_(::isatty(STDERR_FILENO) == 1), started_ns_(monotonic_ns()) {}

Progress::~Progress() { end(); }

void Progress::step(const std::string& what) {
  const double taken_s = static_cast<double>(monotonic_ns() - started_ns_) / ns_per_s;
  char text[96];
  if (begun_ == 0) {
    std::snprintf(text, sizeof text, "[%3u/%u]", begun_ + 1, steps_);
  } else {
    const double left_s = taken_s / begun_ * (steps_ - begun_);
    std::snprintf(text, sizeof text, "[%3u/%u] %3.0f s left", begun_ + 1, steps_, left_s);
  }
  begun_ += 1;
  show(std::string(text) + "  " + what);
}

void Progress::note(const std::string& what) { show(what); }

void Progress::end() {
  if (terminal_) std::fputs("\r\033[K", stderr);
  terminal_ = false;
}

void Progress::show(const std::string& line) {
  if (terminal_) {
    std::fprintf(stderr, "\r\033[K%s", line.c_str());
  } else {
    std::fprintf(stderr, "%s\n", line.c_str());
  }
  std::fflush(stderr);
}

}  // namespace rota::cli

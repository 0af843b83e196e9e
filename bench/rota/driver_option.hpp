#pragma once

#include "cli/driver_choice.hpp"

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace rota::bench {

/// The value of `--driver NAME` at `place` of the arguments, or the best driver where they end.
/// Anything else is refused with exit status 2.
inline Config config_of(int argc, char** argv, int place) {
  Config config;
  if (argc == place) return config;
  const bool named = argc == place + 2 && std::string_view(argv[place]) == "--driver";
  const cli::DriverChoice* driver = named ? cli::find_driver(argv[place + 1]) : nullptr;
  if (driver == nullptr) {
    std::fprintf(stderr,
                 "%s: expected --driver select|poll|epoll|uring|uring-movable|best at the end\n",
                 argv[0]);
    std::exit(2);
  }
  config.driver = driver->config();
  return config;
}

}  // namespace rota::bench

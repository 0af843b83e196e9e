#pragma once

#include "cli/driver_choice.hpp"
#include "cli/engine_choice.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

namespace rota::bench {

inline std::optional<SchedulerKind> find_scheduler(std::string_view name) {
  constexpr std::array kinds{std::pair{std::string_view("single"), SchedulerKind::single},
                             std::pair{std::string_view("per-core"), SchedulerKind::per_core},
                             std::pair{std::string_view("stealing"), SchedulerKind::stealing}};
  for (const auto& [known, kind] : kinds) {
    if (known == name) return kind;
  }
  return std::nullopt;
}

/// Takes one option with its value into the configuration; false when it is none.
inline bool take_option(Config& config, std::string_view name, std::string_view value) {
  if (name == "--driver") {
    const cli::DriverChoice* driver = cli::find_driver(value);
    if (driver == nullptr) return false;
    const DriverConfig before = config.driver;
    config.driver = driver->config();
    config.driver.files = before.files;
    config.driver.device_polling = before.device_polling;
    config.driver.aio_notification = before.aio_notification;
    return true;
  }
  if (name == "--files") {
    const cli::EngineChoice* engine = cli::find_engine(value);
    if (engine == nullptr) return false;
    engine->put_into(config.driver);
    return true;
  }
  if (name == "--scheduler") {
    const auto kind = find_scheduler(value);
    if (kind) config.scheduler.kind = *kind;
    return kind.has_value();
  }
  if (name == "--wakes") {
    config.driver.message_wakes = value == "message";
    return value == "message" || value == "eventfd";
  }
  if (name != "--workers") return false;
  const char* end = value.data() + value.size();
  const auto [stopped, error] = std::from_chars(value.data(), end, config.scheduler.workers);
  return error == std::errc() && stopped == end;
}

/// The options from `place` of the arguments on. Anything else is refused with exit status 2.
inline Config config_of(int argc, char** argv, int place) {
  Config config;
  for (; place + 1 < argc; place += 2) {
    if (!take_option(config, argv[place], argv[place + 1])) break;
  }
  if (place < argc) {
    std::fprintf(stderr,
                 "%s: expected at the end, in any order: --driver "
                 "select|poll|epoll|linux-aio|uring|uring-movable|uring-sqpoll|best, "
                 "--files best|pool|linux-aio|uring|uring-polled|uring-hybrid|posix-aio|"
                 "posix-aio-signal|posix-aio-thread, "
                 "--scheduler single|per-core|stealing, --workers N, --wakes eventfd|message\n",
                 argv[0]);
    std::exit(2);
  }
  return config;
}

}  // namespace rota::bench

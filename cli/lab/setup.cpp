#include "setup.hpp"

#include <algorithm>

namespace rota::cli {
namespace {

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

bool is_named(const SetupWords& words, const DriverChoice& driver, const EngineChoice& engine) {
  const bool is_default = &engine == &engine_choices.front();
  const bool driver_is_named = words.drivers.empty() ? is_measured_unasked(driver)
                                                     : contains(words.drivers, driver.name);
  const bool engine_is_named =
      words.files.empty() ? is_default : contains(words.files, engine.name);
  const std::string both = std::string(driver.name) + '+' + std::string(engine.name);
  return (driver_is_named && engine_is_named) || contains(words.drivers, both);
}

/// The reason that the probe gives against a mechanism, or nothing.
std::string refusal_in(const std::vector<Capability>& capabilities, std::string_view group,
                       std::string_view mechanism) {
  for (const Capability& capability : capabilities) {
    if (capability.group != group || capability.name != mechanism) continue;
    if (capability.available == Availability::no) return capability.detail;
  }
  return {};
}

}  // namespace

std::string Setup::name() const {
  std::string text(driver.name);
  if (files.files != FileEngineKind::best) text += '+' + std::string(files.name);
  if (waiting.waiting != Waiting::block) text += '/' + std::string(waiting.name);
  return text;
}

std::string Setup::title() const {
  const std::string named = name();
  return named == driver.name ? std::string(driver.title) : named;
}

Config Setup::config(std::uint32_t spin_us) const {
  Config config;
  config.driver = driver.config();
  files.put_into(config.driver);
  config.scheduler.waiting = waiting.waiting;
  config.scheduler.spin_us = spin_us;
  return config;
}

std::vector<Setup> setups_of(const SetupWords& words) {
  std::vector<Setup> setups;
  for_each_driver([&](const DriverChoice& driver) {
    for (const EngineChoice& engine : engine_choices) {
      if (!is_named(words, driver, engine)) continue;
      for (const WaitingChoice& waiting : waiting_choices) {
        const bool is_default = words.waiting.empty() && waiting.waiting == Waiting::block;
        if (is_default || contains(words.waiting, waiting.name)) {
          setups.push_back({driver, engine, waiting});
        }
      }
    }
  });
  return setups;
}

std::string refusal_of_driver(const std::string& word) {
  const std::size_t plus = word.find('+');
  const std::string driver = word.substr(0, plus);
  const bool is_whole = plus == std::string::npos;
  const bool has_engine = is_whole || find_engine(word.substr(plus + 1)) != nullptr;
  if (has_engine && driver != best_driver.name && find_driver(driver) != nullptr) return {};
  std::string text = "'" + word + "' is no driver: name";
  for_each_driver([&](const DriverChoice& choice) {
    text += ' ' + std::string(choice.name) + ',';
  });
  text.back() = ';';
  text += " with another engine for its files:";
  for (const EngineChoice& choice : engine_choices) {
    if (choice.files != FileEngineKind::best) text += " epoll+" + std::string(choice.name) + ',';
  }
  text.pop_back();
  return text;
}

std::string refusal_of(const DriverChoice& driver, const std::vector<Capability>& capabilities) {
  return refusal_in(capabilities, "driver", driver.mechanism);
}

std::string refusal_of(const DriverChoice& driver, std::uint32_t connections) {
  constexpr std::uint32_t other_descriptors = 16;  // the listener, the driver's, the standard ones
  const std::uint32_t most = driver.most_descriptors;
  if (most == 0 || connections + other_descriptors <= most) return {};
  return std::string(driver.title) + " waits for descriptors below " + std::to_string(most) +
         " only: ask for fewer than " + std::to_string(connections) +
         " connections with --connections";
}

std::string refusal_of(const Setup& setup, const Workload& workload,
                       const std::vector<Capability>& capabilities) {
  std::string refusal = refusal_of(setup.driver, capabilities);
  if (!refusal.empty()) return refusal;
  refusal = refusal_in(capabilities, "file engine", setup.files.mechanism);
  if (!refusal.empty()) return refusal;
  const bool reads = workload.kind == WorkloadKind::read;
  if (setup.files.files != FileEngineKind::best && !reads) {
    return "it reads no file, so that the file engine makes no difference: see " +
           Setup{setup.driver, engine_choices.front(), setup.waiting}.title();
  }
  if (setup.files.files == FileEngineKind::linux_aio && workload.path == FilePath::buffered) {
    return "Linux aio takes direct reads only; buffered ones go to the pool: see " +
           Setup{setup.driver, *find_engine("pool"), setup.waiting}.title();
  }
  const bool polled = setup.files.polling != DevicePolling::never;
  if (polled && workload.path == FilePath::buffered) {
    return "a device is polled for direct reads only: see " +
           Setup{setup.driver, *find_engine("uring"), setup.waiting}.title();
  }
  if (setup.files.files == FileEngineKind::io_uring && setup.driver.kind == DriverKind::io_uring) {
    return "its own ring reads its files: see " +
           Setup{setup.driver, engine_choices.front(), setup.waiting}.title();
  }
  return {};
}

}  // namespace rota::cli

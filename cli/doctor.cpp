#include "doctor.hpp"

#include "columns.hpp"
#include "json_writer.hpp"
#include "style.hpp"

#include <rota/capabilities.hpp>
#include <rota/measurements.hpp>
#include <rota/runtime.hpp>

#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rota::cli {
namespace {

/// What a Config that says nothing else gives here.
struct Choice {
  std::string as_kernel;              ///< "6.1"; empty: the kernel is the one that is there
  std::optional<std::string> driver;  ///< none: nothing works
  std::string reason;
  std::vector<RefusedDriver> refused;
};

std::string in_words(KernelRelease release) {
  if (release == KernelRelease{}) return {};
  return std::to_string(release.version) + '.' + std::to_string(release.patchlevel);
}

Choice choose(KernelRelease as_kernel) {
  Config config;
  config.driver.as_kernel = as_kernel;
  std::vector<RefusedDriver> refused;
  const auto runtime = Runtime::make(config, refused);
  if (!runtime) {
    return {.as_kernel = in_words(as_kernel),
            .driver = {},
            .reason = runtime.error().message(),
            .refused = std::move(refused)};
  }
  return {.as_kernel = in_words(as_kernel),
          .driver = std::string(runtime->driver_name()),
          .reason = runtime->driver_reason(),
          .refused = std::move(refused)};
}

const char* word_of(Availability available) {
  switch (available) {
    case Availability::yes: return "yes";
    case Availability::no: return "no";
    case Availability::fact: break;
  }
  return "fact";
}

std::string heading_of(const std::string& group) {
  if (group == "driver") return "Drivers";
  if (group == "file engine") return "File engines";
  if (group == "io_uring") return "io_uring of this kernel";
  if (group == "kernel") return "Kernel";
  if (group == "system calls") return "System calls";
  if (group == "process") return "This process";
  if (group == "processor") return "Processor";
  if (group == "placement") return "Where workers would run";
  if (group == "costs") return "What calls cost here";
  if (group == "waiting") return "How idle workers wait";
  if (group == "names") return "How names are found";
  return group;
}

constexpr std::size_t kColumns = 96;
constexpr std::size_t kNameColumns = 31;  // the longest name, and two spaces
constexpr std::size_t kMarkColumns = 5;

void print_row(const Style& style, const Capability& found) {
  const char* word = found.available == Availability::fact ? "" : word_of(found.available);
  std::string mark = pad_right(word, kMarkColumns);
  if (found.available == Availability::yes) mark = style.good(mark);
  if (found.available == Availability::no) mark = style.bad(mark);
  const std::size_t indent = 2 + kNameColumns + kMarkColumns;
  const auto lines = wrap(found.detail, kColumns - indent);
  std::printf("  %s%s%s\n", pad_right(found.name, kNameColumns).c_str(), mark.c_str(),
              lines.front().c_str());
  for (std::size_t i = 1; i < lines.size(); ++i) {
    std::printf("%s%s\n", std::string(indent, ' ').c_str(), lines[i].c_str());
  }
}

void print_choice(const Style& style, const Choice& choice) {
  std::string heading = "What Rota would choose";
  if (!choice.as_kernel.empty()) heading += " on Linux " + choice.as_kernel;
  std::printf("\n%s\n", style.bold(heading).c_str());
  const std::string name = pad_right(choice.driver ? *choice.driver : "nothing", kNameColumns);
  const std::string marked = choice.driver ? style.good(name) : style.bad(name);
  const auto lines = wrap(choice.reason, kColumns - 2 - kNameColumns);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::printf("  %s%s\n", i == 0 ? marked.c_str() : std::string(kNameColumns, ' ').c_str(),
                lines[i].c_str());
  }
  for (const RefusedDriver& refused : choice.refused) {
    print_row(style, {.name = refused.mechanism,
                      .group = {},
                      .available = Availability::no,
                      .detail = refused.reason});
  }
}

void print_text(const std::vector<Capability>& found, const Choice& choice) {
  const Style style = Style::of(STDOUT_FILENO);
  std::printf("%s\n", style.bold("Rota " ROTA_VERSION ": what may be used here").c_str());
  const std::string* group = nullptr;
  for (const Capability& capability : found) {
    if (group == nullptr || *group != capability.group) {
      std::printf("\n%s\n", style.bold(heading_of(capability.group)).c_str());
      group = &capability.group;
    }
    print_row(style, capability);
  }
  print_choice(style, choice);
}

void print_json(const std::vector<Capability>& found, const Choice& choice) {
  JsonWriter json;
  json.begin_object();
  json.field("rota", ROTA_VERSION);
  json.key("capabilities");
  json.begin_array();
  for (const Capability& capability : found) {
    json.begin_object();
    json.field("group", capability.group);
    json.field("name", capability.name);
    json.field("available", word_of(capability.available));
    json.field("detail", capability.detail);
    json.end_object();
  }
  json.end_array();
  json.key("choice");
  json.begin_object();
  json.field("as_kernel", choice.as_kernel);
  json.key("driver");
  if (choice.driver) {
    json.text(*choice.driver);
  } else {
    json.null();
  }
  json.field("reason", choice.reason);
  json.key("refused");
  json.begin_array();
  for (const RefusedDriver& refused : choice.refused) {
    json.begin_object();
    json.field("mechanism", refused.mechanism);
    json.field("reason", refused.reason);
    json.key("errno");
    json.whole(refused.error);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  json.end_object();
  std::fputs(json.take().c_str(), stdout);
}

/// What cannot be kept is measured again by whoever prints it.
void measure_and_keep() {
  if (const auto kept = keep_measurements(measure_machine()); !kept) {
    std::fprintf(stderr, "rota doctor: the measurements cannot be kept: %s\n",
                 kept.error().message().c_str());
  }
}

}  // namespace

int run_doctor(const DoctorOptions& options) {
  if (options.measures) measure_and_keep();
  const std::vector<Capability> found = probe_capabilities();
  const Choice choice = choose(options.as_kernel);
  if (options.format == OutputFormat::json) {
    print_json(found, choice);
  } else {
    print_text(found, choice);
  }
  return choice.driver ? 0 : 1;
}

}  // namespace rota::cli

// rota_load: the load generator as a program of its own, for the benches. `rota load` is the same
// code behind the program's own command line.

#include <getopt.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "cli/load/load.hpp"

namespace {

constexpr const char* usage =
    "usage: rota_load --port N [options]\n"
    "  --connections N   TCP connections (1)\n"
    "  --size BYTES      bytes per message (64)\n"
    "  --depth N         messages outstanding per connection (1)\n"
    "  --duration MS     measured window (1000)\n"
    "  --warm-up MS      before the window (200)\n"
    "  --requests N      a fixed number of messages instead of a window\n"
    "  --reconnect       a new connection for each message\n"
    "  --pin CPU         run on this CPU\n"
    "  --server-pid PID  report that process's CPU time over the window\n"
    "  --gated           wait for a line on stdin once connected\n"
    "  --events-fd FD    write the lines ready, begin and end there (with --gated: 2)\n"
    "Prints one line of JSON. Exit status: 0 done, 1 failed, 2 bad arguments.\n";

[[noreturn]] void refuse(const char* what, const char* value) {
  std::fprintf(stderr, "rota_load: bad value for %s: '%s'\n%s", what, value, usage);
  std::exit(2);
}

template <class Number>
Number parse(const char* what, const char* text,
             Number at_most = std::numeric_limits<Number>::max()) {
  Number value{};
  const char* end = text + std::strlen(text);
  const auto result = std::from_chars(text, end, value);
  if (result.ec != std::errc{} || result.ptr != end || value > at_most) refuse(what, text);
  return value;
}

rota::cli::LoadOptions parse_options(int argc, char** argv) {
  static const option names[] = {{"port", required_argument, nullptr, 'p'},
                                 {"connections", required_argument, nullptr, 'c'},
                                 {"size", required_argument, nullptr, 's'},
                                 {"depth", required_argument, nullptr, 'd'},
                                 {"duration", required_argument, nullptr, 't'},
                                 {"warm-up", required_argument, nullptr, 'w'},
                                 {"requests", required_argument, nullptr, 'n'},
                                 {"reconnect", no_argument, nullptr, 'r'},
                                 {"pin", required_argument, nullptr, 'P'},
                                 {"server-pid", required_argument, nullptr, 'S'},
                                 {"gated", no_argument, nullptr, 'g'},
                                 {"events-fd", required_argument, nullptr, 'e'},
                                 {"help", no_argument, nullptr, 'h'},
                                 {nullptr, 0, nullptr, 0}};
  // Bounds keep products of two options inside 64 bits and milliseconds inside an int.
  constexpr std::uint64_t ms_max = 24U * 3600U * 1000U;
  constexpr std::size_t message_bytes_max = std::size_t{1} << 30U;
  rota::cli::LoadOptions options;
  for (int code = 0; (code = ::getopt_long(argc, argv, "", names, nullptr)) != -1;) {
    switch (code) {
      case 'p': options.port = parse<std::uint16_t>("--port", optarg); break;
      case 'c': options.connections = parse("--connections", optarg, 1'000'000U); break;
      case 's': options.message_bytes = parse("--size", optarg, message_bytes_max); break;
      case 'd': options.depth = parse("--depth", optarg, 65536U); break;
      case 't': options.duration_ms = parse("--duration", optarg, ms_max); break;
      case 'w': options.warm_up_ms = parse("--warm-up", optarg, ms_max); break;
      case 'n': options.requests = parse<std::uint64_t>("--requests", optarg); break;
      case 'r': options.lifetime = rota::cli::Lifetime::one_message; break;
      case 'P': options.cpu = parse("--pin", optarg, 1023U); break;
      case 'S': options.server_pid = parse<pid_t>("--server-pid", optarg); break;
      case 'g': options.gated = true; break;
      case 'e': options.events_fd = parse<int>("--events-fd", optarg); break;
      case 'h': std::fputs(usage, stdout); std::exit(0);
      default: std::fputs(usage, stderr); std::exit(2);
    }
  }
  if (optind != argc) refuse("the command line", argv[optind]);
  if (options.port == 0) refuse("--port", "");
  if (options.gated && !options.events_fd) options.events_fd = 2;
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const rota::cli::LoadOptions options = parse_options(argc, argv);
  const auto report = rota::cli::run_load(options);
  if (!report) {
    std::fprintf(stderr, "rota_load: %s\n", report.error().c_str());
    return 1;
  }
  std::puts(report->to_json().c_str());
  return report->clean() ? 0 : 1;
}

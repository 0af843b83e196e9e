#include "sim/scenario.hpp"

#include "driver/sim/sim.hpp"
#include "sim/acceptor.hpp"
#include "sim/connector.hpp"
#include "sim/defective_driver.hpp"
#include "sim/file_actor.hpp"
#include "sim/relay.hpp"
#include "sim/sink.hpp"
#include "sim/source.hpp"
#include "sim/world.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <system_error>
#include <vector>

namespace rota::simulation {
namespace {

struct Pair {
  Endpoint* first;
  Endpoint* second;
};

void check(int returned, const char* what) {
  if (returned < 0) throw std::system_error(errno, std::system_category(), what);
}

/// Small buffers: a few kilobytes fill them, so that writes block.
Pair socket_pair(World& world, Link& link) {
  std::array<int, 2> fds{};
  constexpr int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  check(::socketpair(AF_UNIX, type, 0, fds.data()), "socketpair");
  const int bytes = 1;  // The kernel raises it to its own least.
  for (const int fd : fds) {
    check(::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes), "SO_SNDBUF");
  }
  return {&world.add_endpoint(fds[0], FdKind::socket, link),
          &world.add_endpoint(fds[1], FdKind::socket, link)};
}

/// The first reads, the second writes.
Pair pipe(World& world, Link& link) {
  std::array<int, 2> fds{};
  check(::pipe2(fds.data(), O_NONBLOCK | O_CLOEXEC), "pipe2");
  check(::fcntl(fds[1], F_SETPIPE_SZ, 4096), "F_SETPIPE_SZ");
  return {&world.add_endpoint(fds[0], FdKind::stream, link),
          &world.add_endpoint(fds[1], FdKind::stream, link)};
}

void add_echo(World& world) {
  Link& link = world.add_link();
  Channel& channel = world.add_channel(link);
  const Pair sockets = socket_pair(world, link);
  world.add<Source>(*sockets.first, channel);
  world.add<Sink>(*sockets.first, channel);
  world.add<Relay>(*sockets.second, *sockets.second);
}

/// Source, pipe, relay, socket, relay, pipe, sink.
void add_chain(World& world) {
  Link& link = world.add_link();
  Channel& channel = world.add_channel(link);
  const Pair in = pipe(world, link);
  const Pair middle = socket_pair(world, link);
  const Pair out = pipe(world, link);
  world.add<Source>(*in.second, channel);
  world.add<Relay>(*in.first, *middle.first);
  world.add<Relay>(*middle.second, *out.second);
  world.add<Sink>(*out.first, channel);
}

void add_pipe(World& world) {
  Link& link = world.add_link();
  Channel& channel = world.add_channel(link);
  const Pair ends = pipe(world, link);
  world.add<Source>(*ends.second, channel);
  world.add<Sink>(*ends.first, channel);
}

/// The listener has an address of the kernel's choice in the abstract name space.
void add_listener(World& world) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  check(fd, "socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t bytes = sizeof address.sun_family;
  check(::bind(fd, generic, bytes), "bind");
  bytes = sizeof address;
  check(::getsockname(fd, generic, &bytes), "getsockname");
  check(::listen(fd, 64), "listen");
  Link& link = world.add_link();
  link.may_be_slammed = false;  // The connector would knock for ever.
  std::vector<Channel*> channels;
  const std::size_t count = world.random().between(1, 8);
  for (std::size_t i = 0; i < count; ++i) channels.push_back(&world.add_channel(world.add_link()));
  world.add<Acceptor>(world.add_endpoint(fd, FdKind::socket, link), channels);
  world.add<Connector>(address, bytes, channels);
}

void add_file(World& world) { world.add<FileActor>(); }

Weather weather_of(Random& random) {
  Weather weather;
  if (random.chance(300)) return weather;
  weather.faults = random.chance(700);
  weather.cancels_per_mille = random.pick(std::array<std::uint32_t, 3>{0, 50, 200});
  weather.slams_per_mille = random.pick(std::array<std::uint32_t, 3>{0, 2, 20});
  return weather;
}

void populate(World& world) {
  constexpr std::array<void (*)(World&), 5> kinds{add_echo, add_chain, add_pipe, add_listener,
                                                  add_file};
  const std::size_t count = world.random().between(1, 4);
  for (std::size_t i = 0; i < count; ++i) world.random().pick(kinds)(world);
}

}  // namespace

Verdict play(std::uint64_t seed, Defect defect, SimTrace::Keep keep) {
  Random random(Random::mix(seed) ^ 0x70726f6772616d);  // not the driver's own sequence
  const Weather weather = weather_of(random);
  SimOptions options;
  options.seed = seed;
  options.keep = keep;
  if (weather.faults) options.faults = SimFaults::swarm(random);
  SimDriver sound(options);
  DefectiveDriver defective(sound, defect, seed);
  const bool harmed = defect >= Defect::driver_completes_twice;
  World world(harmed ? static_cast<Driver&>(defective) : sound, random, weather, defect);
  populate(world);
  Verdict verdict;
  verdict.violation = world.run();
  if (!verdict.violation.empty()) world.abandon(sound);
  verdict.trace_hash = sound.trace_hash();
  verdict.trace_text = sound.trace_text();
  verdict.operations = world.operations();
  return verdict;
}

}  // namespace rota::simulation

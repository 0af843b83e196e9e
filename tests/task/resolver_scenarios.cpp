#include "task/suite.hpp"

#include "net/dns_server.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace rota::testing_tasks {
namespace {

using namespace std::chrono_literals;
using testing_net::DnsServer;
using testing_net::Manner;

using Addresses = Result<std::vector<Address>>;
using Services = Result<std::vector<Service>>;
using Texts = Result<std::vector<std::string>>;

/// Nothing of the machine's.
ResolverConfig config_for(const std::vector<Address>& servers) {
  ResolverConfig config;
  config.servers = servers;
  config.search_domains.emplace();
  config.timeout = 20s;
  config.hosts_file.clear();
  return config;
}

template <template <class> class Routine>
Routine<void> a_name_is_resolved_by_a_server(World) {
  DnsServer server;
  server.add("host.test", testing_net::a_record("192.0.2.1"));
  server.add("host.test", testing_net::aaaa_record("2001:db8::1"));
  server.add("host.test", testing_net::srv_record(1, 2, 3, "target.test"));
  server.add("host.test", testing_net::txt_record({"text"}));
  server.set_manner("host.test", Manner::truncates);
  Resolver resolver(config_for({server.address()}));
  Addresses addresses = co_await resolver.addresses("host.test", 80);
  EXPECT_EQ(code_of(addresses), 0);
  if (addresses) {
    EXPECT_EQ(addresses->size(), 2u);
  }
  Services services = co_await resolver.services("host.test");
  EXPECT_EQ(code_of(services), 0);
  if (services) {
    EXPECT_EQ(services->front().target, "target.test");
  }
  Texts texts = co_await resolver.texts("host.test");
  EXPECT_EQ(code_of(texts), 0);
  if (texts) {
    EXPECT_EQ(texts->front(), "text");
  }
  EXPECT_EQ(server.asked_over_tcp(), 4u);
  Texts missing = co_await resolver.texts("missing.test");
  EXPECT_EQ(missing.error(), DnsError::not_found);
}

template <template <class> class Routine>
Routine<void> a_lookup_asks_again_where_nobody_answers(World) {
  DnsServer silent;
  DnsServer server;
  silent.set_manner("host.test", Manner::is_silent);
  server.add("host.test", testing_net::txt_record({"text"}));
  ResolverConfig config = config_for({silent.address(), server.address()});
  config.timeout = 10ms;
  config.tries = 10;
  Resolver resolver(config);
  Texts texts = co_await resolver.texts("host.test");
  EXPECT_EQ(code_of(texts), 0);
  // Its thread may not have had the time to take the question.
  Result<void> came = co_await silent.left_open().wait();
  EXPECT_TRUE(came.has_value());
  EXPECT_GE(silent.asked("host.test"), 1u);
}

template <template <class> class Routine>
Routine<int> ask(Resolver& resolver) {
  Texts texts = co_await resolver.texts("host.test");
  co_return code_of(texts);
}

template <template <class> class Routine>
Routine<void> a_stop_ends_a_lookup(World) {
  DnsServer server;
  server.set_manner("host.test", Manner::is_silent);
  Resolver resolver(config_for({server.address()}));
  StopSource source;
  JoinHandle<int> lookup = spawn(with_stop(source.token(), as_task(ask<Routine>(resolver))));
  Result<void> seen = co_await server.left_open().wait();
  EXPECT_EQ(code_of(seen), 0);
  source.request_stop();
  Joined<int> joined = co_await lookup.join();
  EXPECT_EQ(std::move(joined).value(), ECANCELED);
}

template <template <class> class Routine>
Routine<void> those_who_ask_the_same_share_a_query(World) {
  constexpr std::size_t crowd = 16;
  DnsServer server;
  server.add("host.test", testing_net::txt_record({"text"}));
  Resolver resolver(config_for({server.address()}));
  std::vector<JoinHandle<int>> lookups;
  lookups.reserve(crowd);
  for (std::size_t i = 0; i < crowd; ++i) lookups.push_back(spawn_routine(ask<Routine>(resolver)));
  for (JoinHandle<int>& lookup : lookups) {
    Joined<int> joined = co_await lookup.join();
    EXPECT_EQ(std::move(joined).value(), 0);
  }
  // Those who came after the answer had it from the cache, unless they came a minute later: the
  // clock of a simulation leaps while nothing else can happen.
  EXPECT_GE(server.asked("host.test"), 1u);
  EXPECT_LE(server.asked("host.test"), crowd);
}

template <template <class> class Routine>
Routine<void> an_answer_is_forgotten_in_time(World) {
  DnsServer server;
  server.add("host.test", testing_net::txt_record({"old"}));
  ResolverConfig config = config_for({server.address()});
  config.longest_ttl = 1ms;
  Resolver resolver(config);
  Texts texts = co_await resolver.texts("host.test");
  EXPECT_EQ(code_of(texts), 0);
  server.forget("host.test");
  server.add("host.test", testing_net::txt_record({"new"}));
  Result<void> slept = co_await sleep(config.longest_ttl);
  EXPECT_EQ(code_of(slept), 0);
  texts = co_await resolver.texts("host.test");
  EXPECT_EQ(code_of(texts), 0);
  if (texts) {
    EXPECT_EQ(texts->front(), "new");
  }
}

}  // namespace

void add_resolver_scenarios(Suite& suite) {
  suite.add("a_name_is_resolved_by_a_server", a_name_is_resolved_by_a_server<Task>,
            a_name_is_resolved_by_a_server<Script>);
  suite.add("a_lookup_asks_again_where_nobody_answers",
            a_lookup_asks_again_where_nobody_answers<Task>,
            a_lookup_asks_again_where_nobody_answers<Script>);
  suite.add("a_stop_ends_a_lookup", a_stop_ends_a_lookup<Task>, a_stop_ends_a_lookup<Script>);
  suite.add("those_who_ask_the_same_share_a_query", those_who_ask_the_same_share_a_query<Task>,
            those_who_ask_the_same_share_a_query<Script>);
  suite.add("an_answer_is_forgotten_in_time", an_answer_is_forgotten_in_time<Task>,
            an_answer_is_forgotten_in_time<Script>);
}

}  // namespace rota::testing_tasks

// The resolver against a name server that does what it is told, over UDP and TCP.

#include "net/resolver_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace rota::testing_net {
namespace {

using namespace std::chrono_literals;

TEST_F(ResolverTest, a_host_has_the_addresses_of_both_families) {
  server().add("host.test", a_record("192.0.2.1"));
  server().add("host.test", a_record("192.0.2.2"));
  server().add("host.test", aaaa_record("2001:db8::1"));
  Resolver resolver(config());
  EXPECT_EQ(in_words(addresses(resolver, "host.test", 80)),
            (Words{"192.0.2.1:80", "192.0.2.2:80", "[2001:db8::1]:80"}));
}

TEST_F(ResolverTest, an_alias_leads_to_the_addresses_of_what_it_stands_for) {
  server().add("www.test", cname_record("middle.test", 60));
  server().add("www.test", cname_record("end.test", 60, "middle.test"));
  server().add("www.test", a_record("192.0.2.7", 60, "end.test"));
  Resolver resolver(config());
  EXPECT_EQ(in_words(addresses(resolver, "www.test", 1)), Words{"192.0.2.7:1"});
}

TEST_F(ResolverTest, an_answer_that_was_truncated_is_asked_for_over_tcp) {
  server().set_manner("large.test", Manner::truncates);
  Words expected;
  for (int i = 0; i < 100; ++i) {
    const std::string one = "192.0.2." + std::to_string(i);
    server().add("large.test", a_record(one));
    expected.push_back(one + ":0");
  }
  std::ranges::sort(expected);
  Resolver resolver(config());
  EXPECT_EQ(in_words(addresses(resolver, "large.test")), expected);
  EXPECT_GE(server().asked_over_tcp(), 1u);
}

TEST_F(ResolverTest, services_come_by_priority) {
  server().add("_x._tcp.test", srv_record(20, 0, 2, "b.test"));
  server().add("_x._tcp.test", srv_record(10, 5, 1, "a.test"));
  server().add("_x._tcp.test", srv_record(30, 9, 3, "c.test"));
  Resolver resolver(config());
  Services found = run(resolver.services("_x._tcp.test"));
  ASSERT_TRUE(found.has_value()) << found.error().message();
  ASSERT_EQ(found->size(), 3u);
  EXPECT_EQ((*found)[0].target, "a.test");
  EXPECT_EQ((*found)[0].port, 1);
  EXPECT_EQ((*found)[0].priority, 10);
  EXPECT_EQ((*found)[0].weight, 5);
  EXPECT_EQ((*found)[1].target, "b.test");
  EXPECT_EQ((*found)[2].target, "c.test");
}

TEST_F(ResolverTest, services_with_the_root_as_their_target_are_not_there) {
  server().add("_x._tcp.test", srv_record(0, 0, 0, ""));
  Resolver resolver(config());
  EXPECT_EQ(run(resolver.services("_x._tcp.test")).error(), DnsError::no_data);
}

TEST_F(ResolverTest, texts_are_joined_and_may_be_any_bytes) {
  const std::string bytes("\0\xff\n", 3);
  server().add("text.test", txt_record({std::string(255, 'a'), "b", ""}));
  server().add("text.test", txt_record({bytes}));
  Resolver resolver(config());
  Texts found = run(resolver.texts("text.test"));
  ASSERT_TRUE(found.has_value()) << found.error().message();
  EXPECT_EQ(*found, (Words{std::string(255, 'a') + "b", bytes}));
}

TEST_F(ResolverTest, each_way_to_fail_has_its_error) {
  server().set_manner("fails.test", Manner::fails);
  server().set_manner("refuses.test", Manner::refuses);
  server().add("other.test", txt_record({"no address"}));
  server().set_manner("garbage.test", Manner::sends_garbage);
  ResolverConfig shortly = config();
  shortly.timeout = 20ms;
  Resolver resolver(shortly);
  EXPECT_EQ(addresses(resolver, "missing.test").error(), DnsError::not_found);
  EXPECT_EQ(run(resolver.services("missing.test")).error(), DnsError::not_found);
  EXPECT_EQ(addresses(resolver, "other.test").error(), DnsError::no_data);
  EXPECT_EQ(run(resolver.services("other.test")).error(), DnsError::no_data);
  EXPECT_EQ(addresses(resolver, "fails.test").error(), DnsError::server_failure);
  EXPECT_EQ(run(resolver.texts("fails.test")).error(), DnsError::server_failure);
  EXPECT_EQ(addresses(resolver, "refuses.test").error(), DnsError::refused);
  EXPECT_EQ(addresses(resolver, "garbage.test").error(), DnsError::bad_answer);
  EXPECT_EQ(run(resolver.services("garbage.test")).error(), DnsError::bad_answer);
  EXPECT_EQ(run(resolver.texts("garbage.test")).error(), DnsError::bad_answer);
}

TEST_F(ResolverTest, what_is_no_name_is_not_asked_for) {
  Resolver resolver(config());
  const std::string long_label = std::string(64, 'a') + ".test";
  std::string long_name = "test";
  while (long_name.size() < 254) long_name = "a." + long_name;
  for (const std::string& name :
       {std::string(), std::string("."), std::string("a..test"), std::string(".test"), long_label,
        long_name, std::string("with space.test"), std::string("b\xc3\xbc.test"),
        std::string("a\0.test", 7), std::string("a\\032.test"), std::string("::1::")}) {
    EXPECT_EQ(addresses(resolver, name).error(), DnsError::bad_name) << name;
    EXPECT_EQ(run(resolver.services(name)).error(), DnsError::bad_name) << name;
    EXPECT_EQ(run(resolver.texts(name)).error(), DnsError::bad_name) << name;
  }
}

TEST_F(ResolverTest, a_server_that_is_silent_is_passed_over_for_the_next) {
  DnsServer silent;
  silent.set_manner("host.test", Manner::is_silent);
  server().add("host.test", a_record("192.0.2.1"));
  ResolverConfig two = config();
  two.servers = {silent.address(), server().address()};
  two.timeout = 20ms;
  two.tries = 10;
  Resolver resolver(two);
  EXPECT_EQ(in_words(addresses(resolver, "host.test")), Words{"192.0.2.1:0"});
  EXPECT_GE(silent.asked("host.test"), 1u);
}

TEST_F(ResolverTest, a_server_that_fails_is_passed_over_for_the_next) {
  DnsServer failing;
  failing.set_manner("host.test", Manner::fails);
  server().add("host.test", a_record("192.0.2.1"));
  ResolverConfig two = config();
  two.servers = {failing.address(), server().address()};
  Resolver resolver(two);
  EXPECT_EQ(in_words(addresses(resolver, "host.test")), Words{"192.0.2.1:0"});
}

TEST_F(ResolverTest, servers_that_are_all_silent_time_out_after_all_tries) {
  server().set_manner("host.test", Manner::is_silent);
  ResolverConfig shortly = config();
  shortly.timeout = 5ms;
  shortly.tries = 3;
  Resolver resolver(shortly);
  EXPECT_EQ(run(resolver.texts("host.test")).error(), std::errc::timed_out);
  EXPECT_EQ(server().asked("host.test"), 3u);
}

TEST_F(ResolverTest, servers_that_are_not_there_refuse_the_connection) {
  ResolverConfig nobody = config();
  {
    DnsServer gone;
    nobody.servers = {gone.address()};
  }
  Resolver resolver(nobody);
  EXPECT_EQ(run(resolver.texts("host.test")).error(), std::errc::connection_refused);
}

TEST_F(ResolverTest, search_domains_complete_a_short_name) {
  server().add("host.second.test", a_record("192.0.2.2"));
  server().add("host", a_record("192.0.2.3"));
  ResolverConfig searching = config();
  searching.search_domains = {{"first.test", "second.test"}};
  Resolver resolver(searching);
  EXPECT_EQ(in_words(addresses(resolver, "host")), Words{"192.0.2.2:0"});
  EXPECT_GE(server().asked("host.first.test"), 1u);
  EXPECT_EQ(server().asked("host"), 0u);
  EXPECT_EQ(in_words(addresses(resolver, "host.")), Words{"192.0.2.3:0"});
  server().add("_x._tcp.second.test", srv_record(1, 1, 9, "a.test"));
  EXPECT_TRUE(run(resolver.services("_x._tcp")).has_value());
}

TEST_F(ResolverTest, resolv_conf_says_what_the_configuration_leaves_open) {
  const TemporaryFile file("search second.test\noptions timeout:20 attempts:2\n");
  server().add("host.second.test", a_record("192.0.2.2"));
  ResolverConfig from_file;
  from_file.servers = {server().address()};
  from_file.hosts_file.clear();
  from_file.resolv_conf = file.path();
  Resolver resolver(from_file);
  EXPECT_EQ(in_words(addresses(resolver, "host")), Words{"192.0.2.2:0"});
}

TEST_F(ResolverTest, the_hosts_file_decides_before_any_server) {
  const TemporaryFile file(
      "# comment\n"
      "192.0.2.9  Host.test alias # more\n"
      "nonsense host.test\n"
      "2001:db8::9\thost.test\n"
      "192.0.2.10 localhost");
  ResolverConfig with_hosts = config();
  with_hosts.hosts_file = file.path();
  Resolver resolver(with_hosts);
  EXPECT_EQ(in_words(addresses(resolver, "HOST.test.", 7)),
            (Words{"192.0.2.9:7", "[2001:db8::9]:7"}));
  EXPECT_EQ(in_words(addresses(resolver, "alias")), Words{"192.0.2.9:0"});
  EXPECT_EQ(in_words(addresses(resolver, "localhost")), Words{"192.0.2.10:0"});
  EXPECT_EQ(server().asked("host.test"), 0u);
  file.write("192.0.2.11 host.test longer\n");
  EXPECT_EQ(in_words(addresses(resolver, "host.test")), Words{"192.0.2.11:0"});
  std::remove(file.path().c_str());
  EXPECT_EQ(addresses(resolver, "host.test").error(), DnsError::not_found);
}

TEST_F(ResolverTest, figures_and_localhost_need_no_server) {
  ResolverConfig nobody = config();
  nobody.servers = {Address::loopback(1)};
  Resolver resolver(nobody);
  EXPECT_EQ(in_words(addresses(resolver, "192.0.2.1", 5)), Words{"192.0.2.1:5"});
  EXPECT_EQ(in_words(addresses(resolver, "2001:db8::1", 5)), Words{"[2001:db8::1]:5"});
  EXPECT_EQ(in_words(addresses(resolver, "[::1]", 5)), Words{"[::1]:5"});
  EXPECT_TRUE(addresses(resolver, "fe80::1%lo").has_value());
  EXPECT_EQ(addresses(resolver, "fe80::1%no_such").error(), DnsError::bad_name);
  EXPECT_EQ(addresses(resolver, "1.2.3.4.5").error(), std::errc::connection_refused);
  for (const char* name : {"localhost", "LocalHost.", "a.localhost"}) {
    EXPECT_EQ(in_words(addresses(resolver, name, 5)), (Words{"127.0.0.1:5", "[::1]:5"})) << name;
  }
}

}  // namespace
}  // namespace rota::testing_net

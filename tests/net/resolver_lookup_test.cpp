// What a resolver remembers, shares and gives up.

#include "net/resolver_fixture.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rota::testing_net {
namespace {

using namespace std::chrono_literals;

TEST_F(ResolverTest, an_answer_is_remembered_for_its_ttl) {
  server().add("kept.test", a_record("192.0.2.1"));
  server().add("kept.test", aaaa_record("2001:db8::1"));
  server().add("brief.test", a_record("192.0.2.1", 0));
  Resolver resolver(config());
  Resolver copy = resolver;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(addresses(resolver, "kept.test").has_value());
    EXPECT_TRUE(addresses(copy, "KEPT.test").has_value());
    EXPECT_TRUE(addresses(resolver, "brief.test").has_value());
  }
  EXPECT_EQ(server().asked("kept.test"), 2u) << "once for each family";
  EXPECT_EQ(server().asked("brief.test"), 6u) << "a TTL of 0 is for one use";
  resolver.clear_cache();
  EXPECT_TRUE(addresses(copy, "kept.test").has_value());
  EXPECT_EQ(server().asked("kept.test"), 4u);
}

TEST_F(ResolverTest, an_alias_that_ends_soon_ends_the_whole_answer) {
  server().add("www.test", cname_record("end.test", 0));
  server().add("www.test", a_record("192.0.2.7", 60, "end.test"));
  server().add("www.test", txt_record({"text"}));
  Resolver resolver(config());
  EXPECT_TRUE(addresses(resolver, "www.test").has_value());
  EXPECT_TRUE(addresses(resolver, "www.test").has_value());
  EXPECT_EQ(server().asked("www.test"), 4u);
  EXPECT_TRUE(run(resolver.texts("www.test")).has_value());
  EXPECT_TRUE(run(resolver.texts("www.test")).has_value());
  EXPECT_EQ(server().asked("www.test"), 6u);
}

TEST_F(ResolverTest, what_does_not_exist_is_remembered_and_what_failed_is_not) {
  Resolver resolver(config());
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(run(resolver.texts("missing.test")).error(), DnsError::not_found);
  }
  EXPECT_EQ(server().asked("missing.test"), 1u);
  server().set_manner("fails.test", Manner::fails);
  EXPECT_EQ(run(resolver.texts("fails.test")).error(), DnsError::server_failure);
  server().forget("fails.test");
  EXPECT_EQ(run(resolver.texts("fails.test")).error(), DnsError::not_found);

  ResolverConfig forgetful = config();
  forgetful.negative_ttl = {};
  Resolver other(forgetful);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(run(other.texts("missing.test")).error(), DnsError::not_found);
  }
  EXPECT_EQ(server().asked("missing.test"), 3u);
}

Task<void> lookup_to_cancel(Resolver& resolver, std::string name, DnsServer& server,
                            std::error_code& error) {
  StopSource source;
  Task<Texts> asking = with_stop(source.token(), resolver.texts(name));
  JoinHandle<Texts> lookup = spawn(std::move(asking));
  Result<void> seen = co_await server.left_open().wait();
  EXPECT_TRUE(seen.has_value());
  source.request_stop();
  Joined<Texts> joined = co_await lookup.join();
  Texts texts = std::move(joined).value();
  if (!texts) error = texts.error();
}

TEST_F(ResolverTest, a_cancel_ends_a_wait_for_udp) {
  server().set_manner("host.test", Manner::is_silent);
  Resolver resolver(config());
  std::error_code error;
  run(lookup_to_cancel(resolver, "host.test", server(), error));
  EXPECT_EQ(error, std::errc::operation_canceled);
}

TEST_F(ResolverTest, a_cancel_ends_a_wait_for_tcp) {
  server().set_manner("host.test", Manner::truncates_and_hangs);
  Resolver resolver(config());
  std::error_code error;
  run(lookup_to_cancel(resolver, "host.test", server(), error));
  EXPECT_EQ(error, std::errc::operation_canceled);
  EXPECT_EQ(server().asked_over_tcp(), 1u);
}

Task<std::error_code> ask_while_stopped(Resolver& resolver, std::string name) {
  StopSource source;
  source.request_stop();
  Task<Texts> asking = with_stop(source.token(), resolver.texts(name));
  Texts texts = co_await std::move(asking);
  co_return texts ? std::error_code() : texts.error();
}

TEST_F(ResolverTest, a_task_that_must_stop_gets_what_is_remembered_and_no_more) {
  server().add("host.test", txt_record({"text"}));
  Resolver resolver(config());
  EXPECT_EQ(run(ask_while_stopped(resolver, "host.test")), std::errc::operation_canceled);
  EXPECT_TRUE(run(resolver.texts("host.test")).has_value());
  EXPECT_EQ(run(ask_while_stopped(resolver, "host.test")), std::error_code());
}

Task<std::error_code> ask_for_a_moment(Resolver& resolver, std::string name) {
  Task<Texts> asking = resolver.texts(name);
  Task<Texts> timed = timeout(1ms, std::move(asking));
  Texts texts = co_await std::move(timed);
  co_return texts ? std::error_code() : texts.error();
}

TEST_F(ResolverTest, a_limit_on_a_lookup_is_a_timeout) {
  server().set_manner("host.test", Manner::is_silent);
  Resolver resolver(config());
  EXPECT_EQ(run(ask_for_a_moment(resolver, "host.test")), std::errc::timed_out);
}

Task<Texts> ask_of_a_temporary(ResolverConfig config) {
  std::optional<Resolver> resolver(std::move(config));
  Task<Texts> asking = resolver->texts("host.test");
  resolver.reset();
  Texts texts = co_await std::move(asking);
  co_return texts;
}

TEST_F(ResolverTest, a_lookup_outlives_its_resolver) {
  server().add("host.test", txt_record({"text"}));
  EXPECT_EQ(run(ask_of_a_temporary(config())).value(), Words{"text"});
}

Task<Texts> ask(Resolver& resolver) {
  Task<Texts> asking = resolver.texts("host.test");
  Texts texts = co_await std::move(asking);
  co_return texts;
}

/// Several tasks ask the same; the first, which leads, is stopped. The second leads then, since the
/// server has not answered yet, and all of them have its answer.
Task<void> share_and_stop_the_first(Resolver& resolver, DnsServer& server) {
  StopSource source;
  JoinHandle<Texts> first = spawn(with_stop(source.token(), ask(resolver)));
  Result<void> seen = co_await server.left_open().wait();
  EXPECT_TRUE(seen.has_value());
  JoinHandle<Texts> second = spawn(ask(resolver));
  JoinHandle<Texts> third = spawn(ask(resolver));
  for (int i = 0; i < 5; ++i) co_await yield();
  EXPECT_EQ(server.asked("host.test"), 1u);
  server.set_manner("host.test", Manner::answers);
  source.request_stop();
  Joined<Texts> stopped = co_await first.join();
  Texts of_first = std::move(stopped).value();
  EXPECT_EQ(of_first.error(), std::errc::operation_canceled);
  Joined<Texts> joined = co_await second.join();
  Texts of_second = std::move(joined).value();
  EXPECT_EQ(of_second.value(), Words{"text"});
  joined = co_await third.join();
  Texts of_third = std::move(joined).value();
  EXPECT_EQ(of_third.value(), Words{"text"});
}

TEST_F(ResolverTest, tasks_that_ask_the_same_share_a_query_and_survive_its_cancel) {
  server().add("host.test", txt_record({"text"}));
  server().set_manner("host.test", Manner::is_silent);
  Resolver resolver(config());
  run(share_and_stop_the_first(resolver, server()));
  EXPECT_EQ(server().asked("host.test"), 2u);
}

TEST_F(ResolverTest, the_resolver_of_the_process_knows_this_machine) {
  Addresses found = run(resolve("127.0.0.1", 80));
  EXPECT_EQ(in_words(found), Words{"127.0.0.1:80"});
}

}  // namespace
}  // namespace rota::testing_net

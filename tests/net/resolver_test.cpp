// The resolver against a name server that does what it is told, over UDP and TCP.

#include "net/dns_server.hpp"
#include "task/ledger.hpp"

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace rota::testing_net {
namespace {

using namespace std::chrono_literals;

using Addresses = Result<std::vector<Address>>;
using Services = Result<std::vector<Service>>;
using Texts = Result<std::vector<std::string>>;

/// A file for the length of a test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text) {
    char name[] = "/tmp/rota_names_XXXXXX";
    const int fd = ::mkstemp(name);
    EXPECT_GE(fd, 0);
    ::close(fd);
    path_ = name;
    write(text);
  }
  ~TemporaryFile() { std::remove(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(const std::string& text) const { std::ofstream(path_) << text; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class ResolverTest : public testing::Test {
 protected:
  void SetUp() override {
    server_.emplace();
    before_ = testing_tasks::Ledger::now();
    runtime_.emplace(Runtime::make().value());
  }
  void TearDown() override {
    EXPECT_TRUE(runtime_->shutdown().clean());
    runtime_.reset();
    EXPECT_EQ(testing_tasks::Ledger::now(), before_);
  }

  [[nodiscard]] DnsServer& server() { return *server_; }
  /// Nothing of the machine's, and patience with it.
  [[nodiscard]] ResolverConfig config() {
    ResolverConfig config;
    config.servers = {server_->address()};
    config.search_domains.emplace();
    config.timeout = 20s;
    config.tries = 2;
    config.hosts_file.clear();
    return config;
  }
  template <class T>
  T run(Task<T> task) {
    return runtime_->block_on(std::move(task));
  }
  Addresses addresses(Resolver& resolver, const std::string& name, std::uint16_t port = 0) {
    return run(resolver.addresses(name, port));
  }

 private:
  std::optional<DnsServer> server_;
  testing_tasks::Ledger before_;
  std::optional<Runtime> runtime_;
};

std::vector<std::string> in_words(const Addresses& found) {
  std::vector<std::string> words;
  if (!found) return {found.error().message()};
  for (const Address& one : *found) words.push_back(one.to_string());
  std::ranges::sort(words);
  return words;
}
using Words = std::vector<std::string>;

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

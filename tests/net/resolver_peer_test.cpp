// The resolver against dnsmasq, a server that others wrote, and its answers against dig's.

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace rota::testing_net {
namespace {

constexpr const char* kServer = "/usr/sbin/dnsmasq";
constexpr const char* kDig = "/usr/bin/dig";

/// A port of loopback that nobody has at the moment.
std::uint16_t free_port() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const Address any = Address::loopback(0);
  EXPECT_EQ(bind(fd, any.native(), any.native_bytes()), 0);
  sockaddr_storage native{};
  socklen_t length = sizeof native;
  EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&native), &length), 0);
  ::close(fd);
  return Address::from_native(reinterpret_cast<const sockaddr&>(native), length).port();
}

/// dnsmasq with a zone of a few names, which it alone decides on.
class Dnsmasq {
 public:
  /// Tries ports until one is still free when the server binds it.
  bool start() {
    constexpr int kMostAttempts = 20;
    for (int i = 0; i < kMostAttempts; ++i) {
      if (start_at(free_port())) return true;
    }
    return false;
  }
  ~Dnsmasq() { stop(); }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const std::string& said() const { return said_; }

 private:
  bool start_at(std::uint16_t port) {
    port_ = port;
    std::vector<std::string> words{kServer,
                                   "--keep-in-foreground",
                                   "--conf-file=/dev/null",
                                   "--no-resolv",
                                   "--no-hosts",
                                   "--pid-file",
                                   "--log-facility=-",
                                   "--listen-address=127.0.0.1",
                                   "--bind-interfaces",
                                   "--user=",
                                   "--group=",
                                   "--port=" + std::to_string(port),
                                   "--local=/test/",
                                   "--local-ttl=60",
                                   "--host-record=both.test,192.0.2.1,2001:db8::1",
                                   "--host-record=one.test,192.0.2.2",
                                   "--cname=alias.test,both.test",
                                   "--srv-host=_x._tcp.test,both.test,8001,10,5",
                                   "--srv-host=_x._tcp.test,one.test,8002,20",
                                   "--txt-record=text.test,first,second"};
    for (int i = 0; i < 80; ++i) {
      words.push_back("--srv-host=_many._tcp.test,one.test," + std::to_string(9000 + i));
    }
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    int ends[2] = {-1, -1};
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    const int failed = posix_spawn(&pid_, kServer, &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    log_ = ends[0];
    if (failed != 0) pid_ = -1;
    if (failed == 0 && says_that_it_started()) return true;
    stop();
    return false;
  }
  /// Its log ends when it has.
  bool says_that_it_started() {
    char block[512];
    said_.clear();
    while (!said_.contains("started, version")) {
      const ssize_t got = ::read(log_, block, sizeof block);
      if (got <= 0) return false;
      said_.append(block, static_cast<std::size_t>(got));
    }
    return true;
  }
  void stop() {
    if (pid_ > 0) {
      ::kill(pid_, SIGTERM);
      ::waitpid(pid_, nullptr, 0);
      pid_ = -1;
    }
    if (log_ >= 0) ::close(std::exchange(log_, -1));
  }

  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
  int log_ = -1;
  std::string said_;
};

using Lines = std::multiset<std::string>;

class ResolverPeerTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* program : {kServer, kDig}) {
      if (!std::filesystem::exists(program)) {
        GTEST_SKIP() << program << " is missing: install dnsmasq-base and bind9-dnsutils";
      }
    }
    ASSERT_TRUE(server_.start()) << server_.said();
    ResolverConfig config;
    config.servers = {Address::loopback(server_.port())};
    config.search_domains.emplace();
    config.hosts_file.clear();
    resolver_.emplace(config);
    runtime_.emplace(Runtime::make().value());
  }

  /// What dig prints of a name, without the aliases on the way.
  Lines dig(const std::string& name, const std::string& type) {
    const std::string command = std::string(kDig) + " @127.0.0.1 -p " +
                                std::to_string(server_.port()) + " +short " + name + " " + type;
    std::FILE* const pipe = ::popen(command.c_str(), "r");
    std::string text;
    char block[512];
    while (std::fgets(block, sizeof block, pipe) != nullptr) text += block;
    EXPECT_EQ(::pclose(pipe), 0) << command;
    std::istringstream lines(text);
    Lines found;
    for (std::string line; std::getline(lines, line);) {
      if (type == "A" || type == "AAAA" ? !line.ends_with('.') : true) found.insert(line);
    }
    return found;
  }
  Lines addresses(const std::string& name) {
    Lines found;
    const auto result = runtime_->block_on(resolver_->addresses(name, 1));
    EXPECT_TRUE(result.has_value()) << name << ": " << result.error().message();
    if (!result) return found;
    for (const Address& one : *result) {
      std::string text = one.to_string();
      text.resize(text.rfind(':'));
      if (text.starts_with('[')) text = text.substr(1, text.size() - 2);
      found.insert(text);
    }
    return found;
  }
  Lines services(const std::string& name) {
    Lines found;
    const auto result = runtime_->block_on(resolver_->services(name));
    EXPECT_TRUE(result.has_value()) << name << ": " << result.error().message();
    if (!result) return found;
    for (const Service& one : *result) {
      found.insert(std::to_string(one.priority) + " " + std::to_string(one.weight) + " " +
                   std::to_string(one.port) + " " + one.target + ".");
    }
    return found;
  }

  Dnsmasq server_;
  std::optional<Resolver> resolver_;
  std::optional<Runtime> runtime_;
};

TEST_F(ResolverPeerTest, a_real_server_is_understood_as_dig_does) {
  for (const std::string name : {"both.test", "one.test", "alias.test"}) {
    Lines expected = dig(name, "A");
    expected.merge(dig(name, "AAAA"));
    EXPECT_FALSE(expected.empty());
    EXPECT_EQ(addresses(name), expected) << name;
  }
  EXPECT_EQ(services("_x._tcp.test"), dig("_x._tcp.test", "SRV"));
  const auto texts = runtime_->block_on(resolver_->texts("text.test"));
  ASSERT_TRUE(texts.has_value()) << texts.error().message();
  EXPECT_EQ(*texts, std::vector<std::string>{"firstsecond"});
  EXPECT_EQ(dig("text.test", "TXT"), Lines{"\"first\" \"second\""});
}

TEST_F(ResolverPeerTest, what_does_not_fit_a_datagram_comes_over_tcp) {
  const Lines found = services("_many._tcp.test");
  EXPECT_EQ(found.size(), 80u);
  EXPECT_EQ(found, dig("_many._tcp.test", "SRV"));
}

TEST_F(ResolverPeerTest, a_real_server_says_what_is_not_there) {
  const auto missing = runtime_->block_on(resolver_->addresses("missing.test", 1));
  EXPECT_EQ(missing.error(), DnsError::not_found);
  const auto no_data = runtime_->block_on(resolver_->texts("one.test"));
  EXPECT_EQ(no_data.error(), DnsError::no_data);
  const auto refused = runtime_->block_on(resolver_->texts("elsewhere.example"));
  EXPECT_EQ(refused.error(), DnsError::refused);
}

}  // namespace
}  // namespace rota::testing_net

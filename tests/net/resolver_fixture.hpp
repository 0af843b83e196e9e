#pragma once

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
    before_ = testing_tasks::Ledger::now();
    server_.emplace();
    runtime_.emplace(Runtime::make().value());
  }
  void TearDown() override {
    EXPECT_TRUE(runtime_->shutdown().clean());
    server_.reset();  // Its thread wakes tasks, so it goes first.
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

inline std::vector<std::string> in_words(const Addresses& found) {
  std::vector<std::string> words;
  if (!found) return {found.error().message()};
  for (const Address& one : *found) words.push_back(one.to_string());
  std::ranges::sort(words);
  return words;
}
using Words = std::vector<std::string>;

}  // namespace rota::testing_net

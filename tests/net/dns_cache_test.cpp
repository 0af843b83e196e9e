// The cache with a clock that stands still until it is told, the reader of raw messages with every
// prefix and many a wrong byte, and the order of services.

#include "net/dns_cache.hpp"
#include "net/dns_message.hpp"
#include "net/dns_server.hpp"
#include "net/service_order.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace rota::testing_net {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1'000'000'000'000};

SharedDnsAnswer answer_for(Duration ttl) {
  auto answer = std::make_shared<DnsAnswer>();
  answer->ttl = ttl;
  return answer;
}

DnsQuestion question(const std::string& name) { return DnsQuestion(DnsKind::texts, name); }

class DnsCacheTest : public testing::Test {
 protected:
  /// Asks, and has the server answer when it has to.
  bool is_remembered(const std::string& name, Instant now, Duration ttl) {
    DnsCache::Claim claim = cache_.claim(question(name), now);
    if (claim.answer != nullptr) return true;
    EXPECT_TRUE(claim.leads);
    cache_.land(*claim.flight, answer_for(ttl), now);
    return false;
  }
  void fail(const std::string& name, Instant now, std::error_code error) {
    DnsCache::Claim claim = cache_.claim(question(name), now);
    cache_.land(*claim.flight, std::make_shared<DnsAnswer>(error), now);
  }

  DnsCache cache_{{.answers = 2, .longest_ttl = 100s, .negative_ttl = 5s}};
};

TEST_F(DnsCacheTest, an_answer_ends_with_its_ttl) {
  EXPECT_FALSE(is_remembered("a", kStart, 10s));
  EXPECT_TRUE(is_remembered("a", kStart + Duration(10s) - Duration(1), 10s));
  EXPECT_FALSE(is_remembered("a", kStart + Duration(10s), 10s));
}

TEST_F(DnsCacheTest, no_answer_lives_longer_than_the_longest_ttl) {
  EXPECT_FALSE(is_remembered("a", kStart, Duration::max()));
  EXPECT_TRUE(is_remembered("a", kStart + Duration(99s), 1s));
  EXPECT_FALSE(is_remembered("a", kStart + Duration(100s), 1s));
}

TEST_F(DnsCacheTest, absence_lives_as_long_as_it_is_told) {
  for (const DnsError error : {DnsError::not_found, DnsError::no_data}) {
    cache_.clear();
    fail("a", kStart, make_error_code(error));
    EXPECT_TRUE(is_remembered("a", kStart + Duration(4s), 0s));
    EXPECT_FALSE(is_remembered("a", kStart + Duration(5s), 0s));
  }
  fail("b", kStart, make_error_code(DnsError::server_failure));
  EXPECT_FALSE(is_remembered("b", kStart, 0s));
}

TEST_F(DnsCacheTest, the_answer_unused_for_longest_makes_room) {
  EXPECT_FALSE(is_remembered("a", kStart, 10s));
  EXPECT_FALSE(is_remembered("b", kStart, 10s));
  EXPECT_TRUE(is_remembered("a", kStart, 10s));
  EXPECT_FALSE(is_remembered("c", kStart, 10s));
  EXPECT_TRUE(is_remembered("a", kStart, 10s));
  EXPECT_FALSE(is_remembered("b", kStart, 10s));
}

TEST_F(DnsCacheTest, an_answer_from_the_future_is_by_another_clock) {
  EXPECT_FALSE(is_remembered("a", kStart, 10s));
  EXPECT_FALSE(is_remembered("a", kStart - Duration(1), 10s));
}

TEST_F(DnsCacheTest, one_name_has_one_answer_per_kind) {
  EXPECT_FALSE(is_remembered("a", kStart, 10s));
  DnsCache::Claim claim = cache_.claim(DnsQuestion(DnsKind::services, "a"), kStart);
  EXPECT_TRUE(claim.leads);
  cache_.land(*claim.flight, nullptr, kStart);
}

TEST_F(DnsCacheTest, whoever_asks_meanwhile_follows_until_the_flight_lands) {
  DnsCache::Claim first = cache_.claim(question("a"), kStart);
  DnsCache::Claim second = cache_.claim(question("a"), kStart);
  EXPECT_TRUE(first.leads);
  EXPECT_FALSE(second.leads);
  EXPECT_EQ(first.flight, second.flight);
  EXPECT_FALSE(second.flight->landed.is_set());
  cache_.land(*first.flight, nullptr, kStart);
  EXPECT_TRUE(second.flight->landed.is_set());
  EXPECT_EQ(second.flight->answer, nullptr);
  EXPECT_TRUE(cache_.claim(question("a"), kStart).leads);
}

/// An answer with an alias, then two records of a kind.
Bytes message_with(const DnsRecord& first, const DnsRecord& second) {
  Bytes message{0, 1, 0x84, 0, 0, 1, 0, 3, 0, 0, 0, 0};
  const Bytes name = name_bytes("a.test");
  message.insert(message.end(), name.begin(), name.end());
  message.insert(message.end(), {0, static_cast<unsigned char>(first.type), 0, 1});
  const DnsRecord alias = cname_record("b.test", 30);
  for (const DnsRecord* record : {&alias, &first, &second}) {
    const auto size = static_cast<unsigned char>(record->data.size());
    const auto ttl = static_cast<unsigned char>(record->ttl_s);
    message.insert(message.end(), {0xc0, 12, 0, static_cast<unsigned char>(record->type), 0, 1});
    message.insert(message.end(), {0, 0, 0, ttl, 0, size});
    message.insert(message.end(), record->data.begin(), record->data.end());
  }
  return message;
}

TEST(DnsMessageTest, services_are_read_with_the_shortest_ttl) {
  const Bytes message =
      message_with(srv_record(1, 2, 3, "x.test", 40), srv_record(4, 5, 6, "y", 9));
  const DnsAnswer answer = read_services(message);
  EXPECT_FALSE(answer.error);
  EXPECT_EQ(answer.ttl, Duration(9s));
  ASSERT_EQ(answer.services.size(), 2u);
  EXPECT_EQ(answer.services[1].target, "y");
  EXPECT_EQ(answer.services[1].port, 6);
}

TEST(DnsMessageTest, the_ttl_of_an_alias_counts) {
  const DnsAnswer answer = read_texts(message_with(txt_record({"x"}, 40), txt_record({"y"}, 50)));
  EXPECT_EQ(answer.ttl, Duration(30s));
  EXPECT_EQ(answer.texts, (std::vector<std::string>{"x", "y"}));
}

TEST(DnsMessageTest, a_message_that_ends_early_is_a_bad_answer) {
  for (const Bytes& whole : {message_with(srv_record(1, 2, 3, "x.test"), srv_record(4, 5, 6, "y")),
                             message_with(txt_record({"some", "texts"}), txt_record({"y"}))}) {
    for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
      // A copy of that size, so that a sanitizer sees what lies beyond.
      const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(bytes));
      EXPECT_EQ(read_services(part).error, DnsError::bad_answer) << bytes;
      EXPECT_EQ(read_texts(part).error, DnsError::bad_answer) << bytes;
    }
  }
}

TEST(DnsMessageTest, whatever_a_byte_is_nothing_is_read_beyond_the_message) {
  for (const Bytes& whole : {message_with(srv_record(1, 2, 3, "x.test"), srv_record(4, 5, 6, "y")),
                             message_with(txt_record({"some", "texts"}), txt_record({"y"}))}) {
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (unsigned value = 0; value < 256; ++value) {
        Bytes wrong = whole;
        wrong[at] = static_cast<unsigned char>(value);
        EXPECT_LE(read_services(wrong).services.size(), whole.size());
        EXPECT_LE(read_texts(wrong).texts.size(), whole.size());
      }
    }
  }
}

Service service(std::string target, std::uint16_t priority, std::uint16_t weight) {
  Service made;
  made.target = std::move(target);
  made.priority = priority;
  made.weight = weight;
  return made;
}

TEST(ServiceOrderTest, weights_decide_how_often_one_is_first) {
  Random random(1);
  int first = 0;
  int third_of_zero = 0;
  constexpr int kRounds = 10'000;
  for (int i = 0; i < kRounds; ++i) {
    std::vector<Service> services{service("heavy", 1, 75), service("light", 1, 25),
                                  service("zero", 1, 0), service("later", 2, 100)};
    put_in_order(services, random);
    EXPECT_EQ(services[3].target, "later");
    first += services[0].target == "heavy" ? 1 : 0;
    third_of_zero += services[2].target == "zero" ? 1 : 0;
  }
  EXPECT_NEAR(first, kRounds * 3 / 4, kRounds / 30);
  EXPECT_GT(third_of_zero, kRounds * 9 / 10);
}

TEST(ServiceOrderTest, equals_without_a_weight_come_in_any_order) {
  Random random(1);
  int first = 0;
  for (int i = 0; i < 1'000; ++i) {
    std::vector<Service> services{service("a", 1, 0), service("b", 1, 0)};
    put_in_order(services, random);
    first += services[0].target == "a" ? 1 : 0;
  }
  EXPECT_NEAR(first, 500, 100);
}

}  // namespace
}  // namespace rota::testing_net

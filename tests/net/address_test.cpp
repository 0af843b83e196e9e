#include <rota/address.hpp>

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <string_view>

namespace rota {
namespace {

using namespace std::string_view_literals;

TEST(AddressTest, an_ipv4_address_becomes_what_the_kernel_takes) {
  const auto address = Address::parse("192.168.1.20:8080");
  ASSERT_TRUE(address.has_value());
  EXPECT_EQ(address->port(), 8080);
  EXPECT_EQ(address->family(), AF_INET);
  EXPECT_FALSE(address->is_ipv6());
  ASSERT_EQ(address->native_bytes(), sizeof(sockaddr_in));
  const auto& native = *reinterpret_cast<const sockaddr_in*>(address->native());
  EXPECT_EQ(native.sin_port, htons(8080));
  EXPECT_EQ(native.sin_addr.s_addr, htonl(0xc0a80114));
}

TEST(AddressTest, an_ipv6_address_becomes_what_the_kernel_takes) {
  const auto address = Address::parse("[2001:db8::7]:443");
  ASSERT_TRUE(address.has_value());
  EXPECT_EQ(address->port(), 443);
  EXPECT_EQ(address->family(), AF_INET6);
  EXPECT_TRUE(address->is_ipv6());
  ASSERT_EQ(address->native_bytes(), sizeof(sockaddr_in6));
  const auto& native = *reinterpret_cast<const sockaddr_in6*>(address->native());
  EXPECT_EQ(native.sin6_port, htons(443));
  EXPECT_EQ(native.sin6_addr.s6_addr[0], 0x20);
  EXPECT_EQ(native.sin6_addr.s6_addr[15], 7);
}

TEST(AddressTest, text_survives_the_way_there_and_back) {
  for (const char* text : {"127.0.0.1:0", "0.0.0.0:1", "255.255.255.255:65535", "[::1]:80",
                           "[::]:0", "[2001:db8::ff00:42:8329]:65535", "[::ffff:10.0.0.1]:9"}) {
    const auto address = Address::parse(text);
    ASSERT_TRUE(address.has_value()) << text;
    EXPECT_EQ(address->to_string(), text);
    const Address copy =
        Address::from_native(*address->native(), static_cast<std::size_t>(address->native_bytes()));
    EXPECT_EQ(copy, *address) << text;
  }
}

TEST(AddressTest, what_is_no_address_is_refused) {
  for (const std::string_view text :
       {""sv,               ":"sv,                 ":80"sv,           "127.0.0.1"sv,
        "127.0.0.1:"sv,     "127.0.0.1:65536"sv,   "127.0.0.1:-1"sv,  "127.0.0.1:+1"sv,
        "127.0.0.1: 80"sv,  "127.0.0.1:80 "sv,     "127.0.0.1:80x"sv, "127.0.0.1:0x50"sv,
        "127.0.0:80"sv,     "127.0.0.256:80"sv,    "1.2.3.4.5:80"sv,  "localhost:80"sv,
        "::1"sv,            "::1:80"sv,            "[::1]"sv,         "[::1]:"sv,
        "[]:80"sv,          "[::1:80"sv,           "::1]:80"sv,       "[127.0.0.1]:80"sv,
        "[::1%lo]:80"sv,    "[:::]:80"sv,          " 127.0.0.1:80"sv, "[::1] :80"sv,
        "127.0.0.1\0:80"sv, "[::1\0]:80"sv,        "127.0.0.1\0.example:80"sv}) {
    const auto address = Address::parse(text);
    ASSERT_FALSE(address.has_value()) << text << " became " << address->to_string();
    EXPECT_EQ(address.error(), std::errc::invalid_argument) << text;
  }
}

TEST(AddressTest, loopback_and_any_are_what_their_names_say) {
  EXPECT_EQ(Address::loopback(7).to_string(), "127.0.0.1:7");
  EXPECT_EQ(Address::any(65535).to_string(), "0.0.0.0:65535");
  EXPECT_EQ(Address::loopback(7), *Address::parse("127.0.0.1:7"));
}

TEST(AddressTest, addresses_differ_by_host_by_port_and_by_family) {
  const Address address = Address::loopback(7);
  EXPECT_NE(address, Address::loopback(8));
  EXPECT_NE(address, Address::any(7));
  EXPECT_NE(address, *Address::parse("[::1]:7"));
  EXPECT_NE(address, Address());
  EXPECT_EQ(Address(), Address());
}

TEST(AddressTest, an_empty_one_has_no_family_and_no_bytes) {
  const Address none;
  EXPECT_EQ(none.family(), AF_UNSPEC);
  EXPECT_EQ(none.native_bytes(), 0u);
  EXPECT_EQ(none.port(), 0);
  EXPECT_FALSE(none.is_ipv6());
}

TEST(AddressTest, what_the_kernel_reports_is_taken) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_GE(fd, 0);
  const Address wanted = Address::loopback(0);
  EXPECT_EQ(::bind(fd, wanted.native(), wanted.native_bytes()), 0);
  sockaddr_storage bound{};
  socklen_t bytes = sizeof bound;
  EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &bytes), 0);
  ::close(fd);
  const Address address = Address::from_native(reinterpret_cast<const sockaddr&>(bound), bytes);
  EXPECT_NE(address.port(), 0);
  EXPECT_EQ(address, Address::loopback(address.port()));
}

}  // namespace
}  // namespace rota

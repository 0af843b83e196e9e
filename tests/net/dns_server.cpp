#include "net/dns_server.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace rota::testing_net {
namespace {

constexpr std::size_t kHeadBytes = 12;
constexpr std::uint16_t kInternet = 1;

// Of the two bytes of flags.
constexpr unsigned kIsAnswer = 0x8400;  // with authority
constexpr unsigned kIsTruncated = 0x0200;
constexpr unsigned kFailed = 2;
constexpr unsigned kNoSuchName = 3;
constexpr unsigned kRefused = 5;

void put_16(Bytes& to, unsigned value) {
  to.push_back(static_cast<unsigned char>(value >> 8));
  to.push_back(static_cast<unsigned char>(value));
}
void put_32(Bytes& to, std::uint32_t value) {
  put_16(to, value >> 16);
  put_16(to, value & 0xffff);
}
void put(Bytes& to, const Bytes& bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

Bytes figures(int family, std::string_view address, std::size_t bytes) {
  Bytes native(bytes);
  EXPECT_EQ(inet_pton(family, std::string(address).c_str(), native.data()), 1);
  return native;
}

/// A socket at one port of loopback.
int open_socket(int type, Address& at) {
  const int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (bind(fd, at.native(), at.native_bytes()) < 0) {
    ::close(fd);
    return -1;
  }
  sockaddr_storage native{};
  socklen_t length = sizeof native;
  EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&native), &length), 0);
  at = Address::from_native(reinterpret_cast<const sockaddr&>(native), length);
  return fd;
}

bool read_exactly(int fd, unsigned char* to, std::size_t bytes) {
  while (bytes > 0) {
    const ssize_t got = ::recv(fd, to, bytes, 0);
    if (got <= 0) return false;
    to += got;
    bytes -= static_cast<std::size_t>(got);
  }
  return true;
}

}  // namespace

Bytes name_bytes(std::string_view name) {
  Bytes bytes;
  while (!name.empty()) {
    const std::size_t dot = std::min(name.find('.'), name.size());
    bytes.push_back(static_cast<unsigned char>(dot));
    bytes.insert(bytes.end(), name.begin(), name.begin() + static_cast<std::ptrdiff_t>(dot));
    name.remove_prefix(std::min(dot + 1, name.size()));
  }
  bytes.push_back(0);
  return bytes;
}

DnsRecord a_record(std::string_view address, std::uint32_t ttl_s, std::string owner) {
  return {RecordType::a, figures(AF_INET, address, sizeof(in_addr)), ttl_s, std::move(owner)};
}

DnsRecord aaaa_record(std::string_view address, std::uint32_t ttl_s, std::string owner) {
  return {RecordType::aaaa, figures(AF_INET6, address, sizeof(in6_addr)), ttl_s, std::move(owner)};
}

DnsRecord cname_record(std::string_view target, std::uint32_t ttl_s, std::string owner) {
  return {RecordType::cname, name_bytes(target), ttl_s, std::move(owner)};
}

DnsRecord srv_record(std::uint16_t priority, std::uint16_t weight, std::uint16_t port,
                     std::string_view target, std::uint32_t ttl_s) {
  Bytes data;
  put_16(data, priority);
  put_16(data, weight);
  put_16(data, port);
  put(data, name_bytes(target));
  return {RecordType::srv, std::move(data), ttl_s};
}

DnsRecord txt_record(const std::vector<std::string>& strings, std::uint32_t ttl_s) {
  Bytes data;
  for (const std::string& one : strings) {
    data.push_back(static_cast<unsigned char>(one.size()));
    data.insert(data.end(), one.begin(), one.end());
  }
  return {RecordType::txt, std::move(data), ttl_s};
}

DnsServer::DnsServer() {
  // The port that UDP was given may be another's for TCP.
  constexpr int kMostAttempts = 100;
  for (int i = 0; i < kMostAttempts && tcp_ < 0; ++i) {
    if (udp_ >= 0) ::close(udp_);
    address_ = Address::loopback(0);
    udp_ = open_socket(SOCK_DGRAM, address_);
    tcp_ = open_socket(SOCK_STREAM, address_);
  }
  EXPECT_GE(tcp_, 0);
  EXPECT_EQ(listen(tcp_, SOMAXCONN), 0);
  stop_ = eventfd(0, EFD_CLOEXEC);
  thread_ = std::thread(&DnsServer::serve, this);
}

DnsServer::~DnsServer() {
  EXPECT_EQ(eventfd_write(stop_, 1), 0);
  thread_.join();
  for (const int fd : {udp_, tcp_, stop_}) ::close(fd);
}

void DnsServer::add(const std::string& name, DnsRecord record) {
  const std::lock_guard lock(mutex_);
  zones_[name].records.push_back(std::move(record));
}

void DnsServer::set_manner(const std::string& name, Manner manner) {
  const std::lock_guard lock(mutex_);
  zones_[name].manner = manner;
}

void DnsServer::forget(const std::string& name) {
  const std::lock_guard lock(mutex_);
  zones_.erase(name);
}

std::size_t DnsServer::asked(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = asked_.find(name);
  return found == asked_.end() ? 0 : found->second;
}

std::size_t DnsServer::asked_over_tcp() const {
  const std::lock_guard lock(mutex_);
  return asked_over_tcp_;
}

void DnsServer::serve() {
  std::vector<pollfd> waits{{stop_, POLLIN, 0}, {udp_, POLLIN, 0}, {tcp_, POLLIN, 0}};
  constexpr std::size_t first_connection = 3;
  for (;;) {
    if (poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) break;
    if (waits[0].revents != 0) break;
    if (waits[1].revents != 0) serve_udp();
    for (std::size_t i = waits.size(); i-- > first_connection;) {
      if (waits[i].revents == 0 || serve_tcp(waits[i].fd)) continue;
      ::close(waits[i].fd);
      waits.erase(waits.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (waits[2].revents != 0) {
      const int connection = accept4(tcp_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection >= 0) waits.push_back({connection, POLLIN, 0});
    }
  }
  for (std::size_t i = first_connection; i < waits.size(); ++i) ::close(waits[i].fd);
}

void DnsServer::serve_udp() {
  std::array<unsigned char, 1500> question;
  sockaddr_storage from{};
  socklen_t length = sizeof from;
  const ssize_t got = recvfrom(udp_, question.data(), question.size(), 0,
                               reinterpret_cast<sockaddr*>(&from), &length);
  if (got < static_cast<ssize_t>(kHeadBytes)) return;
  const Bytes bytes = answer(std::span(question).first(static_cast<std::size_t>(got)), Over::udp);
  if (bytes.empty()) return;
  sendto(udp_, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&from), length);
}

bool DnsServer::serve_tcp(int connection) {
  std::array<unsigned char, 2> length;
  if (!read_exactly(connection, length.data(), length.size())) return false;
  Bytes question(static_cast<std::size_t>(length[0] << 8 | length[1]));
  if (!read_exactly(connection, question.data(), question.size())) return false;
  const Bytes bytes = answer(question, Over::tcp);
  if (bytes.empty()) return true;
  Bytes framed;
  put_16(framed, static_cast<unsigned>(bytes.size()));
  put(framed, bytes);
  return send(connection, framed.data(), framed.size(), MSG_NOSIGNAL) > 0;
}

Bytes DnsServer::records_of(const Zone& zone, std::uint16_t type, const std::string& name,
                            std::uint16_t& count) const {
  Bytes bytes;
  for (const DnsRecord& record : zone.records) {
    const auto of = static_cast<std::uint16_t>(record.type);
    if (of != type && record.type != RecordType::cname) continue;
    put(bytes, name_bytes(record.owner.empty() ? name : record.owner));
    put_16(bytes, of);
    put_16(bytes, kInternet);
    put_32(bytes, record.ttl_s);
    put_16(bytes, static_cast<unsigned>(record.data.size()));
    put(bytes, record.data);
    ++count;
  }
  return bytes;
}

Bytes DnsServer::answer(std::span<const unsigned char> question, Over over) {
  std::string name;
  std::size_t at = kHeadBytes;
  while (at < question.size() && question[at] != 0) {
    const std::size_t end = at + 1 + question[at];
    if (end >= question.size()) return {};
    if (!name.empty()) name += '.';
    name.append(question.begin() + static_cast<std::ptrdiff_t>(at + 1),
                question.begin() + static_cast<std::ptrdiff_t>(end));
    at = end;
  }
  const std::size_t end = at + 5;
  if (end > question.size()) return {};
  const auto type = static_cast<std::uint16_t>(question[at + 1] << 8 | question[at + 2]);

  const std::lock_guard lock(mutex_);
  ++asked_[name];
  if (over == Over::tcp) ++asked_over_tcp_;
  const auto found = zones_.find(name);
  const Zone zone = found == zones_.end() ? Zone{Manner::does_not_exist, {}} : found->second;
  std::uint16_t count = 0;
  Bytes records;
  unsigned flags = kIsAnswer;
  const bool truncates =
      zone.manner == Manner::truncates || zone.manner == Manner::truncates_and_hangs;
  if (zone.manner == Manner::is_silent ||
      (zone.manner == Manner::truncates_and_hangs && over == Over::tcp)) {
    left_open_.set();
    return {};
  }
  if (truncates && over == Over::udp) flags |= kIsTruncated;
  if (zone.manner == Manner::does_not_exist) flags |= kNoSuchName;
  if (zone.manner == Manner::fails) flags |= kFailed;
  if (zone.manner == Manner::refuses) flags |= kRefused;
  if (zone.manner == Manner::answers || (truncates && over == Over::tcp)) {
    records = records_of(zone, type, name, count);
  }
  if (zone.manner == Manner::sends_garbage) {
    count = 3;
    records = {0xc0, 0xff, 0xee};
  }
  Bytes bytes(question.begin(), question.begin() + 2);
  put_16(bytes, flags);
  put_16(bytes, 1);
  put_16(bytes, count);
  put_32(bytes, 0);
  bytes.insert(bytes.end(), question.begin() + kHeadBytes,
               question.begin() + static_cast<std::ptrdiff_t>(end));
  put(bytes, records);
  return bytes;
}

}  // namespace rota::testing_net

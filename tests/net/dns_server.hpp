#pragma once

#include <rota/address.hpp>
#include <rota/event.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace rota::testing_net {

using Bytes = std::vector<unsigned char>;

enum class RecordType : std::uint16_t { a = 1, cname = 5, txt = 16, aaaa = 28, srv = 33 };

/// A record of an answer. Its owner is the name that was asked for unless it has one.
struct DnsRecord {
  RecordType type;
  Bytes data;
  std::uint32_t ttl_s = 60;
  std::string owner = {};
};
DnsRecord a_record(std::string_view address, std::uint32_t ttl_s = 60, std::string owner = {});
DnsRecord aaaa_record(std::string_view address, std::uint32_t ttl_s = 60, std::string owner = {});
DnsRecord cname_record(std::string_view target, std::uint32_t ttl_s = 60, std::string owner = {});
DnsRecord srv_record(std::uint16_t priority, std::uint16_t weight, std::uint16_t port,
                     std::string_view target, std::uint32_t ttl_s = 60);
DnsRecord txt_record(const std::vector<std::string>& strings, std::uint32_t ttl_s = 60);

/// A name as it is in a message.
Bytes name_bytes(std::string_view name);

/// How a server answers questions for a name.
enum class Manner : std::uint8_t {
  answers,
  does_not_exist,
  fails,
  refuses,
  is_silent,
  sends_garbage,        ///< the head of an answer, and then nothing that it announces
  truncates,            ///< over UDP, so that the question comes again over TCP
  truncates_and_hangs,  ///< and is silent over TCP
};

/// A name server on loopback, in a thread of its own, over UDP and TCP at one port. What it has not
/// been told of does not exist; a name that has records of another type only has no data.
class DnsServer {
 public:
  DnsServer();
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  [[nodiscard]] const Address& address() const { return address_; }
  void add(const std::string& name, DnsRecord record);
  void set_manner(const std::string& name, Manner manner);
  void forget(const std::string& name);

  /// How many questions came for a name, of all types, over UDP and TCP.
  [[nodiscard]] std::size_t asked(const std::string& name) const;
  [[nodiscard]] std::size_t asked_over_tcp() const;
  /// Set when a question has come that is not going to be answered.
  [[nodiscard]] Event& left_open() { return left_open_; }

 private:
  struct Zone {
    Manner manner = Manner::answers;
    std::vector<DnsRecord> records;
  };
  enum class Over : std::uint8_t { udp, tcp };

  void serve();
  void serve_udp();
  bool serve_tcp(int connection);
  /// Empty: none.
  Bytes answer(std::span<const unsigned char> question, Over over);
  [[nodiscard]] Bytes records_of(const Zone& zone, std::uint16_t type, const std::string& name,
                                 std::uint16_t& count) const;

  int udp_ = -1;
  int tcp_ = -1;
  int stop_ = -1;
  Address address_;
  Event left_open_;
  mutable std::mutex mutex_;  // What follows is under it.
  std::map<std::string, Zone> zones_;
  std::map<std::string, std::size_t> asked_;
  std::size_t asked_over_tcp_ = 0;
  std::thread thread_;
};

}  // namespace rota::testing_net

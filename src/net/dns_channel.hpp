#pragma once

#include "base/unique_fd.hpp"
#include "net/dns_answer.hpp"
#include "net/dns_question.hpp"
#include "net/dns_sockets.hpp"

#include <rota/resolver.hpp>

#include <ares.h>

#include <string>
#include <system_error>
#include <vector>

namespace rota::inline v0 {

/// One question to the servers by c-ares: all of c-ares that a lookup needs, and nothing that
/// waits.
///
/// Thread class: *one task*; c-ares 1.18 allows no other. Its sockets are in a set of epoll's,
/// which is what its user waits for: readable means `process`.
///
/// 1. `open`, `ask`, then `process` whenever `fd` is readable or `time_left` has passed, until
///    `is_done`; then `take`.
/// 2. Destroyed before that it closes its sockets and gives the question up.
class DnsChannel {
 public:
  DnsChannel() = default;
  ~DnsChannel();
  DnsChannel(const DnsChannel&) = delete;
  DnsChannel& operator=(const DnsChannel&) = delete;

  /// Reads resolv.conf.
  [[nodiscard]] std::error_code open(const ResolverConfig& config);
  /// Sends the first packet. Once.
  void ask(const DnsQuestion& question);

  [[nodiscard]] bool is_done() const noexcept { return is_done_; }
  [[nodiscard]] int fd() const noexcept { return sockets_.number(); }
  /// Until the next packet has to be sent, by the machine's clock. Only before it is done.
  [[nodiscard]] Duration time_left() const noexcept;
  void process() noexcept;
  [[nodiscard]] DnsAnswer take() { return std::move(answer_); }

  /// Of an open channel, in words: for `rota doctor`.
  [[nodiscard]] std::string servers() const;
  [[nodiscard]] std::vector<std::string> search_domains() const;

 private:
  static void watch_socket(void* self, ares_socket_t socket, int reads, int writes) noexcept;
  static void got_addresses(void* self, int status, int timeouts, ares_addrinfo* found) noexcept;
  static void got_services(void* self, int status, int timeouts, unsigned char* message,
                           int bytes) noexcept;
  static void got_texts(void* self, int status, int timeouts, unsigned char* message,
                        int bytes) noexcept;

  /// What a question came to, by c-ares's word for it.
  [[nodiscard]] std::error_code error_of(int status) const noexcept;
  [[nodiscard]] std::error_code choose_servers(const std::vector<Address>& servers);
  void finish(DnsAnswer answer) noexcept;

  UniqueFd sockets_;
  DnsSockets heard_;
  ares_channel channel_ = nullptr;
  bool is_done_ = false;
  DnsAnswer answer_;
};

}  // namespace rota::inline v0

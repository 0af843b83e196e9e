#pragma once

#include <rota/address.hpp>
#include <rota/core/instant.hpp>
#include <rota/core/owned.hpp>
#include <rota/dns_error.hpp>
#include <rota/result.hpp>
#include <rota/task.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rota::inline v0 {

/// What is left empty comes from resolv.conf, which each query reads anew, and where that says
/// nothing is as it is everywhere: ask what it names in turn, 5 s at a time, 4 times each.
struct ResolverConfig {
  std::vector<Address> servers;                            ///< a port of 0 means 53
  std::optional<std::vector<std::string>> search_domains;  ///< an empty list: none
  /// Names with fewer dots are looked up in the search domains first.
  std::optional<std::uint32_t> dots;
  std::optional<Duration> timeout;     ///< of the first question; it doubles with each round
  std::optional<std::uint32_t> tries;  ///< rounds over the servers
  std::string resolv_conf = "/etc/resolv.conf";
  std::string hosts_file = "/etc/hosts";  ///< empty: none
  std::size_t cached_answers = 1024;      ///< 0: none; the one unused for longest makes room
  Duration longest_ttl{3'600'000'000'000};
  /// How long to remember that a name, or what was asked of it, does not exist.
  Duration negative_ttl{5'000'000'000};

  ResolverConfig() = default;
};

/// Where a service is to be had: an SRV record.
struct Service {
  std::string target;
  std::uint16_t port = 0;
  std::uint16_t priority = 0;
  std::uint16_t weight = 0;

  Service() = default;
};

/// Everything that the copies of one Resolver share.
/// Finds out what names mean: by the hosts file and by the DNS, as a stub that asks the servers
/// which the system, or its configuration, names.
///
/// A handle: copies share configuration and cache. Never waits in a thread of the blocking pool:
/// the sockets are waited for by the task's driver and the timeouts by its timers. Small local
/// files (hosts, resolv.conf) are read where the task runs. A lookup that has to ask holds an epoll
/// descriptor and a socket or two meanwhile, and reads its answers where its task runs.
///
/// Answers are remembered for as long as their records allow, `longest_ttl` at the most. Tasks that
/// ask the same at the same time share one query. Time is that of `now()`, so tasks that share a
/// Resolver should go by one clock; the repetition of questions goes by the machine's.
///
/// Names are of ASCII's letters and digits, "-" and "_"; others must come as punycode ("xn--...").
/// A name that ends with a dot is taken as it is, without search domains. `bad_name`: another byte,
/// an empty label or one of more than 63 bytes, or more than 253 in all.
///
/// @threads any, in tasks
/// @loses nothing: what it had open is closed, and tasks that shared its query ask on
/// @owns a lookup keeps what it needs of its Resolver, which may go meanwhile
/// @errors a DnsError (`not_found`, `no_data`, `refused`, `server_failure`, `not_implemented`,
/// `bad_query`, `bad_name`, `bad_answer`); `timed_out`: no server answered; `connection_refused`:
/// none could be reached; what socket(2), epoll_create1(2) or reading resolv.conf say, such as
/// `too_many_files_open`; std::bad_alloc
///
///     Result<std::vector<Address>> found = co_await resolver.addresses("example.com", 443);
class Resolver {
 public:
  explicit Resolver(ResolverConfig config = {});
  Resolver(const Resolver& other);
  Resolver& operator=(const Resolver& other);
  Resolver(Resolver&&) noexcept;
  Resolver& operator=(Resolver&&) noexcept;
  ~Resolver();

  /// Where `host` is, all with `port`, the best first as RFC 6724 ranks them, and never none. An
  /// address in figures ("192.0.2.1", "2001:db8::1", "[::1]", "fe80::1%eth0") is itself; the hosts
  /// file decides next, in its order; then "localhost" and what ends with ".localhost" is this
  /// machine; only then is a server asked, for IPv4 and IPv6.
  [[nodiscard]] Task<Result<std::vector<Address>>> addresses(std::string_view host,
                                                             std::uint16_t port);
  /// The SRV records of `name` ("_ldap._tcp.example.com") in the order in which to try them: by
  /// priority, and among equals drawn by weight, anew in each call. `no_data` also when they say
  /// that there is no such service.
  [[nodiscard]] Task<Result<std::vector<Service>>> services(std::string_view name);
  /// The TXT records of `name`, the strings of each joined. Any bytes.
  [[nodiscard]] Task<Result<std::vector<std::string>>> texts(std::string_view name);

  /// Forgets all answers, for example because the machine has moved to another network.
  void clear_cache() noexcept;

 private:
  struct Share;

  Owned<Share> share_;
};

/// `Resolver::addresses` of a Resolver that the process shares, made from the system's
/// configuration.
///
/// @as Resolver
[[nodiscard]] Task<Result<std::vector<Address>>> resolve(std::string_view host, std::uint16_t port);

}  // namespace rota::inline v0

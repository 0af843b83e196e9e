#include <rota/resolver.hpp>

#include "base/entropy.hpp"
#include "base/random.hpp"
#include "net/dns_cache.hpp"
#include "net/dns_channel.hpp"
#include "net/host_name.hpp"
#include "net/hosts_file.hpp"
#include "net/service_order.hpp"

#include <rota/core/check_usage.hpp>
#include <rota/fd_watch.hpp>
#include <rota/time.hpp>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstring>
#include <memory>
#include <utility>

namespace rota::inline v0 {

struct ResolverState {
  const ResolverConfig config;
  HostsFile hosts;
  DnsCache cache;

  explicit ResolverState(ResolverConfig from)
      : config(std::move(from)),
        hosts(config.hosts_file),
        cache({.answers = config.cached_answers,
               .longest_ttl = config.longest_ttl,
               .negative_ttl = config.negative_ttl}) {}
};

namespace {

using SharedState = std::shared_ptr<ResolverState>;

/// Lands a flight, whatever becomes of the task that leads it.
class Landing {
 public:
  Landing(DnsCache& cache, DnsFlight& flight) noexcept : cache_(cache), flight_(flight) {}
  ~Landing() { cache_.land(flight_, std::move(answer_), now()); }
  Landing(const Landing&) = delete;
  Landing& operator=(const Landing&) = delete;

  /// A cancelled task has no answer for others.
  void keep(const SharedDnsAnswer& answer) noexcept {
    if (!is_canceled(answer->error)) answer_ = answer;
  }

 private:
  DnsCache& cache_;
  DnsFlight& flight_;
  SharedDnsAnswer answer_;
};

/// Waits for the servers until the question is answered. The channel's fd is no longer waited for
/// when this ends, so that it can be closed.
Task<Result<void>> drive(DnsChannel& channel) {
  FdWatch watch(channel.fd());
  Result<void> driven;
  while (!channel.is_done()) {
    const Duration limit = channel.time_left();
    Result<PollEvents> ready = co_await timeout(limit, watch.wait(POLLIN));
    if (!ready && ready.error() != std::errc::timed_out) {
      driven = std::unexpected(ready.error());
      break;
    }
    channel.process();
  }
  Result<void> forgotten = co_await watch.forget();
  static_cast<void>(forgotten);
  co_return driven;
}

/// Asks the servers.
Task<SharedDnsAnswer> ask(const ResolverConfig& config, const DnsQuestion& question) {
  DnsChannel channel;
  std::error_code error = channel.open(config);
  if (!error) {
    channel.ask(question);
  }
  if (!error && !channel.is_done()) {
    Task<Result<void>> driving = drive(channel);
    Result<void> driven = co_await std::move(driving);
    if (!driven) error = driven.error();
  }
  if (error) co_return std::make_shared<const DnsAnswer>(error);
  co_return std::make_shared<const DnsAnswer>(channel.take());
}

/// From the cache, from whoever asks already, or from the servers. Null: whoever asked has no
/// answer for others.
Task<SharedDnsAnswer> find_once(ResolverState& state, const DnsQuestion& question) {
  DnsCache::Claim claim = state.cache.claim(question, now());
  if (claim.answer != nullptr) co_return claim.answer;
  if (!claim.leads) {
    Result<void> landed = co_await claim.flight->landed.wait();
    if (!landed) co_return std::make_shared<const DnsAnswer>(landed.error());
    co_return claim.flight->answer;
  }
  Landing landing(state.cache, *claim.flight);
  Task<SharedDnsAnswer> asking = ask(state.config, question);
  SharedDnsAnswer answer = co_await std::move(asking);
  landing.keep(answer);
  co_return answer;
}

Task<SharedDnsAnswer> find(ResolverState& state, const DnsQuestion& question) {
  SharedDnsAnswer answer;
  while (answer == nullptr) {
    Task<SharedDnsAnswer> finding = find_once(state, question);
    answer = co_await std::move(finding);
  }
  co_return answer;
}

Address loopback_of_ipv6() noexcept {
  sockaddr_in6 native{};
  native.sin6_family = AF_INET6;
  native.sin6_addr = in6addr_loopback;
  return Address::from_native(reinterpret_cast<const sockaddr&>(native), sizeof native);
}

/// What is known of a host without a server; empty: nothing.
std::vector<Address> find_here(ResolverState& state, std::string_view host) {
  if (const auto literal = address_in_figures(host)) return {*literal};
  const std::string name = in_small_letters(without_root(host));
  std::vector<Address> found = state.hosts.find(name);
  if (found.empty() && is_localhost(name)) found = {loopback_of_ipv6(), Address::loopback(0)};
  return found;
}

std::vector<Address> with_port(std::vector<Address> addresses, std::uint16_t port) {
  for (Address& address : addresses) address = address.with_port(port);
  return addresses;
}

Task<Result<std::vector<Address>>> find_addresses(SharedState state, std::string host,
                                                  std::uint16_t port) {
  using Found = Result<std::vector<Address>>;
  std::vector<Address> here = find_here(*state, host);
  if (!here.empty()) co_return Found(with_port(std::move(here), port));
  const DnsQuestion question(DnsKind::addresses, in_small_letters(host));
  if (!is_dns_name(question.name)) co_return std::unexpected(make_error_code(DnsError::bad_name));
  Task<SharedDnsAnswer> finding = find(*state, question);
  SharedDnsAnswer answer = co_await std::move(finding);
  if (answer->error) co_return std::unexpected(answer->error);
  co_return Found(with_port(answer->addresses, port));
}

Task<Result<std::vector<Service>>> find_services(SharedState state, DnsQuestion question) {
  if (!is_dns_name(question.name)) co_return std::unexpected(make_error_code(DnsError::bad_name));
  Task<SharedDnsAnswer> finding = find(*state, question);
  SharedDnsAnswer answer = co_await std::move(finding);
  if (answer->error) co_return std::unexpected(answer->error);
  std::vector<Service> services = answer->services;
  Random random(entropy());
  put_in_order(services, random);
  co_return Result<std::vector<Service>>(std::move(services));
}

Task<Result<std::vector<std::string>>> find_texts(SharedState state, DnsQuestion question) {
  if (!is_dns_name(question.name)) co_return std::unexpected(make_error_code(DnsError::bad_name));
  Task<SharedDnsAnswer> finding = find(*state, question);
  SharedDnsAnswer answer = co_await std::move(finding);
  if (answer->error) co_return std::unexpected(answer->error);
  co_return Result<std::vector<std::string>>(answer->texts);
}

}  // namespace

/// The part of one handle: <memory> would be dear in a header.
struct Resolver::Share {
  SharedState state;
};

Resolver::Resolver(ResolverConfig config) {
  for (const Address& server : config.servers) {
    check_usage(server.family() != AF_UNSPEC, "a name server of a Resolver has no address");
  }
  share_ = Owned<Share>(new Share{std::make_shared<ResolverState>(std::move(config))});
}
Resolver::Resolver(const Resolver& other) : share_(new Share(*other.share_)) {}
Resolver& Resolver::operator=(const Resolver& other) { return *this = Resolver(other); }
Resolver::Resolver(Resolver&&) noexcept = default;
Resolver& Resolver::operator=(Resolver&&) noexcept = default;
Resolver::~Resolver() = default;

Task<Result<std::vector<Address>>> Resolver::addresses(std::string_view host, std::uint16_t port) {
  return find_addresses(share_->state, std::string(host), port);
}

Task<Result<std::vector<Service>>> Resolver::services(std::string_view name) {
  return find_services(share_->state, DnsQuestion(DnsKind::services, in_small_letters(name)));
}

Task<Result<std::vector<std::string>>> Resolver::texts(std::string_view name) {
  return find_texts(share_->state, DnsQuestion(DnsKind::texts, in_small_letters(name)));
}

void Resolver::clear_cache() noexcept { share_->state->cache.clear(); }

Task<Result<std::vector<Address>>> resolve(std::string_view host, std::uint16_t port) {
  static Resolver shared;
  return shared.addresses(host, port);
}

}  // namespace rota::inline v0

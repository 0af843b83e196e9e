#include "net/dns_channel.hpp"

#include "net/dns_message.hpp"

#include <rota/core/check_usage.hpp>

#include <ares_nameser.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <utility>

namespace rota::inline v0 {

namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kMillisecondNs = 1'000'000;
constexpr std::int64_t kMicrosecondNs = 1'000;

std::error_code error_named(int status) noexcept {
  switch (status) {
    case ARES_SUCCESS: return {};
    case ARES_ENODATA: return make_error_code(DnsError::no_data);
    case ARES_ENOTFOUND:
    case ARES_ENONAME: return make_error_code(DnsError::not_found);
    case ARES_ESERVFAIL: return make_error_code(DnsError::server_failure);
    case ARES_EREFUSED: return make_error_code(DnsError::refused);
    case ARES_ENOTIMP: return make_error_code(DnsError::not_implemented);
    case ARES_EFORMERR: return make_error_code(DnsError::bad_query);
    case ARES_EBADNAME:
    case ARES_EBADSTR:
    case ARES_EBADQUERY: return make_error_code(DnsError::bad_name);
    case ARES_ECONNREFUSED: return os_error(ECONNREFUSED);
    case ARES_ETIMEOUT: return os_error(ETIMEDOUT);
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION: return os_error(ECANCELED);
    case ARES_ENOMEM: return os_error(ENOMEM);
    case ARES_EFILE: return os_error(EIO);
    default: return make_error_code(DnsError::bad_answer);
  }
}

/// Once a process; it sets up tables that nobody changes afterwards.
int start_library() noexcept {
  static const int status = ares_library_init(ARES_LIB_INIT_ALL);
  return status;
}

/// Addresses as c-ares sorted them, and the shortest life of all records that led to them.
DnsAnswer answer_of(const ares_addrinfo& found) noexcept try {
  DnsAnswer answer;
  answer.ttl = Duration::max();
  const auto expires = [&](int seconds) {
    answer.ttl = std::min(answer.ttl, Duration(std::max(seconds, 0) * kSecondNs));
  };
  for (const auto* name = found.cnames; name != nullptr; name = name->next) expires(name->ttl);
  for (const auto* node = found.nodes; node != nullptr; node = node->ai_next) {
    if (node->ai_family != AF_INET && node->ai_family != AF_INET6) continue;
    expires(node->ai_ttl);
    const Address address = Address::from_native(*node->ai_addr, node->ai_addrlen).with_port(0);
    const bool is_new = std::ranges::find(answer.addresses, address) == answer.addresses.end();
    if (is_new) answer.addresses.push_back(address);
  }
  if (answer.addresses.empty()) answer.error = make_error_code(DnsError::no_data);
  return answer;
} catch (const std::bad_alloc&) {
  return DnsAnswer(os_error(ENOMEM));
}

/// What `read` makes of the answer of a server.
template <class Read>
DnsAnswer answer_of(const unsigned char* message, int bytes, Read read) noexcept try {
  return read(std::span(message, static_cast<std::size_t>(bytes)));
} catch (const std::bad_alloc&) {
  return DnsAnswer(os_error(ENOMEM));
}

}  // namespace

DnsChannel::~DnsChannel() {
  // Calls `watch_socket` for each socket, and what waits for an answer.
  if (channel_ != nullptr) ares_destroy(channel_);
}

std::error_code DnsChannel::open(const ResolverConfig& config) {
  if (const int status = start_library(); status != ARES_SUCCESS) return error_named(status);
  sockets_ = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
  if (!sockets_.valid()) return os_error(errno);

  ares_options options{};
  int given = ARES_OPT_FLAGS | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB | ARES_OPT_RESOLVCONF;
  options.flags = ARES_FLAG_NOALIASES;  // HOSTALIASES would have it read one more file
  char only_servers[] = "b";
  options.lookups = only_servers;
  options.sock_state_cb = watch_socket;
  options.sock_state_cb_data = this;
  std::string resolv_conf = config.resolv_conf;
  options.resolvconf_path = resolv_conf.data();
  if (config.timeout) {
    constexpr std::int64_t most = std::numeric_limits<int>::max();
    const std::int64_t ms = config.timeout->ns / kMillisecondNs;
    options.timeout = static_cast<int>(std::clamp<std::int64_t>(ms, 1, most));
    given |= ARES_OPT_TIMEOUTMS;
  }
  if (config.tries) {
    options.tries = static_cast<int>(std::clamp<std::uint32_t>(*config.tries, 1, 100));
    given |= ARES_OPT_TRIES;
  }
  if (config.dots) {
    options.ndots = static_cast<int>(std::min<std::uint32_t>(*config.dots, 255));
    given |= ARES_OPT_NDOTS;
  }
  std::vector<std::string> domains;
  std::vector<char*> domain_pointers;
  if (config.search_domains) {
    domains = *config.search_domains;
    for (std::string& domain : domains) domain_pointers.push_back(domain.data());
    options.domains = domain_pointers.data();
    options.ndomains = static_cast<int>(domain_pointers.size());
    given |= ARES_OPT_DOMAINS;
  }
  if (const int status = ares_init_options(&channel_, &options, given); status != ARES_SUCCESS) {
    channel_ = nullptr;
    return error_named(status);
  }
  heard_.use_for(channel_);
  return choose_servers(config.servers);
}

std::error_code DnsChannel::choose_servers(const std::vector<Address>& servers) {
  if (servers.empty()) return {};
  std::vector<ares_addr_port_node> nodes(servers.size());
  for (std::size_t i = 0; i < servers.size(); ++i) {
    ares_addr_port_node& node = nodes[i];
    node.next = i + 1 < servers.size() ? &nodes[i + 1] : nullptr;
    node.family = servers[i].family();
    node.udp_port = node.tcp_port = servers[i].port();
    if (servers[i].is_ipv6()) {
      sockaddr_in6 native{};
      std::memcpy(&native, servers[i].native(), sizeof native);
      std::memcpy(&node.addr.addr6, &native.sin6_addr, sizeof native.sin6_addr);
    } else {
      sockaddr_in native{};
      std::memcpy(&native, servers[i].native(), sizeof native);
      node.addr.addr4 = native.sin_addr;
    }
  }
  return error_named(ares_set_servers_ports(channel_, nodes.data()));
}

void DnsChannel::ask(const DnsQuestion& question) {
  const char* const name = question.name.c_str();
  switch (question.kind) {
    case DnsKind::addresses: {
      ares_addrinfo_hints hints{};
      hints.ai_family = AF_UNSPEC;
      hints.ai_socktype = SOCK_STREAM;
      ares_getaddrinfo(channel_, name, nullptr, &hints, got_addresses, this);
      break;
    }
    case DnsKind::services: ares_search(channel_, name, C_IN, T_SRV, got_services, this); break;
    case DnsKind::texts: ares_search(channel_, name, C_IN, T_TXT, got_texts, this); break;
  }
}

Duration DnsChannel::time_left() const noexcept {
  timeval left{};
  // Null: nothing is under way, which would be a question that was lost.
  check_usage(ares_timeout(channel_, nullptr, &left) != nullptr, "c-ares lost a question");
  return Duration(left.tv_sec * kSecondNs + left.tv_usec * kMicrosecondNs);
}

void DnsChannel::process() noexcept {
  std::array<epoll_event, 16> ready;
  const int count = ::epoll_wait(fd(), ready.data(), static_cast<int>(ready.size()), 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = ready[static_cast<std::size_t>(i)];
    const bool failed = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
    const ares_socket_t socket = event.data.fd;
    // It may be closed by now, or its number be another's: c-ares passes over the one and finds
    // nothing to read at the other.
    ares_process_fd(channel_, failed || (event.events & EPOLLIN) != 0 ? socket : ARES_SOCKET_BAD,
                    failed || (event.events & EPOLLOUT) != 0 ? socket : ARES_SOCKET_BAD);
  }
  ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // what is due
}

std::error_code DnsChannel::error_of(int status) const noexcept {
  const std::error_code failure = heard_.failure();
  return status == ARES_ECONNREFUSED && failure ? failure : error_named(status);
}

void DnsChannel::finish(DnsAnswer answer) noexcept {
  answer_ = std::move(answer);
  is_done_ = true;
}

void DnsChannel::watch_socket(void* self, ares_socket_t socket, int reads, int writes) noexcept {
  const int set = static_cast<DnsChannel*>(self)->fd();
  epoll_event event{};
  event.data.fd = socket;
  if (reads != 0) event.events |= EPOLLIN;
  if (writes != 0) event.events |= EPOLLOUT;
  if (event.events == 0) {
    ::epoll_ctl(set, EPOLL_CTL_DEL, socket, nullptr);
  } else if (::epoll_ctl(set, EPOLL_CTL_MOD, socket, &event) < 0 && errno == ENOENT) {
    // If the kernel cannot watch it, for want of memory or of watches, its question runs into its
    // timeout.
    ::epoll_ctl(set, EPOLL_CTL_ADD, socket, &event);
  }
}

void DnsChannel::got_addresses(void* self, int status, int, ares_addrinfo* found) noexcept {
  auto& channel = *static_cast<DnsChannel*>(self);
  if (status != ARES_SUCCESS) return channel.finish(DnsAnswer(channel.error_of(status)));
  const std::unique_ptr<ares_addrinfo, void (*)(ares_addrinfo*)> owned(found, ares_freeaddrinfo);
  channel.finish(answer_of(*found));
}

void DnsChannel::got_services(void* self, int status, int, unsigned char* message,
                              int bytes) noexcept {
  auto& channel = *static_cast<DnsChannel*>(self);
  if (status != ARES_SUCCESS) return channel.finish(DnsAnswer(channel.error_of(status)));
  channel.finish(answer_of(message, bytes, read_services));
}

void DnsChannel::got_texts(void* self, int status, int, unsigned char* message,
                           int bytes) noexcept {
  auto& channel = *static_cast<DnsChannel*>(self);
  if (status != ARES_SUCCESS) return channel.finish(DnsAnswer(channel.error_of(status)));
  channel.finish(answer_of(message, bytes, read_texts));
}

std::string DnsChannel::servers() const {
  ares_addr_port_node* first = nullptr;
  if (ares_get_servers_ports(channel_, &first) != ARES_SUCCESS) return {};
  const std::unique_ptr<void, void (*)(void*)> owned(first, ares_free_data);
  std::string text;
  for (const auto* node = first; node != nullptr; node = node->next) {
    char host[INET6_ADDRSTRLEN] = "";
    inet_ntop(node->family, &node->addr, host, sizeof host);
    text += (text.empty() ? "" : ", ") + std::string(host);
  }
  return text;
}

std::vector<std::string> DnsChannel::search_domains() const {
  ares_options options{};
  int given = 0;
  std::vector<std::string> domains;
  if (ares_save_options(channel_, &options, &given) != ARES_SUCCESS) return domains;
  for (int i = 0; i < options.ndomains; ++i) domains.emplace_back(options.domains[i]);
  ares_destroy_options(&options);
  return domains;
}

}  // namespace rota::inline v0

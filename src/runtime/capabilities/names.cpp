#include "runtime/capabilities/groups.hpp"

#include "net/dns_channel.hpp"

#include <rota/resolver.hpp>

namespace rota::inline v0 {

void probe_names(CapabilityList& list) {
  list.begin_group("names");
  const ResolverConfig system;
  DnsChannel channel;
  if (const std::error_code error = channel.open(system)) {
    list.no("name servers", system.resolv_conf + " cannot be used: " + error.message() + ".");
    return;
  }
  list.fact("name servers", channel.servers() + ", as " + system.resolv_conf + " says.");
  std::string domains;
  for (const std::string& domain : channel.search_domains()) {
    domains += (domains.empty() ? "" : ", ") + domain;
  }
  list.fact("search domains", domains.empty() ? "none." : domains + ".");
}

}  // namespace rota::inline v0

#pragma once

#include <rota/address.hpp>
#include <rota/core/instant.hpp>
#include <rota/resolver.hpp>

#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace rota::inline v0 {

/// What came of a question: an error, or the records of the kind that was asked for.
struct DnsAnswer {
  std::error_code error;
  std::vector<Address> addresses;  ///< without a port
  std::vector<Service> services;
  std::vector<std::string> texts;
  Duration ttl;  ///< of the record that ends first

  DnsAnswer() = default;
  explicit DnsAnswer(std::error_code why) : error(why) {}
};

/// An answer does not change, so that the cache and any number of tasks can have it.
using SharedDnsAnswer = std::shared_ptr<const DnsAnswer>;

}  // namespace rota::inline v0

#include "net/dns_cache.hpp"

#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

namespace rota::inline v0 {

DnsCache::Claim DnsCache::claim(const DnsQuestion& question, Instant now) {
  std::string key = question.key();
  Claim claim;
  const std::lock_guard lock(mutex_);
  claim.answer = find(key, now);
  if (claim.answer != nullptr) return claim;
  if (const auto under_way = flights_.find(key); under_way != flights_.end()) {
    claim.flight = under_way->second;
    return claim;
  }
  claim.flight = std::make_shared<DnsFlight>(std::move(key));
  claim.leads = true;
  flights_.emplace(claim.flight->key, claim.flight);
  return claim;
}

void DnsCache::land(DnsFlight& flight, SharedDnsAnswer answer, Instant now) noexcept {
  {
    const std::lock_guard lock(mutex_);
    flights_.erase(flight.key);
    flight.answer = std::move(answer);
    try {
      if (flight.answer != nullptr) keep(flight.key, flight.answer, now);
    } catch (const std::bad_alloc&) {
      // The next one to ask asks the server.
    }
  }
  flight.landed.set();
}

void DnsCache::clear() noexcept {
  const std::lock_guard lock(mutex_);
  by_key_.clear();
  entries_.clear();
}

SharedDnsAnswer DnsCache::find(std::string_view key, Instant now) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  const Entries::iterator entry = found->second;
  if (now < entry->from || now >= entry->until) {
    drop(entry);
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, entry);
  return entry->answer;
}

Duration DnsCache::lifetime_of(const DnsAnswer& answer) const noexcept {
  if (!answer.error) return std::min(answer.ttl, limits_.longest_ttl);
  const bool is_known_to_be_absent =
      answer.error == DnsError::not_found || answer.error == DnsError::no_data;
  return is_known_to_be_absent ? std::min(limits_.negative_ttl, limits_.longest_ttl) : Duration{};
}

void DnsCache::keep(const std::string& key, SharedDnsAnswer answer, Instant now) {
  const Duration lifetime = lifetime_of(*answer);
  if (lifetime <= Duration{} || limits_.answers == 0) return;
  if (const auto old = by_key_.find(key); old != by_key_.end()) drop(old->second);
  if (entries_.size() == limits_.answers) drop(std::prev(entries_.end()));
  Entries made;
  made.push_back({key, std::move(answer), now, now + lifetime});
  by_key_.emplace(made.front().key, made.begin());
  entries_.splice(entries_.begin(), made);
}

void DnsCache::drop(Entries::iterator entry) noexcept {
  by_key_.erase(entry->key);
  entries_.erase(entry);
}

}  // namespace rota::inline v0

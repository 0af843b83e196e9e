#pragma once

#include "net/dns_answer.hpp"
#include "net/dns_question.hpp"

#include <rota/event.hpp>

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace rota::inline v0 {

/// A question that is under way to a server, for whoever asks the same meanwhile.
struct DnsFlight {
  const std::string key;  ///< of its question
  Event landed;
  SharedDnsAnswer answer;  ///< Written before `landed` is set; null: nobody got one, ask anew.

  explicit DnsFlight(std::string of) : key(std::move(of)) {}
};

/// The answers of a Resolver, until they are too old or too many, and what is asked at the moment.
///
/// Thread class: *any thread*. It has no clock: each call says what the time is.
///
/// 1. Whoever asks gets an answer that is young enough, or a flight. The first to ask leads it: it
///    asks the server, and lands the flight however that ends. The others wait for `landed`.
/// 2. Who leads lands without an answer if it was cancelled: then the others begin again at 1,
///    and one of them leads.
/// 3. Answers stay for their TTL, what does not exist for `negative_ttl`, neither for longer than
///    `longest_ttl`; all other errors only reach those who wait.
/// 4. An answer from after `now` is none: it is by another clock.
class DnsCache {
 public:
  struct Limits {
    std::size_t answers = 0;
    Duration longest_ttl;
    Duration negative_ttl;
  };
  struct Claim {
    SharedDnsAnswer answer;
    std::shared_ptr<DnsFlight> flight;  ///< null: there is an answer
    bool leads = false;

    Claim() = default;
  };

  explicit DnsCache(const Limits& limits) : limits_(limits) {}

  [[nodiscard]] Claim claim(const DnsQuestion& question, Instant now);
  /// By whoever leads; null: it has no answer for others. For want of memory an answer may not be
  /// kept.
  void land(DnsFlight& flight, SharedDnsAnswer answer, Instant now) noexcept;
  /// Forgets the answers; flights go on.
  void clear() noexcept;

 private:
  struct Entry {
    std::string key;
    SharedDnsAnswer answer;
    Instant from;
    Instant until;
  };
  using Entries = std::list<Entry>;

  [[nodiscard]] SharedDnsAnswer find(std::string_view key, Instant now);
  [[nodiscard]] Duration lifetime_of(const DnsAnswer& answer) const noexcept;
  void keep(const std::string& key, SharedDnsAnswer answer, Instant now);
  void drop(Entries::iterator entry) noexcept;

  const Limits limits_;
  std::mutex mutex_;                                                // What follows is under it.
  Entries entries_;                                                 // the one used last in front
  std::unordered_map<std::string_view, Entries::iterator> by_key_;  // keys lie in the entries
  // As many as there are tasks that lead one. Keys lie in the flights.
  std::unordered_map<std::string_view, std::shared_ptr<DnsFlight>> flights_;
};

}  // namespace rota::inline v0

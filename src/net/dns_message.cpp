#include "net/dns_message.hpp"

#include <ares.h>
#include <ares_nameser.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace rota::inline v0 {

namespace {

constexpr std::size_t kQuestionTailBytes = 4;  // type and class

/// A record of an answer. Its data lie in the message.
struct RawRecord {
  std::uint16_t type = 0;
  std::uint16_t dns_class = 0;
  std::uint32_t ttl_s = 0;
  std::size_t data_at = 0;
  std::size_t data_bytes = 0;
};

/// Goes through a message from its front. After the first read beyond the end, or of a name that is
/// none, it is broken, and everything that it reads is 0.
class MessageReader {
 public:
  explicit MessageReader(std::span<const unsigned char> message) noexcept : message_(message) {}

  [[nodiscard]] bool broken() const noexcept { return broken_; }
  [[nodiscard]] std::size_t at() const noexcept { return at_; }
  void go_to(std::size_t at) noexcept { at_ = at; }

  /// Goes past so many bytes and yields them.
  std::span<const unsigned char> take(std::size_t bytes) noexcept {
    if (broken_ || bytes > message_.size() - at_) {
      broken_ = true;
      return {};
    }
    return message_.subspan(std::exchange(at_, at_ + bytes), bytes);
  }
  std::uint16_t take_16() noexcept {
    const auto bytes = take(2);
    return broken_ ? std::uint16_t{0} : static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]);
  }
  std::uint32_t take_32() noexcept {
    const std::uint32_t high = take_16();
    return high << 16 | take_16();
  }
  /// A name, which may go on at an earlier place of the message.
  std::string take_name() {
    char* expanded = nullptr;
    long bytes = 0;
    if (broken_ || at_ == message_.size() ||
        ares_expand_name(message_.data() + at_, message_.data(), static_cast<int>(message_.size()),
                         &expanded, &bytes) != ARES_SUCCESS) {
      broken_ = true;
      return {};
    }
    const std::unique_ptr<char, void (*)(void*)> owned(expanded, ares_free_string);
    take(static_cast<std::size_t>(bytes));
    return expanded;
  }
  RawRecord take_record() {
    RawRecord record;
    static_cast<void>(take_name());
    record.type = take_16();
    record.dns_class = take_16();
    record.ttl_s = take_32();
    record.data_bytes = take_16();
    record.data_at = at_;
    take(record.data_bytes);
    return record;
  }

 private:
  std::span<const unsigned char> message_;
  std::size_t at_ = 0;
  bool broken_ = false;
};

/// The figure in a record of 31 bits; RFC 2181 has what is larger mean 0.
Duration ttl_of(std::uint32_t seconds) noexcept {
  constexpr std::int64_t ns_per_s = 1'000'000'000;
  if (seconds > INT32_MAX) return Duration{};
  return Duration(seconds * ns_per_s);
}

/// Adds one record to the answer. False: it is malformed.
using AddRecord = bool (*)(MessageReader& data, const RawRecord& record, DnsAnswer& answer);

bool add_service(MessageReader& data, const RawRecord& record, DnsAnswer& answer) {
  Service service;
  service.priority = data.take_16();
  service.weight = data.take_16();
  service.port = data.take_16();
  service.target = data.take_name();
  if (data.broken() || data.at() != record.data_at + record.data_bytes) return false;
  answer.services.push_back(std::move(service));
  return true;
}

bool add_text(MessageReader& data, const RawRecord& record, DnsAnswer& answer) {
  const std::size_t end = record.data_at + record.data_bytes;
  std::string text;
  while (data.at() < end) {
    const auto length = data.take(1);
    const auto bytes = data.take(length[0]);
    if (data.broken() || data.at() > end) return false;
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  answer.texts.push_back(std::move(text));
  return true;
}

DnsAnswer read_records(std::span<const unsigned char> message, std::uint16_t type, AddRecord add) {
  const DnsAnswer malformed(make_error_code(DnsError::bad_answer));
  MessageReader reader(message);
  reader.take(4);  // its number and its flags, which whoever asked has looked at
  const std::uint16_t questions = reader.take_16();
  const std::uint16_t answers = reader.take_16();
  reader.take(4);  // how many other records follow the answers
  for (std::uint16_t i = 0; i < questions && !reader.broken(); ++i) {
    static_cast<void>(reader.take_name());
    reader.take(kQuestionTailBytes);
  }
  DnsAnswer answer(make_error_code(DnsError::no_data));
  answer.ttl = Duration::max();
  for (std::uint16_t i = 0; i < answers && !reader.broken(); ++i) {
    const RawRecord record = reader.take_record();
    if (reader.broken()) break;
    if (record.dns_class != C_IN || (record.type != type && record.type != T_CNAME)) continue;
    answer.ttl = std::min(answer.ttl, ttl_of(record.ttl_s));
    if (record.type != type) continue;
    MessageReader data(message);
    data.go_to(record.data_at);
    if (!add(data, record, answer)) return malformed;
    answer.error = {};
  }
  if (reader.broken()) return malformed;
  return answer;
}

}  // namespace

DnsAnswer read_services(std::span<const unsigned char> message) {
  DnsAnswer answer = read_records(message, T_SRV, add_service);
  // RFC 2782: one record whose target is the root says that there is no such service.
  if (answer.services.size() == 1 && answer.services.front().target.empty()) {
    answer.services.clear();
    answer.error = make_error_code(DnsError::no_data);
  }
  return answer;
}

DnsAnswer read_texts(std::span<const unsigned char> message) {
  return read_records(message, T_TXT, add_text);
}

}  // namespace rota::inline v0

#include <rota/dns_error.hpp>

#include <string>

namespace rota::inline v0 {

namespace {

class DnsCategory : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "dns"; }
  [[nodiscard]] std::string message(int error) const override {
    switch (static_cast<DnsError>(error)) {
      case DnsError::not_found: return "there is no such name";
      case DnsError::no_data: return "the name has no record of this kind";
      case DnsError::refused: return "the name servers refuse to answer";
      case DnsError::server_failure: return "the name servers failed to find out";
      case DnsError::not_implemented: return "the name servers do not know this kind of question";
      case DnsError::bad_query: return "the name servers could not read the question";
      case DnsError::bad_name: return "not a name of the DNS";
      case DnsError::bad_answer: return "the answer of the name server cannot be read";
    }
    return "an unknown error of the DNS";
  }
};

}  // namespace

const std::error_category& dns_category() noexcept {
  static const DnsCategory category;
  return category;
}

}  // namespace rota::inline v0

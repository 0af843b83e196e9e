#include "denial.hpp"

#include <grp.h>
#include <seccomp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <system_error>

namespace rota::testing_denial {
namespace {

constexpr int kMostErrno = 133;
constexpr unsigned kNobody = 65534;  // whom the kernel shows for an owner without a name here

int errno_named(std::string_view name) {
  for (int error = 1; error <= kMostErrno; ++error) {
    const char* known = ::strerrorname_np(error);
    if (known != nullptr && name == known) return error;
  }
  throw std::invalid_argument("no errno is called " + std::string(name));
}

void check(int answer, const char* call) {
  if (answer < 0) throw std::system_error(-answer, std::system_category(), call);
}

void check_errno(int answer, const char* call) { check(answer < 0 ? -errno : 0, call); }

std::vector<Denial> read_environment() {
  const char* text = std::getenv(denials_in_environment);
  std::vector<Denial> denials;
  for (std::string_view rest = text == nullptr ? "" : text; !rest.empty();) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    denials.push_back(read_denial(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return denials;
}

}  // namespace

std::string written(const Denial& denial) {
  return denial.call + '=' + ::strerrorname_np(denial.error);
}

Denial read_denial(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) {
    throw std::invalid_argument(std::string(text) + " is no CALL=ERRNO");
  }
  return {std::string(text.substr(0, equals)), errno_named(text.substr(equals + 1))};
}

void deny(const std::vector<Denial>& denials) {
  const std::unique_ptr<void, void (*)(scmp_filter_ctx)> filter(::seccomp_init(SCMP_ACT_ALLOW),
                                                                ::seccomp_release);
  if (filter == nullptr) throw std::system_error(ENOMEM, std::system_category(), "seccomp_init");
  for (const Denial& denial : denials) {
    const int number = ::seccomp_syscall_resolve_name(denial.call.c_str());
    if (number < 0) throw std::invalid_argument("no system call is called " + denial.call);
    const auto answer = SCMP_ACT_ERRNO(static_cast<std::uint16_t>(denial.error));
    check(::seccomp_rule_add(filter.get(), answer, number, 0), "seccomp_rule_add");
  }
  check(::seccomp_load(filter.get()), "seccomp_load");
}

void limit_locked_memory(rlim_t bytes) {
  const rlimit limit{bytes, bytes};
  check_errno(::setrlimit(RLIMIT_MEMLOCK, &limit), "RLIMIT_MEMLOCK");
}

void become_nobody() {
  check_errno(::setgroups(0, nullptr), "setgroups");
  check_errno(::setgid(kNobody), "setgid");
  check_errno(::setuid(kNobody), "setuid");
}

const std::vector<Denial>& denials_here() {
  static const std::vector<Denial> denials = read_environment();
  return denials;
}

bool names_a_denied_call(std::string_view text) {
  return std::ranges::any_of(denials_here(), [text](const Denial& denial) {
    return text.find(denial.call) != std::string_view::npos;
  });
}

}  // namespace rota::testing_denial

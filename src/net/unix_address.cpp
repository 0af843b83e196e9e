#include <rota/unix_address.hpp>

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace rota::inline v0 {

UnixAddress::UnixAddress() noexcept {
  static_assert(offsetof(sockaddr_un, sun_path) == kFamilyBytes);
  static_assert(sizeof(sockaddr_un) == kFamilyBytes + kMostName);
  const sa_family_t family = AF_UNIX;
  std::memcpy(bytes_, &family, sizeof family);
}

Result<UnixAddress> UnixAddress::of(std::string_view name, std::size_t lead) noexcept {
  // What has all 108 bytes is no string for others that read the path.
  if (name.size() >= kMostName) return failure(ENAMETOOLONG);
  UnixAddress address;
  std::ranges::copy(name, address.bytes_ + kFamilyBytes + lead);
  const std::size_t terminator = lead == 0 ? 1 : 0;
  address.length_ = static_cast<std::uint32_t>(kFamilyBytes + lead + name.size() + terminator);
  return address;
}

Result<UnixAddress> UnixAddress::path(std::string_view path) noexcept {
  if (path.empty() || path.contains('\0')) return failure(EINVAL);
  return of(path, 0);
}

Result<UnixAddress> UnixAddress::abstract(std::string_view name) noexcept { return of(name, 1); }

UnixAddress UnixAddress::from_native(const sockaddr& address, std::size_t bytes) noexcept {
  UnixAddress result;
  if (bytes <= kFamilyBytes) return result;
  result.length_ = static_cast<std::uint32_t>(std::min(bytes, kFamilyBytes + kMostName));
  std::memcpy(result.bytes_, &address, result.length_);
  return result;
}

std::string_view UnixAddress::path() const noexcept {
  const char* name = bytes_ + kFamilyBytes;
  if (is_nowhere() || *name == '\0') return {};
  return {name, ::strnlen(name, length_ - kFamilyBytes)};
}

std::string_view UnixAddress::abstract() const noexcept {
  const char* name = bytes_ + kFamilyBytes;
  if (is_nowhere() || *name != '\0') return {};
  return {name + 1, length_ - kFamilyBytes - 1};
}

std::string UnixAddress::to_string() const {
  if (is_nowhere()) return {};
  const std::string_view name = path();
  return name.empty() ? "@" + std::string(abstract()) : std::string(name);
}

bool operator==(const UnixAddress& a, const UnixAddress& b) noexcept {
  return a.path() == b.path() && a.abstract() == b.abstract() && a.is_nowhere() == b.is_nowhere();
}

}  // namespace rota::inline v0

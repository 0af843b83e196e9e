#include "base/unique_fd.hpp"
#include "runtime/capabilities/groups.hpp"
#include "runtime/scoped_ring.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

namespace rota::inline v0 {
namespace {

/// No opcode and no feature stands for it, so it is tried: a kernel that does not know the flag
/// refuses the request while it is submitted, one that does lets it wait for a connection.
int try_multishot_accept(io_uring& ring, int listener) {
  io_uring_sqe* request = ::io_uring_get_sqe(&ring);
  ::io_uring_prep_multishot_accept(request, listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (const int submitted = ::io_uring_submit(&ring); submitted < 0) return -submitted;
  io_uring_cqe* completion = nullptr;
  return ::io_uring_peek_cqe(&ring, &completion) == 0 ? -completion->res : 0;
}

}  // namespace

void list_multishot_accept(CapabilityList& list) {
  constexpr const char* name = "multishot accept";
  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!listener.valid()) return list.no(name, answer_of("socket", errno));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* where = reinterpret_cast<const sockaddr*>(&address);
  if (::bind(listener.number(), where, sizeof address) != 0 ||
      ::listen(listener.number(), 1) != 0) {
    return list.no(name, answer_of("a listener on loopback", errno));
  }
  ScopedRing ring;
  if (ring.error() != 0) return list.no(name, answer_of("io_uring_setup", ring.error()));
  if (const int error = try_multishot_accept(*ring, listener.number()); error != 0) {
    return list.no(name, answer_of("a multishot accept", error));
  }
  list.yes(name, "one request, every connection");
}

}  // namespace rota::inline v0

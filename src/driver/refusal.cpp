#include "driver/refusal.hpp"

#include <cerrno>

namespace rota::inline v0 {

Refusal refused_call(const char* mechanism, const char* call, int error) {
  std::string reason(call);
  switch (error) {
    case EMFILE:
    case ENFILE: reason += " has no file descriptor left."; break;
    case EPERM:
    case ENOSYS:
    case EACCES:
      reason += " is denied, as by a seccomp filter that does not know it: a profile that allows "
                "it changes that.";
      break;
    default: reason += " was refused."; break;
  }
  return {mechanism, std::move(reason), error};
}

}  // namespace rota::inline v0

#include "core/discard.hpp"

#include <rota/core/lent_buffer.hpp>

#include <unistd.h>

namespace rota::inline v0 {

void discard(OpCode code, const StreamResult& undelivered) noexcept {
  if (undelivered.lease != nullptr) return give_back(*undelivered.lease);
  if (code == OpCode::accept && undelivered.result >= 0) ::close(undelivered.result);
}

}  // namespace rota::inline v0

#include "driver/driver.hpp"

#include "driver/wait_span.hpp"

namespace rota::inline v0 {

Instant Driver::now() const noexcept { return monotonic_now(); }

}  // namespace rota::inline v0

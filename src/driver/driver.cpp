#include "driver/driver.hpp"

#include "driver/wait_span.hpp"

namespace rota::inline v0 {

Instant Driver::now() const noexcept { return monotonic_now(); }

void Driver::let_go(Descriptor&) noexcept {}

void Driver::share(Worker&) noexcept {}

}  // namespace rota::inline v0

#include "driver/driver.hpp"

#include "driver/wait_span.hpp"

namespace rota::inline v0 {

Instant Driver::now() const noexcept { return monotonic_now(); }

Driver::News Driver::news() const noexcept { return News::unknown; }

void Driver::let_go(Descriptor&) noexcept {}

void Driver::share(Worker&) noexcept {}

}  // namespace rota::inline v0

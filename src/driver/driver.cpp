#include "driver/driver.hpp"

#include "driver/wait_span.hpp"

namespace rota::inline v0 {

void Driver::begin_carry() noexcept {}

Instant Driver::now() const noexcept { return monotonic_now(); }

Driver::News Driver::news() const noexcept { return News::unknown; }

EngineUse Driver::engine_use() const noexcept { return {}; }

void Driver::let_go(Descriptor&) noexcept {}

bool Driver::give_away(Descriptor& descriptor) noexcept {
  let_go(descriptor);
  return true;
}

void Driver::share(Worker&) noexcept {}

}  // namespace rota::inline v0

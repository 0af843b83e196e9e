#pragma once

#include <cstddef>

namespace rota::model {

// An abandoned fiber leaves its frames behind on its stack, and with AddressSanitizer their red
// zones in the shadow memory; whoever uses the stack next must not stumble over them. The build
// picks the file that knows whether the sanitizer is there.
void forget_frames(void* stack, std::size_t bytes);

}  // namespace rota::model

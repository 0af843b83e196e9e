#include "stack_memory.hpp"

namespace rota::model {

void forget_frames(void*, std::size_t) {}  // Nothing remembers them.

}  // namespace rota::model

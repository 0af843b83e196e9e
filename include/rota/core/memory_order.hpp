#pragma once

namespace rota::inline v0 {

/// The memory orders of C++, with the values that the compilers' atomic builtins take. Standard
/// names, own type: <atomic> of libstdc++ 12 costs nine times as much to include as <coroutine>.
enum class MemoryOrder : int {
  relaxed = __ATOMIC_RELAXED,
  acquire = __ATOMIC_ACQUIRE,
  release = __ATOMIC_RELEASE,
  acq_rel = __ATOMIC_ACQ_REL,
  seq_cst = __ATOMIC_SEQ_CST,
};

}  // namespace rota::inline v0

// What a compiler calls before each plain access of code that it compiles to have its data races
// found: the names and the meaning are those of LLVM and GCC. The thread sanitizer, whose library
// has them too, is not linked.

#include "model/watched_memory.hpp"

#include <cstddef>
#include <cstring>

using rota::model::read_of;
using rota::model::write_of;

extern "C" {

void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}

void __tsan_read1(void* from) { read_of(from, 1); }
void __tsan_read2(void* from) { read_of(from, 2); }
void __tsan_read4(void* from) { read_of(from, 4); }
void __tsan_read8(void* from) { read_of(from, 8); }
void __tsan_read16(void* from) { read_of(from, 16); }
void __tsan_unaligned_read2(void* from) { read_of(from, 2); }
void __tsan_unaligned_read4(void* from) { read_of(from, 4); }
void __tsan_unaligned_read8(void* from) { read_of(from, 8); }
void __tsan_unaligned_read16(void* from) { read_of(from, 16); }
void __tsan_read_range(void* from, std::size_t bytes) { read_of(from, bytes); }

void __tsan_write1(void* to) { write_of(to, 1); }
void __tsan_write2(void* to) { write_of(to, 2); }
void __tsan_write4(void* to) { write_of(to, 4); }
void __tsan_write8(void* to) { write_of(to, 8); }
void __tsan_write16(void* to) { write_of(to, 16); }
void __tsan_unaligned_write2(void* to) { write_of(to, 2); }
void __tsan_unaligned_write4(void* to) { write_of(to, 4); }
void __tsan_unaligned_write8(void* to) { write_of(to, 8); }
void __tsan_unaligned_write16(void* to) { write_of(to, 16); }
void __tsan_write_range(void* to, std::size_t bytes) { write_of(to, bytes); }

void __tsan_vptr_read(void** from) { read_of(from, sizeof(*from)); }
void __tsan_vptr_update(void** to, void*) { write_of(to, sizeof(*to)); }

void* __tsan_memcpy(void* to, const void* from, std::size_t bytes) {
  read_of(from, bytes);
  write_of(to, bytes);
  return std::memcpy(to, from, bytes);
}
void* __tsan_memmove(void* to, const void* from, std::size_t bytes) {
  read_of(from, bytes);
  write_of(to, bytes);
  return std::memmove(to, from, bytes);
}
void* __tsan_memset(void* to, int byte, std::size_t bytes) {
  write_of(to, bytes);
  return std::memset(to, byte, bytes);
}

// Of what is made at its first use.
char __tsan_atomic8_load(const volatile char* guard, int) {
  return __atomic_load_n(guard, __ATOMIC_ACQUIRE);
}

}  // extern "C"

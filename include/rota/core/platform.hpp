#pragma once

#include <cstddef>
#include <version>

/// The only place with platform conditionals. What depends on the platform, the compiler or a
/// sanitizer is a constant here, and an ordinary `if constexpr` wherever it matters.

#if defined(__SANITIZE_THREAD__)
#define ROTA_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ROTA_THREAD_SANITIZER 1
#endif
#endif

#if defined(__SANITIZE_ADDRESS__)
#define ROTA_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ROTA_ADDRESS_SANITIZER 1
#endif
#endif

// Rota's headers serve programs that are compiled without exceptions, for whom `try` and `throw` do
// not compile. Where a header must catch what user code throws it says ROTA_TRY and ROTA_CATCH_ALL,
// which are nothing there, and what it throws is thrown by the library (throwing.hpp). Such a
// program ends where another one would have to handle something: a Result's `value()`, no memory
// for a frame.
#if defined(__cpp_exceptions)
#define ROTA_TRY try
#define ROTA_CATCH_ALL catch (...)
#else
#define ROTA_TRY if (true)
#define ROTA_CATCH_ALL if (false)
#endif

// The sanitizer's runtime defines them; where it is absent nothing refers to them.
extern "C" {
void __tsan_acquire(void* address);
void __tsan_release(void* address);
void* __tsan_get_current_fiber();
void* __tsan_create_fiber(unsigned flags);
void __sanitizer_syscall_pre_impl_close(long fd);
void __tsan_destroy_fiber(void* fiber);
void __tsan_switch_to_fiber(void* fiber, unsigned flags);
void __sanitizer_start_switch_fiber(void** fake_stack_save, const void* lowest, std::size_t bytes);
void __sanitizer_finish_switch_fiber(void* fake_stack_save, const void** lowest_before,
                                     std::size_t* bytes_before);
void __asan_poison_memory_region(const volatile void* address, std::size_t bytes);
void __asan_unpoison_memory_region(const volatile void* address, std::size_t bytes);
}

namespace rota::inline v0 {

#ifdef ROTA_THREAD_SANITIZER
inline constexpr bool thread_sanitizer = true;
#else
inline constexpr bool thread_sanitizer = false;
#endif

#ifdef ROTA_ADDRESS_SANITIZER
inline constexpr bool address_sanitizer = true;
#else
inline constexpr bool address_sanitizer = false;
#endif

#undef ROTA_THREAD_SANITIZER
#undef ROTA_ADDRESS_SANITIZER

#ifdef __clang__
inline constexpr bool compiler_is_clang = true;
inline constexpr int compiler_major = __clang_major__;
#else
inline constexpr bool compiler_is_clang = false;
inline constexpr int compiler_major = __GNUC__;
#endif

#ifdef _LIBCPP_VERSION
inline constexpr bool standard_library_is_libcxx = true;
#else
inline constexpr bool standard_library_is_libcxx = false;
#endif

/// libstdc++'s containers that check their use, which lie in memory in another way.
#ifdef _GLIBCXX_DEBUG
inline constexpr bool has_debug_containers = true;
#else
inline constexpr bool has_debug_containers = false;
#endif

/// Tells the thread sanitizer of an order that it cannot see because the kernel makes it: what
/// came before `release_by_kernel(p)` on one thread comes before what follows
/// `acquire_by_kernel(p)` on another.
inline void release_by_kernel([[maybe_unused]] void* address) noexcept {
  if constexpr (thread_sanitizer) __tsan_release(address);
}

inline void acquire_by_kernel([[maybe_unused]] void* address) noexcept {
  if constexpr (thread_sanitizer) __tsan_acquire(address);
}

/// Tells the thread sanitizer of a number that the kernel closes without a system call that it
/// could see. Else it takes the next to whom the number is given for one who uses it unasked.
inline void close_by_kernel([[maybe_unused]] int fd) noexcept {
  if constexpr (thread_sanitizer) __sanitizer_syscall_pre_impl_close(fd);
}

/// The thread sanitizer's idea of a stack that execution is switched to. Null in other builds.
[[nodiscard]] inline void* create_sanitizer_fiber() noexcept {
  if constexpr (thread_sanitizer) return __tsan_create_fiber(0);
  return nullptr;
}

inline void destroy_sanitizer_fiber([[maybe_unused]] void* fiber) noexcept {
  if constexpr (thread_sanitizer) __tsan_destroy_fiber(fiber);
}

[[nodiscard]] inline void* current_sanitizer_fiber() noexcept {
  if constexpr (thread_sanitizer) return __tsan_get_current_fiber();
  return nullptr;
}

/// Whoever touches this memory is reported, until it is unpoisoned.
inline void poison_memory([[maybe_unused]] void* lowest,
                          [[maybe_unused]] std::size_t bytes) noexcept {
  if constexpr (address_sanitizer) __asan_poison_memory_region(lowest, bytes);
}

inline void unpoison_memory([[maybe_unused]] void* lowest,
                            [[maybe_unused]] std::size_t bytes) noexcept {
  if constexpr (address_sanitizer) __asan_unpoison_memory_region(lowest, bytes);
}

}  // namespace rota::inline v0

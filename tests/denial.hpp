#pragma once

#include <sys/resource.h>

#include <string>
#include <string_view>
#include <vector>

namespace rota::testing_denial {

/// A system call that is answered with an errno instead of being made.
struct Denial {
  std::string call;  ///< as the kernel names it: epoll_create1, eventfd2
  int error = 0;
};

/// "io_uring_setup=EPERM", the way denials are written.
std::string written(const Denial& denial);
/// Throws std::invalid_argument, with what is wrong about it.
Denial read_denial(std::string_view text);

/// Denies them from now on, to this thread, to threads and processes that it begins, and to the
/// programs that those become. Needs no right. Throws std::system_error, and std::invalid_argument
/// for a call that this kernel does not have.
void deny(const std::vector<Denial>& denials);

/// Nor can the process have more any more. Locked memory is not counted for root.
void limit_locked_memory(rlim_t bytes);
/// Gives up the rights of root for ever.
void become_nobody();

/// The name under which programs are told what is denied to them: denials, with commas between.
inline constexpr const char* denials_in_environment = "ROTA_DENIED";

/// What whoever began this program has denied to it.
const std::vector<Denial>& denials_here();
/// Whether `text` names a call that is denied to this program.
bool names_a_denied_call(std::string_view text);

}  // namespace rota::testing_denial

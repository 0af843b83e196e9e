#include "driver/remedy.hpp"

#include <cerrno>

namespace rota::inline v0 {

namespace {

bool is_of_the_ring(const Refusal& refusal) noexcept {
  return refusal.mechanism.starts_with("io_uring");
}

}  // namespace

const char* remedy_of(const Refusal& refusal) noexcept {
  switch (refusal.error) {
    case ENOSYS:
      if (!is_of_the_ring(refusal)) return "";
      return " What helps: Linux 5.13 or newer with CONFIG_IO_URING, and in a container a seccomp "
             "profile that allows io_uring_setup, io_uring_enter and io_uring_register.";
    case EACCES:
      if (!is_of_the_ring(refusal)) return "";
      return " What helps: a rule in that policy that allows this program io_uring_setup.";
    case ENOMEM:
      return " What helps: more locked memory (`ulimit -l`, LimitMEMLOCK= of a service, `--ulimit "
             "memlock` of a container), or a smaller ring (DriverConfig::ring_entries).";
    case EMFILE:
      return " What helps: a higher limit of open files (`ulimit -n`, LimitNOFILE= of a service).";
    case ENFILE:
      return " What helps: a higher `sysctl fs.file-max`.";
    default:
      return "";
  }
}

}  // namespace rota::inline v0

#include "runtime/capabilities/groups.hpp"

#include "base/unique_fd.hpp"
#include "driver/readiness/epoll_abi.hpp"
#include "sched/wait_rule.hpp"

#include <sys/epoll.h>
#include <sys/ioctl.h>

#include <cerrno>

namespace rota::inline v0 {
namespace {

/// Asks for what it has, and thus changes nothing.
void list_busy_poll(CapabilityList& list) {
  constexpr const char* name = "busy poll of epoll";
  const UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return list.no(name, answer_of("epoll_create1", errno));
  EpollParameters parameters{};
  if (::ioctl(epoll.number(), kEpollGetParameters, &parameters) == 0 &&
      ::ioctl(epoll.number(), kEpollSetParameters, &parameters) == 0) {
    return list.yes(name, "waits may poll network cards (napi_busy_poll_us)");
  }
  list.no(name, answer_of("EPIOCSPARAMS", errno));
}

}  // namespace

void probe_waiting(CapabilityList& list, Duration wake) {
  list.begin_group("waiting");
  list_busy_poll(list);
  if (wake == Duration{}) return;
  list.fact("spin before a sleep",
            in_us(derived_spin(wake, 0, 1)) + " where spin_us is 0: twice a wake, and at most " +
                in_us(most_spin) +
                ". None where there are as many workers as CPUs: it would take the CPU from "
                "whoever has the work.");
}

}  // namespace rota::inline v0

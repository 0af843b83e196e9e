#include "capability_groups.hpp"

#include "base/unique_fd.hpp"
#include "driver/epoll_abi.hpp"
#include "sched/wait_rule.hpp"
#include "sched/wake_cost.hpp"

#include <sys/epoll.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstdio>

namespace rota::inline v0 {
namespace {

std::string in_us(Duration span) {
  constexpr double ns_per_us = 1000;
  char text[32];
  std::snprintf(text, sizeof text, "%.1f µs", static_cast<double>(span.ns) / ns_per_us);
  return text;
}

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

void probe_waiting(CapabilityList& list) {
  list.begin_group("waiting");
  list_busy_poll(list);
  const Duration wake = wake_cost();
  if (wake == Duration{}) {
    list.no("wake of a sleeping thread", "not measured: there is no second thread to be had.");
    return;
  }
  list.fact("wake of a sleeping thread",
            in_us(wake) + ", the median of " + std::to_string(wake_cost_rounds) + ".");
  list.fact("spin before a sleep",
            in_us(derived_spin(wake, 0, 1)) + " where spin_us is 0: twice a wake, and at most " +
                in_us(most_spin) +
                ". None where there are as many workers as CPUs: it would take the CPU from "
                "whoever has the work.");
}

}  // namespace rota::inline v0

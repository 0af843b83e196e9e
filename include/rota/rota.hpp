#pragma once

/// Everything that programs are written with; rota/contention.hpp is for those that measure.

#include <rota/address.hpp>
#include <rota/alarm.hpp>
#include <rota/barrier.hpp>
#include <rota/capabilities.hpp>
#include <rota/channel.hpp>
#include <rota/condition_variable.hpp>
#include <rota/config.hpp>
#include <rota/event.hpp>
#include <rota/fd_watch.hpp>
#include <rota/fiber.hpp>
#include <rota/file.hpp>
#include <rota/fork.hpp>
#include <rota/interval.hpp>
#include <rota/join.hpp>
#include <rota/latch.hpp>
#include <rota/listener_group.hpp>
#include <rota/mutex.hpp>
#include <rota/notify.hpp>
#include <rota/once.hpp>
#include <rota/parallel.hpp>
#include <rota/result.hpp>
#include <rota/runtime.hpp>
#include <rota/scope.hpp>
#include <rota/semaphore.hpp>
#include <rota/sharded.hpp>
#include <rota/shared_mutex.hpp>
#include <rota/signal.hpp>
#include <rota/stop.hpp>
#include <rota/task.hpp>
#include <rota/tcp.hpp>
#include <rota/thread_wait.hpp>
#include <rota/time.hpp>
#include <rota/worker_channel.hpp>
#include <rota/workers.hpp>

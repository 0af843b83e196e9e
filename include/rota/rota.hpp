#pragma once

/// Everything that programs are written with; rota/contention.hpp is for those that measure.

#include <rota/address.hpp>
#include <rota/capabilities.hpp>
#include <rota/channel.hpp>
#include <rota/config.hpp>
#include <rota/event.hpp>
#include <rota/fd_watch.hpp>
#include <rota/fiber.hpp>
#include <rota/file.hpp>
#include <rota/fork.hpp>
#include <rota/join.hpp>
#include <rota/listener_group.hpp>
#include <rota/parallel.hpp>
#include <rota/result.hpp>
#include <rota/runtime.hpp>
#include <rota/scope.hpp>
#include <rota/sharded.hpp>
#include <rota/signal.hpp>
#include <rota/stop.hpp>
#include <rota/task.hpp>
#include <rota/tcp.hpp>
#include <rota/time.hpp>
#include <rota/version.hpp>
#include <rota/worker_channel.hpp>
#include <rota/workers.hpp>

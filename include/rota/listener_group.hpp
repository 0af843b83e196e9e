#pragma once

#include <rota/address.hpp>
#include <rota/core/atomic.hpp>
#include <rota/core/owned.hpp>
#include <rota/core/throwing.hpp>
#include <rota/result.hpp>
#include <rota/scope.hpp>
#include <rota/stop.hpp>
#include <rota/task.hpp>
#include <rota/tcp.hpp>
#include <rota/workers.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <utility>

namespace rota::inline v0 {

/// Which worker serves a connection.
enum class PlaceConnections : std::uint8_t {
  by_kernel,     ///< each worker listens with a socket of its own (SO_REUSEPORT) and serves what it
                 ///< accepts: the kernel spreads connections by a hash of their addresses
  round_robin,   ///< one worker accepts and gives them to all in turn
  least_loaded,  ///< one worker accepts; whoever has the fewest live connections gets the next
  by_key,        ///< one worker accepts; `key` says who gets it
};

/// How a ListenerGroup is bound, and who serves what it accepts.
struct ServeOptions {
  ListenOptions listen;
  PlaceConnections place = PlaceConnections::by_kernel;
  std::size_t (*key)(const Address& peer) = nullptr;  ///< `by_key`: its remainder by the number of
                                                      ///< workers. The same key, the same worker

  ServeOptions() = default;
  explicit ServeOptions(PlaceConnections where) noexcept : place(where) {}
};

/// Counts a connection of a worker for as long as it lives.
class LiveConnection {
 public:
  explicit LiveConnection(Atomic<std::size_t>& count) noexcept : count_(&count) {
    // Relaxed: it is compared with others of its kind, and a stale one spreads as well.
    count.fetch_add(1, MemoryOrder::relaxed);
  }
  LiveConnection(LiveConnection&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  LiveConnection& operator=(LiveConnection&&) = delete;
  ~LiveConnection() {
    if (count_ != nullptr) count_->fetch_sub(1, MemoryOrder::relaxed);
  }

 private:
  Atomic<std::size_t>* count_;
};

/// What accepting does with a connection.
class ConnectionTaker {
 public:
  ConnectionTaker() = default;
  ConnectionTaker(const ConnectionTaker&) = delete;
  ConnectionTaker& operator=(const ConnectionTaker&) = delete;
  virtual void take(WorkerIndex worker, TcpStream connection, LiveConnection live) = 0;

 protected:
  ~ConnectionTaker() = default;
};

/// Listening sockets that serve one address with all workers of the runtime.
///
/// Made in a task.
///
/// @threads one task binds and serves, once; `stop_accepting`: any thread, as long as the group
/// lives
/// @loses the connections: their handlers are stopped and awaited, and what the kernel had
/// connected and nobody accepted is reset
/// @owns a connection is its handler's; workers call the one handler at the same time
/// @errors what bind(2), listen(2) and accept(2) say, such as `address_in_use`, but for a shortage
/// (`is_shortage`), which it waits out; an exception of a handler ends its own connection, and is
/// named on standard error
class ListenerGroup {
 public:
  /// Binds and listens. Port 0: all sockets share the port that the first one was given.
  [[nodiscard]] static Task<Result<ListenerGroup>> bind(Address at, ServeOptions options = {});

  /// Where it listens.
  [[nodiscard]] const Address& local_address() const noexcept;
  /// How many connections the worker serves at the moment. Any thread.
  [[nodiscard]] std::size_t live(WorkerIndex worker) const noexcept;

  /// Accepts, and has each connection served by a task `handler(TcpStream)` on the worker that it
  /// is placed on. Ends once accepting has ended and all connections are served: by
  /// `stop_accepting`, by an error of accept, or by a stop of the caller, which stops the handlers
  /// as well.
  template <std::invocable<TcpStream> Handler>
  [[nodiscard]] Task<Result<void>> serve(Handler handler) {
    Scope connections(current_runtime(), ScopeCore::OnFailure::keep_siblings);
    connections.share();  // Each worker may accept, and spawns then.
    Taker<Handler> taker(connections, handler);
    Result<void> ended;
    std::exception_ptr error;
    ROTA_TRY {
      Task<Result<void>> accepting = accept_all(taker);
      ended = co_await std::move(accepting);
    }
    ROTA_CATCH_ALL { error = std::current_exception(); }
    co_await connections.children();
    if (error != nullptr) std::rethrow_exception(error);
    co_return ended;
  }

  /// Ends accepting and closes the sockets. Those who are connected are served on.
  void stop_accepting() noexcept;

  ListenerGroup(ListenerGroup&&) noexcept;
  ListenerGroup& operator=(ListenerGroup&&) noexcept;
  ~ListenerGroup();

 private:
  struct State;

  template <class Handler>
  class Taker final : public ConnectionTaker {
   public:
    Taker(Scope& connections, Handler& handler) noexcept
        : connections_(connections), handler_(handler) {}

    void take(WorkerIndex worker, TcpStream connection, LiveConnection live) override {
      Task<void> serving = serve_one(handler_, std::move(connection), std::move(live), worker);
      static_cast<void>(
          connections_.spawn_on(worker, std::move(serving), SpawnOptions("connection")));
    }

   private:
    static Task<void> serve_one(Handler& handler, TcpStream connection, LiveConnection live,
                                WorkerIndex worker) {
      // What a frame was called with goes only after its scope was told of the end, when nobody
      // waits any more for what this refers to.
      const LiveConnection counted(std::move(live));
      // Nobody else has it, so only a stop refuses, and then the handler's first wait ends at once.
      Result<void> moved = co_await connection.move_to(worker);
      static_cast<void>(moved);
      Task<void> serving = handler(std::move(connection));
      co_await std::move(serving);
    }

    Scope& connections_;
    Handler& handler_;
  };

  explicit ListenerGroup(Owned<State> state) noexcept;
  [[nodiscard]] Task<Result<void>> accept_all(ConnectionTaker& taker);

  Owned<State> state_;
};

/// Binds a ListenerGroup and serves with it until the caller is stopped, or accepting fails.
///
/// @as ListenerGroup
/// @threads one task
template <std::invocable<TcpStream> Handler>
[[nodiscard]] Task<Result<void>> serve_on_all(Address at, ServeOptions options, Handler handler) {
  Task<Result<ListenerGroup>> binding = ListenerGroup::bind(at, options);
  Result<ListenerGroup> group = co_await std::move(binding);
  if (!group) co_return std::unexpected(group.error());
  Task<Result<void>> serving = group->serve(std::move(handler));
  Result<void> ended = co_await std::move(serving);
  co_return ended;
}

}  // namespace rota::inline v0

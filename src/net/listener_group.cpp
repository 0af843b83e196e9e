#include <rota/accept_patiently.hpp>
#include <rota/listener_group.hpp>

#include <rota/core/check_usage.hpp>
#include <rota/core/spin_lock.hpp>
#include <rota/time.hpp>

#include <system_error>
#include <vector>

namespace rota::inline v0 {

struct ListenerGroup::State {
  /// Written by whoever accepts and by the worker itself.
  struct alignas(128) Live {
    Atomic<std::size_t> connections{0};
  };

  State(const ServeOptions& how, std::size_t workers) : options(how), live(workers) {}

  [[nodiscard]] Task<void> accept_on(TcpListener& listener, WorkerIndex worker,
                                     ConnectionTaker& taker);
  [[nodiscard]] Task<void> accept_on_all(ConnectionTaker& taker);
  [[nodiscard]] WorkerIndex place(WorkerIndex accepted_on, const TcpStream& connection) noexcept;
  [[nodiscard]] WorkerIndex least_loaded() noexcept;
  void fail(std::error_code error) noexcept;

  const ServeOptions options;
  Address address;
  std::vector<TcpListener> listeners;  // one, or one per worker
  StopSource accepting;
  std::vector<Live> live;
  bool has_served = false;
  std::size_t next = 0;  // of the one who accepts: whose turn it is
  SpinLock error_lock;
  std::error_code error;  // under it: the first that ended accepting on a worker
};

ListenerGroup::ListenerGroup(Owned<State> state) noexcept : state_(std::move(state)) {}
ListenerGroup::ListenerGroup(ListenerGroup&&) noexcept = default;
ListenerGroup& ListenerGroup::operator=(ListenerGroup&&) noexcept = default;
ListenerGroup::~ListenerGroup() = default;

Task<Result<ListenerGroup>> ListenerGroup::bind(Address at, ServeOptions options) {
  check_usage(options.place != PlaceConnections::by_key || options.key != nullptr,
              "connections are to be placed by key, and ServeOptions has none");
  const bool on_each = options.place == PlaceConnections::by_kernel;
  if (on_each) options.listen.reuse_port = true;
  Owned<State> state(new State(options, worker_count()));
  state->address = at;
  const std::size_t sockets = on_each ? worker_count() : 1;
  for (WorkerIndex worker = 0; worker < sockets; ++worker) {
    // Where it is bound is where it lives.
    auto bind_here = [&] { return TcpListener::bind(state->address, options.listen); };
    Result<TcpListener> listener = co_await submit_to(worker, bind_here);
    if (!listener) co_return std::unexpected(listener.error());
    Result<Address> bound = listener->local_address();
    if (!bound) co_return std::unexpected(bound.error());
    state->address = *bound;
    state->listeners.push_back(std::move(*listener));
  }
  co_return ListenerGroup(std::move(state));
}

const Address& ListenerGroup::local_address() const noexcept { return state_->address; }

std::size_t ListenerGroup::live(WorkerIndex worker) const noexcept {
  check_usage(worker < state_->live.size(),
              "live() of a worker that is not there: the index must be below worker_count()");
  return state_->live[worker].connections.load(MemoryOrder::relaxed);
}

void ListenerGroup::stop_accepting() noexcept { state_->accepting.request_stop(); }

Task<Result<void>> ListenerGroup::accept_all(ConnectionTaker& taker) {
  State& state = *state_;
  check_usage(!std::exchange(state.has_served, true), "a ListenerGroup serves once");
  Task<void> accepting = with_stop(state.accepting.token(), state.accept_on_all(taker));
  co_await std::move(accepting);
  SpinGuard guard(state.error_lock);
  if (state.error) co_return std::unexpected(state.error);
  co_return Result<void>();
}

Task<void> ListenerGroup::State::accept_on_all(ConnectionTaker& taker) {
  auto accept_here = [&](WorkerIndex worker) {
    return accept_on(listeners[worker], worker, taker);
  };
  if (options.place == PlaceConnections::by_kernel) {
    co_await submit_to_all(accept_here);
  } else {
    auto accept_on_first = [&] { return accept_here(0); };
    co_await submit_to(0, accept_on_first);
  }
}

Task<void> ListenerGroup::State::accept_on(TcpListener& listener, WorkerIndex worker,
                                           ConnectionTaker& taker) {
  for (;;) {
    Result<TcpStream> accepted = co_await listener.accept();
    if (accepted) {
      const WorkerIndex to = place(worker, *accepted);
      taker.take(to, std::move(*accepted), LiveConnection(live[to].connections));
      continue;
    }
    if (is_canceled(accepted.error())) break;
    if (!is_shortage(accepted.error())) {
      fail(accepted.error());
      break;
    }
    Result<void> paused = co_await sleep(kShortagePause);
    if (!paused) break;
  }
  Result<void> closed = co_await listener.close();
  static_cast<void>(closed);
}

WorkerIndex ListenerGroup::State::place(WorkerIndex accepted_on,
                                        const TcpStream& connection) noexcept {
  const std::size_t workers = live.size();
  switch (options.place) {
    case PlaceConnections::by_kernel: break;
    case PlaceConnections::round_robin: return next++ % workers;
    case PlaceConnections::least_loaded: return least_loaded();
    case PlaceConnections::by_key: {
      const Result<Address> peer = connection.peer_address();
      // It is gone already: any worker will find that out.
      return peer ? options.key(*peer) % workers : accepted_on;
    }
  }
  return accepted_on;
}

/// Among equals the first after the one that was chosen last, so that all get their share.
WorkerIndex ListenerGroup::State::least_loaded() noexcept {
  const std::size_t workers = live.size();
  WorkerIndex best = next % workers;
  for (std::size_t i = 1; i < workers; ++i) {
    const WorkerIndex other = (next + i) % workers;
    if (live[other].connections.load(MemoryOrder::relaxed) <
        live[best].connections.load(MemoryOrder::relaxed)) {
      best = other;
    }
  }
  next = best + 1;
  return best;
}

/// Nobody accepts any more.
void ListenerGroup::State::fail(std::error_code what) noexcept {
  {
    SpinGuard guard(error_lock);
    if (!error) error = what;
  }
  accepting.request_stop();
}

}  // namespace rota::inline v0

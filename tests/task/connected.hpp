#pragma once

#include <rota/rota.hpp>

#include <utility>

namespace rota::testing_tasks {

/// The two ends of a connection of the loopback interface.
struct Ends {
  TcpStream near;
  TcpStream far;

  Ends(TcpStream one, TcpStream other) : near(std::move(one)), far(std::move(other)) {}
};

template <template <class> class Routine>
Routine<Ends> connected() {
  Result<TcpListener> listener = TcpListener::bind(Address::loopback(0));
  const Address address = listener->local_address().value();
  Result<TcpStream> near = co_await TcpStream::connect(address);
  Result<TcpStream> far = co_await listener->accept();
  co_return Ends(std::move(*near), std::move(*far));
}

}  // namespace rota::testing_tasks

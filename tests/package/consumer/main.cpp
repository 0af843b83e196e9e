// What a program of another project may look like: it sleeps, and sends a word through an echo over
// a pair of sockets. It is built by every route on which the library reaches a program.

#include <rota/rota.hpp>

#include <array>
#include <chrono>
#include <cstdio>
#include <span>
#include <string_view>
#include <utility>

#include <sys/socket.h>

namespace {

constexpr std::string_view word = "hello";

rota::Task<void> echo(rota::TcpStream peer) {
  std::array<std::byte, 64> buffer;
  for (;;) {
    auto got = co_await peer.read(buffer);
    if (!got || *got == 0) co_return;
    auto sent = co_await peer.write_all(std::span(buffer).first(*got));
    if (!sent) co_return;
  }
}

rota::Task<int> greet() {
  auto slept = co_await rota::sleep(std::chrono::milliseconds(1));
  if (!slept) co_return 1;
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) co_return 2;
  auto near = rota::TcpStream::from_fd(ends[0]);
  auto far = rota::TcpStream::from_fd(ends[1]);
  if (!near || !far) co_return 3;
  rota::spawn(echo(std::move(*far)));

  auto sent = co_await near->write_all(std::as_bytes(std::span(word)));
  if (!sent) co_return 4;
  std::array<std::byte, word.size()> heard;
  std::size_t count = 0;
  while (count < heard.size()) {
    auto got = co_await near->read(std::span(heard).subspan(count));
    if (!got || *got == 0) co_return 5;
    count += *got;
  }
  const std::string_view answer(reinterpret_cast<const char*>(heard.data()), heard.size());
  if (answer != word) co_return 6;
  std::puts("heard hello");
  co_return 0;
}

}  // namespace

int main() { return rota::run(greet()); }

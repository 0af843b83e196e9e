// The echo server in libuv, at its best: one buffer for all connections, uv_try_write first, and
// a queued write with a copy of the rest only where the socket is full.

#include <uv.h>

#include <array>
#include <cstddef>
#include <string>

#include "bench/raw/server_life.hpp"

namespace {

using rota::bench::fail;

constexpr std::size_t buffer_bytes = 64U * 1024U;
constexpr int backlog = 4096;

void check(const char* what, int status) {
  if (status < 0) fail(what, -status);
}

struct QueuedWrite {
  uv_write_t request{};
  std::string data;
};

void lend_buffer(uv_handle_t*, std::size_t, uv_buf_t* out) {
  static std::array<char, buffer_bytes> hot_buffer;
  *out = uv_buf_init(hot_buffer.data(), buffer_bytes);
}

void close_connection(uv_stream_t* stream) {
  auto* handle = reinterpret_cast<uv_handle_t*>(stream);
  if (uv_is_closing(handle) != 0) return;
  uv_close(handle, [](uv_handle_t* closed) { delete reinterpret_cast<uv_tcp_t*>(closed); });
}

void write_later(uv_stream_t* stream, const char* data, std::size_t bytes) {
  auto* queued = new QueuedWrite;
  queued->data.assign(data, bytes);
  queued->request.data = queued;
  const uv_buf_t buffer = uv_buf_init(queued->data.data(), static_cast<unsigned>(bytes));
  const int status = uv_write(&queued->request, stream, &buffer, 1, [](uv_write_t* request, int) {
    delete static_cast<QueuedWrite*>(request->data);
  });
  if (status < 0) {
    delete queued;
    close_connection(stream);
  }
}

void echo(uv_stream_t* stream, ssize_t got, const uv_buf_t* buffer) {
  if (got < 0) return close_connection(stream);
  if (got == 0) return;
  const auto bytes = static_cast<std::size_t>(got);
  const uv_buf_t answer = uv_buf_init(buffer->base, static_cast<unsigned>(bytes));
  const int put = uv_try_write(stream, &answer, 1);
  if (put < 0 && put != UV_EAGAIN) return close_connection(stream);
  const auto done = static_cast<std::size_t>(put < 0 ? 0 : put);
  if (done < bytes) write_later(stream, buffer->base + done, bytes - done);
}

void accept_one(uv_stream_t* listener, int status) {
  if (status < 0) return;
  auto* client = new uv_tcp_t;
  check("uv_tcp_init", uv_tcp_init(listener->loop, client));
  auto* stream = reinterpret_cast<uv_stream_t*>(client);
  if (uv_accept(listener, stream) != 0) return close_connection(stream);
  uv_tcp_nodelay(client, 1);
  check("uv_read_start", uv_read_start(stream, lend_buffer, echo));
}

}  // namespace

int main() {
  uv_loop_t* loop = uv_default_loop();
  uv_tcp_t listener;
  check("uv_tcp_init", uv_tcp_init(loop, &listener));
  sockaddr_in address{};
  check("uv_ip4_addr", uv_ip4_addr("127.0.0.1", 0, &address));
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  check("uv_tcp_bind", uv_tcp_bind(&listener, generic, 0));
  check("uv_listen", uv_listen(reinterpret_cast<uv_stream_t*>(&listener), backlog, accept_one));
  int length = sizeof address;
  check("uv_tcp_getsockname", uv_tcp_getsockname(&listener, generic, &length));
  rota::bench::announce_port(ntohs(address.sin_port));
  return uv_run(loop, UV_RUN_DEFAULT);
}

// What docs/concepts says of files, networking, names, processes and signals.

#include <rota/rota.hpp>

#include "../expect.hpp"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <utility>

using namespace std::chrono_literals;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

// [file]
rota::Task<rota::Result<std::string>> read_file(std::string path) {
  auto file = co_await rota::File::open(path, rota::OpenMode::read);
  if (!file) co_return std::unexpected(file.error());
  auto status = co_await file->stat();
  if (!status) co_return std::unexpected(status.error());
  std::string text(status->bytes, '\0');
  auto got = co_await file->read_at(0, std::as_writable_bytes(std::span(text)));
  if (!got) co_return std::unexpected(got.error());
  text.resize(*got);  // it may have become shorter meanwhile
  co_return text;
}
// [/file]

// [durable]
rota::Task<rota::Result<void>> write_file(std::string path, std::string text) {
  const auto mode = rota::OpenMode::write | rota::OpenMode::create | rota::OpenMode::truncate;
  auto file = co_await rota::File::open(path, mode);
  if (!file) co_return std::unexpected(file.error());
  // Only after that would a power cut leave it there.
  auto written = co_await file->write_durably_at(0, bytes_of(text));
  if (!written) co_return written;
  auto closed = co_await file->close();
  co_return closed;
}
// [/durable]

// [directory]
/// The names in a folder whose links may have been made by anybody.
rota::Task<rota::Result<std::set<std::string>>> names_in(std::string path) {
  auto folder = co_await rota::Directory::open(path, rota::Confinement::beneath);
  if (!folder) co_return std::unexpected(folder.error());
  auto listing = folder->entries();
  auto entries = co_await std::move(listing);
  if (!entries) co_return std::unexpected(entries.error());
  std::set<std::string> names;
  for (;;) {
    auto entry = co_await entries->next();
    if (!entry) co_return std::unexpected(entry.error());
    if (!entry->has_value()) co_return names;
    names.insert((*entry)->name);
  }
}
// [/directory]

// [blocking]
int call_that_blocks() {  // a library that has no other form
  std::this_thread::sleep_for(1ms);
  return 7;
}

rota::Task<int> call_it() {
  auto called = co_await rota::blocking(call_that_blocks);
  co_return called.value_or(0);
}
// [/blocking]

// [ask]
rota::Task<rota::Result<std::string>> ask(std::string host, std::uint16_t port,
                                          std::string question) {
  auto found = co_await rota::resolve(host, port);
  if (!found) co_return std::unexpected(found.error());
  auto peer = co_await rota::connect_to_any(std::move(*found));
  if (!peer) co_return std::unexpected(peer.error());
  auto sent = co_await peer->write_all(bytes_of(question));
  if (!sent) co_return std::unexpected(sent.error());
  auto ended = peer->shutdown(rota::ShutdownHalf::write);  // no more questions
  if (!ended) co_return std::unexpected(ended.error());
  rota::BufferedReader<rota::TcpStream> lines(*peer);
  auto answer = co_await lines.read_line(1000);
  if (!answer) co_return std::unexpected(answer.error());
  co_return answer->value_or("");
}
// [/ask]

// [copy]
rota::Task<void> give_back_all(rota::TcpListener& listener) {
  auto peer = co_await listener.accept();
  if (!peer) co_return;
  auto copied = co_await rota::copy(*peer, *peer);  // the kernel moves the bytes
  static_cast<void>(copied);
}
// [/copy]

// [lease]
rota::Task<void> echo(rota::TcpStream peer) {
  for (;;) {
    auto received = co_await peer.receive();  // no buffer while it waits
    if (!received || received->empty()) co_return;
    auto sent = co_await peer.write_all(received->bytes());
    if (!sent) co_return;
  }  // here the buffer goes back
}
// [/lease]

// [resolver]
rota::Task<rota::Result<std::string>> look_up(std::string host) {
  rota::ResolverConfig config;
  config.timeout = 2s;  // of the first question to a server
  rota::Resolver resolver(config);
  auto found = co_await resolver.addresses(host, 443);
  if (!found) co_return std::unexpected(found.error());
  co_return found->front().to_string();
}
// [/resolver]

// [process]
rota::Task<rota::Result<std::string>> sort_lines(std::string text) {
  auto sorting =
      rota::Command("sort").input_from(rota::Stdio::pipe).output_to(rota::Stdio::pipe).spawn();
  if (!sorting) co_return std::unexpected(sorting.error());
  // sort reads all before it writes. For another program these two run at once: join_all.
  auto sent = co_await sorting->input->write_all(bytes_of(text));
  if (!sent) co_return std::unexpected(sent.error());
  auto closed = co_await sorting->input->close();
  if (!closed) co_return std::unexpected(closed.error());

  std::string sorted;
  std::array<char, 4096> buffer;
  for (;;) {
    auto got = co_await sorting->output->read(std::as_writable_bytes(std::span(buffer)));
    if (!got) co_return std::unexpected(got.error());
    if (*got == 0) break;
    sorted.append(buffer.data(), *got);
  }
  auto status = co_await sorting->wait();
  if (!status) co_return std::unexpected(status.error());
  co_return status->success() ? sorted : std::string("sort failed");
}
// [/process]

// [signals]
rota::Task<int> count_hangups(int enough) {
  auto watch = rota::SignalWatch::open({SIGHUP});
  if (!watch) co_return 0;
  ::raise(SIGHUP);  // stands for somebody who sends it
  ::raise(SIGHUP);
  int hangups = 0;
  while (hangups < enough) {
    auto signal = co_await watch->next();
    if (!signal) break;
    hangups += 1;
  }
  co_return hangups;
}
// [/signals]

rota::Task<void> all() {
  const std::string path = "rota_outside_" + std::to_string(::getpid());
  auto written = co_await write_file(path, "kept\n");
  auto read = co_await read_file(path);
  auto names = co_await names_in(".");
  ::unlink(path.c_str());
  expect(written && read && *read == "kept\n", "a file");
  expect(names && names->contains(path), "its name");
  auto seven = co_await call_it();
  expect(seven == 7, "what blocks");

  auto listener = rota::TcpListener::bind(rota::Address::loopback(0)).value();
  auto serving = rota::spawn(give_back_all(listener));
  const auto port = listener.local_address().value().port();
  auto answer = co_await ask("localhost", port, "who is there?\n");
  auto served = co_await serving.join();
  expect(served && answer && *answer == "who is there?", "a connection");

  auto leased = rota::TcpListener::bind(rota::Address::loopback(0)).value();
  auto asking = rota::spawn(ask("localhost", leased.local_address().value().port(), "echo\n"));
  auto peer = co_await leased.accept();
  auto echoing = rota::spawn(echo(std::move(*peer)));
  auto echoed = co_await asking.join();
  auto same = std::move(echoed).value();
  expect(same && *same == "echo", "a lease");
  co_await echoing.join();

  auto found = co_await look_up("192.0.2.1");
  expect(found && *found == "192.0.2.1:443", "a name");
  auto sorted = co_await sort_lines("b\na\n");
  expect(sorted && *sorted == "a\nb\n", "a process");
  auto hangups = co_await count_hangups(2);
  expect(hangups == 2, "signals");
}

int main() { return rota::run(all()); }

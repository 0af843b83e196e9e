// The part of the harness that makes operations; harness.cpp has the part that runs them.
#include "conformance/harness.hpp"

#include <cstring>
#include <memory>

namespace rota::conformance {

std::byte* Harness::buffer(std::size_t bytes) {
  return buffers_.emplace_back(std::make_unique<std::byte[]>(bytes)).get();
}

std::byte* Harness::buffer(std::string_view bytes) {
  std::byte* memory = buffer(bytes.size());
  if (!bytes.empty()) std::memcpy(memory, bytes.data(), bytes.size());
  return memory;
}

Transfer& Harness::read(Descriptor& from, std::size_t bytes, std::uint8_t flags) {
  Transfer& made = transfers_.emplace_back(OpCode::read, buffer(bytes), bytes);
  made.flags = flags;
  start(made, &from);
  return made;
}

Transfer& Harness::write(Descriptor& to, std::string_view bytes, std::uint8_t flags) {
  Transfer& made = transfers_.emplace_back(OpCode::write, buffer(bytes), bytes.size());
  made.flags = flags;
  start(made, &to);
  return made;
}

Transfer& Harness::read_at(Descriptor& from, std::size_t bytes, std::uint64_t offset) {
  Transfer& made = transfers_.emplace_back(OpCode::read_at, buffer(bytes), bytes, offset);
  start(made, &from);
  return made;
}

Transfer& Harness::write_at(Descriptor& to, std::string_view bytes, std::uint64_t offset) {
  Transfer& made = transfers_.emplace_back(OpCode::write_at, buffer(bytes), bytes.size(), offset);
  start(made, &to);
  return made;
}

VectorTransfer& Harness::read_parts(OpCode code, Descriptor& from,
                                    std::initializer_list<std::size_t> sizes,
                                    std::uint64_t offset) {
  std::vector<iovec>& parts = parts_.emplace_back();
  for (const std::size_t bytes : sizes) parts.push_back(iovec{buffer(bytes), bytes});
  VectorTransfer& made = vectors_.emplace_back(
      code, parts.data(), static_cast<std::uint32_t>(parts.size()), offset);
  start(made, &from);
  return made;
}

VectorTransfer& Harness::write_parts(OpCode code, Descriptor& to,
                                     std::initializer_list<std::string_view> texts,
                                     std::uint64_t offset) {
  std::vector<iovec>& parts = parts_.emplace_back();
  for (const std::string_view part : texts) parts.push_back(iovec{buffer(part), part.size()});
  VectorTransfer& made = vectors_.emplace_back(
      code, parts.data(), static_cast<std::uint32_t>(parts.size()), offset);
  start(made, &to);
  return made;
}

Poll& Harness::poll(Descriptor& descriptor, std::uint32_t events) {
  Poll& made = polls_.emplace_back(events);
  start(made, &descriptor);
  return made;
}

Operation& Harness::accept(Descriptor& listener) { return plain(OpCode::accept, listener); }

Stream& Harness::accept_stream(Descriptor& listener, std::size_t ring) {
  Stream& made = streams_.emplace_back(OpCode::accept, rings_.emplace_back(ring));
  start(made, &listener);
  return made;
}

Connect& Harness::connect(Descriptor& socket, const sockaddr_in& address) {
  const sockaddr_in& to = addresses_.emplace_back(address);
  Connect& made = connects_.emplace_back(&to, static_cast<std::uint32_t>(sizeof to));
  start(made, &socket);
  return made;
}

Operation& Harness::plain(OpCode code, Descriptor& descriptor) {
  Operation& made = plains_.emplace_back(code);
  start(made, &descriptor);
  return made;
}

Truncate& Harness::truncate(Descriptor& file, std::uint64_t bytes) {
  Truncate& made = truncates_.emplace_back(bytes);
  start(made, &file);
  return made;
}

Stat& Harness::stat(Descriptor& file, struct statx& into) {
  Stat& made = stats_.emplace_back(&into);
  start(made, &file);
  return made;
}

Open& Harness::open(const std::string& path, int flags, std::uint32_t mode) {
  const std::string& kept = paths_.emplace_back(path);
  Open& made = opens_.emplace_back(kept.c_str(), static_cast<std::uint64_t>(flags), mode);
  start(made, nullptr);
  return made;
}

}  // namespace rota::conformance

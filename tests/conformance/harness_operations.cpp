// The part of the harness that makes operations; harness.cpp has the part that runs them.
#include "conformance/harness.hpp"

#include <fcntl.h>

#include <cstring>
#include <memory>
#include <utility>

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

Receive& Harness::receive_lent(Descriptor& from) {
  Receive& made = receives_.emplace_back();
  made.lender = driver_->lender();
  start(made, &from);
  return made;
}

void Harness::give_back(Receive& receive) {
  if (receive.buffer != nullptr) v0::give_back(*std::exchange(receive.buffer, nullptr));
}

Transfer& Harness::write(Descriptor& to, std::string_view bytes, std::uint8_t flags) {
  Transfer& made = transfers_.emplace_back(OpCode::write, buffer(bytes), bytes.size());
  made.flags = flags;
  start(made, &to);
  return made;
}

Transfer& Harness::write_in_place(Descriptor& to, std::string_view bytes, std::uint8_t flags) {
  Transfer& made = transfers_.emplace_back(OpCode::write_in_place, buffer(bytes), bytes.size());
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

Transfer& Harness::move_at(OpCode code, Descriptor& file, std::span<std::byte> memory,
                           std::uint64_t offset) {
  Transfer& made = transfers_.emplace_back(code, memory.data(), memory.size(), offset);
  start(made, &file);
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

Operation& Harness::accept_placed(Descriptor& listener) {
  Operation& made = plains_.emplace_back(OpCode::accept);
  made.flags = op_wants_place;
  start(made, &listener);
  return made;
}

ShutDown& Harness::shut_down(Descriptor& socket, int how) {
  ShutDown& made = shut_downs_.emplace_back(how);
  start(made, &socket);
  return made;
}

Stream& Harness::accept_stream(Descriptor& listener, std::size_t ring) {
  Stream& made = streams_.emplace_back(OpCode::accept, rings_.emplace_back(ring));
  start(made, &listener);
  return made;
}

Stream& Harness::read_stream(Descriptor& from, std::size_t ring) {
  Stream& made = streams_.emplace_back(OpCode::read, rings_.emplace_back(ring));
  from.ahead = &made;
  start(made, &from);
  return made;
}

Connect& Harness::connect(Descriptor& socket, const sockaddr_in& address) {
  const sockaddr_in& to = addresses_.emplace_back(address);
  Connect& made = connects_.emplace_back(&to, static_cast<std::uint32_t>(sizeof to));
  start(made, &socket);
  return made;
}

Harness::MessageParts& Harness::message_parts(std::byte* data, std::size_t bytes) {
  MessageParts& made = message_parts_.emplace_back();
  made.part = {data, bytes};
  made.header.msg_iov = &made.part;
  made.header.msg_iovlen = 1;
  return made;
}

Message& Harness::receive_message(Descriptor& from, std::size_t bytes, std::size_t control_bytes) {
  MessageParts& parts = message_parts(buffer(bytes), bytes);
  parts.header.msg_name = &parts.address;
  parts.header.msg_namelen = sizeof parts.address;
  parts.header.msg_control = control_bytes != 0 ? buffer(control_bytes) : nullptr;
  parts.header.msg_controllen = control_bytes;
  Message& made = messages_.emplace_back(OpCode::receive_message, &parts.header, MSG_CMSG_CLOEXEC);
  start(made, &from);
  return made;
}

Message& Harness::send_message(Descriptor& to, std::string_view bytes, const sockaddr_in* address) {
  MessageParts& parts = message_parts(buffer(bytes), bytes.size());
  if (address != nullptr) {
    std::memcpy(&parts.address, address, sizeof *address);
    parts.header.msg_name = &parts.address;
    parts.header.msg_namelen = sizeof *address;
  }
  Message& made = messages_.emplace_back(OpCode::send_message, &parts.header, 0);
  start(made, &to);
  return made;
}

Message& Harness::send_at_once(Descriptor& to, std::string_view bytes) {
  MessageParts& parts = message_parts(buffer(bytes), bytes.size());
  Message& made = messages_.emplace_back(OpCode::send_message, &parts.header, MSG_DONTWAIT);
  made.flags = op_no_wait;
  start(made, &to);
  return made;
}

Message& Harness::send_fd(Descriptor& to, std::string_view bytes, int passed) {
  MessageParts& parts = message_parts(buffer(bytes), bytes.size());
  parts.header.msg_control = buffer(CMSG_SPACE(sizeof passed));
  parts.header.msg_controllen = CMSG_SPACE(sizeof passed);
  cmsghdr* beside = CMSG_FIRSTHDR(&parts.header);
  beside->cmsg_level = SOL_SOCKET;
  beside->cmsg_type = SCM_RIGHTS;
  beside->cmsg_len = CMSG_LEN(sizeof passed);
  std::memcpy(CMSG_DATA(beside), &passed, sizeof passed);
  Message& made = messages_.emplace_back(OpCode::send_message, &parts.header, 0);
  start(made, &to);
  return made;
}

MessageBatch& Harness::receive_batch(Descriptor& from, std::size_t count, std::size_t bytes_each) {
  std::vector<mmsghdr>& headers = batch_headers_.emplace_back(count);
  for (mmsghdr& each : headers) {
    each.msg_hdr = message_parts(buffer(bytes_each), bytes_each).header;
  }
  MessageBatch& made = batches_.emplace_back(OpCode::receive_batch, headers.data(),
                                             static_cast<std::uint32_t>(count), 0);
  start(made, &from);
  return made;
}

MessageBatch& Harness::send_batch(Descriptor& to,
                                  std::initializer_list<std::string_view> messages) {
  std::vector<mmsghdr>& headers = batch_headers_.emplace_back();
  for (const std::string_view each : messages) {
    headers.push_back({message_parts(buffer(each), each.size()).header, 0});
  }
  MessageBatch& made = batches_.emplace_back(OpCode::send_batch, headers.data(),
                                             static_cast<std::uint32_t>(headers.size()), 0);
  start(made, &to);
  return made;
}

Splice& Harness::splice(OpCode code, Descriptor& end, int pipe, std::uint32_t bytes,
                        std::int64_t offset) {
  Splice& made = splices_.emplace_back(code, pipe, bytes, offset);
  start(made, &end);
  return made;
}

CopyRange& Harness::copy_range(Descriptor& from, int to, std::uint32_t bytes, std::uint64_t offset,
                               std::uint64_t target_offset) {
  CopyRange& made = copies_.emplace_back(to, offset, target_offset, bytes);
  start(made, &from);
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

Open& Harness::open_from(Descriptor* folder, const std::string& path, int flags,
                         std::uint32_t mode, std::uint64_t resolve) {
  const std::string& kept = paths_.emplace_back(path);
  Open& made = opens_.emplace_back(kept.c_str(), static_cast<std::uint64_t>(flags), mode, resolve);
  start(made, folder);
  return made;
}

Load& Harness::load(Descriptor* folder, const std::string& path, std::size_t bytes,
                    std::uint64_t resolve) {
  const std::string& kept = paths_.emplace_back(path);
  Load& made = loads_.emplace_back(kept.c_str(), buffer(bytes), bytes, resolve);
  start(made, folder);
  return made;
}

Stat& Harness::stat_from(Descriptor* folder, const std::string& path, struct statx& into,
                         std::uint64_t resolve, bool follows) {
  Stat& made = stats_.emplace_back(&into, paths_.emplace_back(path).c_str(), resolve);
  made.follows = follows;
  start(made, folder);
  return made;
}

PathChange& Harness::change(Descriptor* folder, const PathWish& wish) {
  PathChange& made = changes_.emplace_back(wish.action, paths_.emplace_back(wish.path).c_str());
  made.other = paths_.emplace_back(wish.other).c_str();
  made.other_folder = wish.to != nullptr ? wish.to->fd : AT_FDCWD;
  made.number = wish.number;
  made.resolve = wish.resolve;
  made.other_resolve = wish.resolve;
  made.memory = wish.memory;
  made.follows = wish.follows;
  start(made, folder);
  return made;
}

Transfer& Harness::read_directory(Descriptor& folder, std::size_t bytes) {
  Transfer& made = transfers_.emplace_back(OpCode::read_directory, buffer(bytes), bytes);
  start(made, &folder);
  return made;
}

FileRange& Harness::range(OpCode code, Descriptor& file, int how, std::uint64_t offset,
                          std::uint64_t bytes) {
  FileRange& made = ranges_.emplace_back(code, how, offset, bytes);
  start(made, &file);
  return made;
}

Transfer& Harness::write_durably_at(Descriptor& to, std::string_view bytes,
                                    std::uint64_t offset) {
  Transfer& made =
      transfers_.emplace_back(OpCode::write_durably_at, buffer(bytes), bytes.size(), offset);
  made.flags = op_whole;
  start(made, &to);
  return made;
}

ChildWait& Harness::wait_child(Descriptor& pidfd, siginfo_t& into) {
  ChildWait& made = child_waits_.emplace_back(&into);
  start(made, &pidfd);
  return made;
}

MemoryRange& Harness::advise_memory(int how, void* address, std::size_t bytes) {
  MemoryRange& made = memory_ranges_.emplace_back(how, address, bytes);
  start(made, nullptr);
  return made;
}

FutexWait& Harness::futex_wait(const void* word, std::uint32_t expected) {
  FutexWait& made = futex_waits_.emplace_back(word, expected);
  start(made, nullptr);
  return made;
}

}  // namespace rota::conformance

#pragma once

#include "driver/perform.hpp"

#include "core/descriptor_table.hpp"
#include "driver/sockets.hpp"

#include <gtest/gtest.h>

#include <span>
#include <string>

namespace rota::perform_fixture {

class Perform : public ::testing::Test {
 protected:
  Descriptor& adopt(int fd, FdKind kind) { return table_.adopt(fd, kind, nullptr); }

  DescriptorTable table_;
};

inline std::span<std::byte> bytes_of(std::string& text) {
  return std::as_writable_bytes(std::span(text));
}

struct Prepared : Transfer {
  Prepared(OpCode what, Descriptor& on, std::span<std::byte> memory, std::uint8_t with = 0,
           std::uint64_t at = 0)
      : Transfer(what, memory.data(), memory.size(), at) {
    descriptor = &on;
    flags = with;
  }
};

}  // namespace rota::perform_fixture

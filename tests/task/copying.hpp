#pragma once

#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace rota::testing_tasks {

// What scenarios of copies share.

inline constexpr OpenMode kNewFile = OpenMode::read | OpenMode::write | OpenMode::create;

/// No two blocks of it that a kernel moves at a time are the same.
inline std::string long_text(std::size_t bytes) {
  std::string part(65'521, '\0');
  std::size_t i = 0;
  for (char& each : part) {
    each = static_cast<char>('a' + (i * 7 + i / 251) % 26);
    ++i;
  }
  std::string text;
  while (text.size() < bytes) text += part;
  text.resize(bytes);
  return text;
}

inline std::span<const std::byte> text_bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}
inline std::span<std::byte> text_room(std::string& text) {
  return std::as_writable_bytes(std::span(text));
}

template <class Stream>
Task<std::string> all_of(Stream from) {
  std::string all;
  std::string part(64 * 1024, '\0');
  for (;;) {
    Result<std::size_t> got = co_await from.read(text_room(part));
    EXPECT_TRUE(got.has_value());
    if (!got || *got == 0) break;
    all.append(part, 0, *got);
  }
  co_return all;
}

template <class Stream>
Task<void> write_and_end(Stream to, std::string text) {
  Result<void> written = co_await to.write_all(text_bytes(text));
  EXPECT_EQ(code_of(written), 0);
  Result<void> closed = co_await to.close();
  EXPECT_EQ(code_of(closed), 0);
}

template <class From, class To>
Task<std::error_code> failure_of_copy(From& from, To& to, std::uint64_t& copied) {
  Task<Result<std::uint64_t>> copying = copy(from, to, &copied);
  Result<std::uint64_t> done = co_await std::move(copying);
  co_return done ? std::error_code() : done.error();
}

}  // namespace rota::testing_tasks

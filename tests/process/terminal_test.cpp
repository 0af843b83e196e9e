#include <rota/standard_stream.hpp>
#include <rota/terminal.hpp>

#include "base/unique_fd.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace rota {
namespace {

/// Both sides of a pseudo-terminal; `ours` is what a program's user sits at.
class TerminalTest : public testing::Test {
 protected:
  TerminalTest() : ours_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    EXPECT_EQ(::grantpt(ours_.number()), 0);
    EXPECT_EQ(::unlockpt(ours_.number()), 0);
    std::array<char, 64> name{};
    EXPECT_EQ(::ptsname_r(ours_.number(), name.data(), name.size()), 0);
    theirs_ = UniqueFd(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    EXPECT_TRUE(theirs_.valid());
  }

  void type(std::string_view keys) {
    EXPECT_EQ(::write(ours_.number(), keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  void show(std::string_view text) {
    EXPECT_EQ(::write(terminal(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  /// The next `count` bytes that the terminal gives the program. A kernel thread carries them, so
  /// they may not be there yet.
  std::string read_keys(std::size_t count) { return read_from(terminal(), count); }
  /// And those that it shows its user.
  std::string read_screen(std::size_t count) { return read_from(ours_.number(), count); }
  [[nodiscard]] termios mode() const {
    termios mode{};
    EXPECT_EQ(::tcgetattr(theirs_.number(), &mode), 0);
    return mode;
  }
  [[nodiscard]] int terminal() const { return theirs_.number(); }

 private:
  static std::string read_from(int fd, std::size_t count) {
    std::string bytes(count, '\0');
    std::size_t filled = 0;
    while (filled < count) {
      const ssize_t got = ::read(fd, &bytes[filled], count - filled);
      EXPECT_GT(got, 0);
      if (got <= 0) break;
      filled += static_cast<std::size_t>(got);
    }
    bytes.resize(filled);
    return bytes;
  }

  UniqueFd ours_;
  UniqueFd theirs_;
};

TEST_F(TerminalTest, tells_its_size) {
  const winsize size{.ws_row = 31, .ws_col = 97, .ws_xpixel = 0, .ws_ypixel = 0};
  ASSERT_EQ(::ioctl(terminal(), TIOCSWINSZ, &size), 0);
  const Result<TerminalSize> told = terminal_size(terminal());
  ASSERT_TRUE(told.has_value()) << told.error().message();
  EXPECT_EQ(told->rows, 31);
  EXPECT_EQ(told->columns, 97);
}

TEST_F(TerminalTest, gives_each_key_in_raw_mode_and_shows_none) {
  type("ab");
  EXPECT_EQ(read_screen(2), "ab") << "it echoes";
  Result<RawMode> raw = RawMode::enter(terminal());
  ASSERT_TRUE(raw.has_value()) << raw.error().message();
  type("\x03y\r");
  EXPECT_EQ(read_keys(5), "ab\x03y\r") << "a line that was begun, a Ctrl-C and a return";
  show("!");
  EXPECT_EQ(read_screen(1), "!") << "an echo would have come before it";
}

TEST_F(TerminalTest, is_as_before_once_raw_mode_ends) {
  const termios before = mode();
  {
    Result<RawMode> raw = RawMode::enter(terminal());
    ASSERT_TRUE(raw.has_value());
    EXPECT_EQ(mode().c_lflag & (ICANON | ECHO | ISIG), 0u);
    const RawMode elsewhere = std::move(*raw);
    raw = std::unexpected(std::error_code());
    EXPECT_EQ(mode().c_lflag & ICANON, 0u) << "what was moved away ends nothing";
  }
  EXPECT_EQ(mode().c_lflag, before.c_lflag);
  EXPECT_EQ(mode().c_oflag, before.c_oflag);
}

TEST_F(TerminalTest, leaves_raw_mode_once) {
  const termios before = mode();
  Result<RawMode> raw = RawMode::enter(terminal());
  ASSERT_TRUE(raw.has_value());
  EXPECT_TRUE(raw->leave().has_value());
  EXPECT_EQ(mode().c_lflag, before.c_lflag);
  Result<RawMode> another = RawMode::enter(terminal());
  EXPECT_TRUE(raw->leave().has_value());
  EXPECT_EQ(mode().c_lflag & ICANON, 0u) << "a second time it changes nothing";
}

TEST_F(TerminalTest, what_is_no_terminal_is_refused) {
  const UniqueFd file(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const Result<TerminalSize> size = terminal_size(file.number());
  EXPECT_EQ(size.error(), std::errc::inappropriate_io_control_operation);
  const Result<RawMode> raw = RawMode::enter(file.number());
  EXPECT_EQ(raw.error(), std::errc::inappropriate_io_control_operation);
  EXPECT_EQ(terminal_size(-1).error(), std::errc::bad_file_descriptor);
}

}  // namespace
}  // namespace rota

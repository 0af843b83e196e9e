// What calls cost is measured, kept and read again, by whoever asks for it; and what follows.
#include "driver/choose.hpp"
#include "runtime/measurements/choice.hpp"
#include "runtime/measurements/record.hpp"

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace rota {
namespace {

namespace fs = std::filesystem;

bool operator==(const Measurements& one, const Measurements& other) {
  return to_record(one, "") == to_record(other, "");
}

Measurements some_measurements() {
  Measurements some;
  some.wake = Duration{30'000};
  some.wake_call = Duration{9'000};
  some.system_call = Duration{150};
  some.ring_call = Duration{700};
  some.folder = "/tmp/a folder";
  some.read = Duration{1'700};
  some.ring_read = Duration{2'600};
  some.ring_reads_inline = true;
  return some;
}

TEST(Measurements, are_of_calls_that_take_time) {
  const Measurements measured = measure_machine();
  EXPECT_GT(measured.wake, Duration{});
  EXPECT_GT(measured.wake_call, Duration{});
  EXPECT_GT(measured.system_call, Duration{});
  EXPECT_FALSE(measured.folder.empty());
  EXPECT_FALSE(measured.folder_error) << measured.folder_error.message();
  if (measured.ring_call == Duration{}) GTEST_SKIP() << "there is no ring here";
  EXPECT_GT(measured.ring_read, Duration{});
}

TEST(Measurements, in_a_folder_that_is_none_have_no_reads) {
  const Measurements measured = measure_machine("/nowhere");
  EXPECT_GT(measured.system_call, Duration{});
  EXPECT_EQ(measured.folder_error, std::errc::no_such_file_or_directory);
  EXPECT_EQ(measured.read, Duration{});
  EXPECT_EQ(measured.ring_read, Duration{});
  EXPECT_FALSE(measured.ring_reads_inline);
}

TEST(MeasurementRecord, reads_as_it_was_written) {
  const std::string head = measurement_head();
  const auto read = from_record(to_record(some_measurements(), head), head);
  ASSERT_TRUE(read.has_value());
  EXPECT_TRUE(*read == some_measurements());
}

TEST(MeasurementRecord, of_another_machine_is_none) {
  const std::string text = to_record(some_measurements(), "kernel 6.1\n");
  EXPECT_FALSE(from_record(text, "kernel 6.2\n").has_value());
}

TEST(MeasurementRecord, with_a_zero_is_none) {
  Measurements without_ring = some_measurements();
  without_ring.ring_call = Duration{};
  EXPECT_FALSE(from_record(to_record(without_ring, ""), "").has_value());
}

TEST(MeasurementRecord, that_is_garbage_is_none) {
  const std::string head = measurement_head();
  const std::string text = to_record(some_measurements(), head);
  const std::size_t numbers_end = text.find("folder");
  for (std::size_t i = 0; i < text.size(); ++i) {
    EXPECT_FALSE(from_record(text.substr(0, i), head).has_value()) << i;
    if (i >= numbers_end || text[i] == '-') continue;
    std::string changed = text;
    changed[i] = '-';
    EXPECT_FALSE(from_record(changed, head).has_value()) << i;
  }
  EXPECT_FALSE(from_record(text + "more\n", head).has_value());
  EXPECT_FALSE(from_record("", head).has_value());
}

TEST(MeasuredChoice, follows_the_cheaper_read_where_both_are_known) {
  Measurements measured = some_measurements();
  EXPECT_EQ(choice_by(measured).wake, measured.wake);
  EXPECT_TRUE(choice_by(measured).tries_lone_reads);
  measured.read = measured.ring_read + measured.ring_call;
  EXPECT_TRUE(choice_by(measured).tries_lone_reads) << "a driver takes more than its ring";
  measured.read += Duration{1};
  EXPECT_FALSE(choice_by(measured).tries_lone_reads);
  measured.ring_reads_inline = false;
  EXPECT_TRUE(choice_by(measured).tries_lone_reads) << "a thread of the kernel's is dearer";
  measured = some_measurements();
  measured.read = Duration{};
  EXPECT_TRUE(choice_by(measured).tries_lone_reads) << "each file says what its file system knows";
}

TEST(MeasuredChoice, is_what_a_ring_is_made_with) {
  DriverConfig config;
  config.kind = DriverKind::io_uring;
  for (const bool tries : {true, false}) {
    const auto chosen = choose_driver(config, nullptr, {.tries_lone_reads = tries});
    if (!chosen) GTEST_SKIP() << "there is no ring here";
    EXPECT_EQ(chosen->driver->traits().tries_lone_reads, tries);
  }
}

/// With a home of its own.
class KeptMeasurements : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = fs::temp_directory_path() / "rota-home-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    home_ = folder;
    ::setenv("XDG_CACHE_HOME", home_.c_str(), 1);
  }
  void TearDown() override {
    ::unsetenv("XDG_CACHE_HOME");
    fs::remove_all(home_);
  }
  [[nodiscard]] fs::path file() const { return home_ / "rota/measurements"; }

  fs::path home_;
};

TEST_F(KeptMeasurements, are_found_again) {
  EXPECT_FALSE(kept_measurements().has_value());
  ASSERT_TRUE(keep_measurements(some_measurements()).has_value());
  const auto kept = kept_measurements();
  ASSERT_TRUE(kept.has_value());
  EXPECT_TRUE(*kept == some_measurements());
}

TEST_F(KeptMeasurements, are_replaced_and_nothing_else_is_left) {
  Measurements other = some_measurements();
  other.wake = Duration{5};
  ASSERT_TRUE(keep_measurements(some_measurements()).has_value());
  ASSERT_TRUE(keep_measurements(other).has_value());
  EXPECT_EQ(kept_measurements()->wake, other.wake);
  const fs::directory_iterator entries(file().parent_path());
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 1);
}

TEST_F(KeptMeasurements, with_a_zero_are_not_kept) {
  Measurements without_file = some_measurements();
  without_file.read = Duration{};
  const auto kept = keep_measurements(without_file);
  ASSERT_FALSE(kept.has_value());
  EXPECT_EQ(kept.error(), std::error_code(ENODATA, std::system_category()));
  EXPECT_FALSE(fs::exists(home_ / "rota"));
}

TEST_F(KeptMeasurements, make_the_folder_that_is_named_in_one_of_ours) {
  ::setenv("XDG_CACHE_HOME", (home_ / "made").c_str(), 1);
  ASSERT_TRUE(keep_measurements(some_measurements()).has_value());
  EXPECT_TRUE(kept_measurements().has_value());
}

TEST_F(KeptMeasurements, follow_no_link) {
  fs::create_directory(home_ / "elsewhere");
  fs::create_directory_symlink(home_ / "elsewhere", home_ / "link");
  ::setenv("XDG_CACHE_HOME", (home_ / "link").c_str(), 1);
  EXPECT_FALSE(keep_measurements(some_measurements()).has_value());
  EXPECT_TRUE(fs::is_empty(home_ / "elsewhere"));
}

TEST_F(KeptMeasurements, leave_nothing_in_the_home_of_another_user) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can write there";
  constexpr uid_t nobody = 65534;
  ASSERT_EQ(::chown(home_.c_str(), nobody, nobody), 0);
  EXPECT_FALSE(keep_measurements(some_measurements()).has_value());
  ::setenv("XDG_CACHE_HOME", (home_ / ".cache").c_str(), 1);
  EXPECT_FALSE(keep_measurements(some_measurements()).has_value());
  EXPECT_TRUE(fs::is_empty(home_));
}

TEST_F(KeptMeasurements, that_others_may_write_are_not_believed) {
  ASSERT_TRUE(keep_measurements(some_measurements()).has_value());
  ASSERT_EQ(::chmod(file().c_str(), 0666), 0);
  EXPECT_FALSE(kept_measurements().has_value());
}

TEST_F(KeptMeasurements, are_none_where_the_place_is_something_else) {
  fs::create_directories(file());
  EXPECT_FALSE(kept_measurements().has_value());
  EXPECT_FALSE(keep_measurements(some_measurements()).has_value());
  fs::remove(file());
  ASSERT_EQ(::mkfifo(file().c_str(), 0600), 0);
  EXPECT_FALSE(kept_measurements().has_value()) << "and nobody waits for a writer";
}

TEST_F(KeptMeasurements, a_home_that_cannot_be_written_is_an_error) {
  ::setenv("XDG_CACHE_HOME", "/proc/nowhere", 1);
  EXPECT_FALSE(keep_measurements(some_measurements()).has_value());
  EXPECT_FALSE(kept_measurements().has_value());
  Config config;
  config.measuring = Measuring::kept;
  EXPECT_TRUE(Runtime::make(config).has_value());
}

TEST_F(KeptMeasurements, are_made_by_a_runtime_that_asks_and_by_no_other) {
  Config config;
  ASSERT_TRUE(Runtime::make(config).has_value());
  EXPECT_FALSE(fs::exists(home_ / "rota"));
  config.driver.kind = DriverKind::sim;
  config.measuring = Measuring::kept;
  ASSERT_TRUE(Runtime::make(config).has_value());
  EXPECT_FALSE(fs::exists(home_ / "rota")) << "what is simulated depends on no machine";
  config.driver.kind = DriverKind::best;
  ASSERT_TRUE(Runtime::make(config).has_value());
  if (has_zero(measure_machine())) GTEST_SKIP() << "a call that is measured cannot be made here";
  EXPECT_TRUE(kept_measurements().has_value());
}

}  // namespace
}  // namespace rota

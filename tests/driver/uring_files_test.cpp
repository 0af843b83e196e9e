// The ring that is a file engine: more than its queues hold, and none of it ends by itself.
#include "driver/engine_fixture.hpp"
#include "driver/files/file_engine_make.hpp"
#include "driver/files/uring_files.hpp"
#include "driver/sockets.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <deque>
#include <string>
#include <vector>

namespace rota {
namespace {

using testing_sockets::Fd;
using testing_sockets::TemporaryFile;

class UringFilesTest : public testing::Test, protected engine_fixture::EngineRig {
 protected:
  void SetUp() override {
    std::vector<Refusal> refusals;
    auto made = make_file_engine({FileEngineKind::io_uring}, bell().notify(), refusals);
    if (!made) GTEST_SKIP() << refusals.front().reason << ' ' << made.error().message();
    use(std::move(*made));
  }
};

TEST_F(UringFilesTest, what_nobody_ever_opens_is_cancelled_with_its_folder) {
  constexpr std::size_t opens = 300;
  const TemporaryFile beside;
  const std::string name = beside.path() + ".fifo";
  ASSERT_EQ(::mkfifo(name.c_str(), 0600), 0);
  const Fd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  Descriptor& folder = adopt(root.number());
  std::deque<Open> all;
  OpList batch;
  for (std::size_t i = 0; i < opens; ++i) {
    Open& open = all.emplace_back(name.c_str(), O_RDONLY, 0u);
    open.descriptor = &folder;
    batch.push_back(open);
  }
  engine().submit(std::move(batch));
  engine().cancel_all(folder);
  EXPECT_EQ(reap(opens).size(), opens);
  for (const Open& open : all) {
    // A ring opens for reading without a writer, if the cancel does not come first.
    EXPECT_TRUE(open.result >= 0 || open.result == -ECANCELED) << open.result;
    if (open.result >= 0) ::close(open.result);
  }
  ::unlink(name.c_str());
}

TEST_F(UringFilesTest, what_an_older_kernel_has_no_entry_for_is_the_pools) {
  std::vector<Refusal> refusals;
  EngineRequest asked{FileEngineKind::io_uring};
  asked.as_kernel = {6, 8};
  auto older = make_file_engine(asked, bell().notify(), refusals);
  ASSERT_TRUE(older.has_value());
  EXPECT_FALSE(static_cast<const UringFiles&>(**older).ring().can(ring_truncates));
  use(std::move(*older));
  const TemporaryFile file;
  Truncate truncate(4096);
  truncate.descriptor = &adopt(file.number());
  submit(truncate);
  reap(1);
  EXPECT_EQ(truncate.result, 0);
  EXPECT_EQ(::lseek(file.number(), 0, SEEK_END), 4096);
  EXPECT_GE(engine().use().threads, 1u);
}

}  // namespace
}  // namespace rota

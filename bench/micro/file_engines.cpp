// What does a file engine cost by itself? Reads of 4 KiB that the page cache has, 1 and 32 at once,
// of one file and of eight: the blocking pool, and POSIX aio by each way of being told. A driver
// would make these reads at once (RWF_NOWAIT); the figures are of the way that a cold one takes.
#include "driver/files/file_engine_make.hpp"

#include "bench/raw/measure.hpp"
#include "core/descriptor_table.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kPages = 256;  // of a file
constexpr std::size_t kFiles = 8;
constexpr std::size_t kReads = 50'000;

[[noreturn]] void fail(const char* call) {
  std::perror(call);
  std::exit(EXIT_FAILURE);
}

/// Stands where a driver sleeps.
class Bell {
 public:
  Bell() {
    if (fd_ < 0) fail("eventfd");
  }
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;
  ~Bell() { ::close(fd_); }

  [[nodiscard]] rota::EngineNotify notify() noexcept {
    return {this, [](void* bell) noexcept { ::eventfd_write(static_cast<Bell*>(bell)->fd_, 1); }};
  }
  void wait() const {
    eventfd_t count = 0;
    while (::eventfd_read(fd_, &count) < 0) {
      if (errno != EINTR) fail("eventfd_read");
    }
  }

 private:
  int fd_ = ::eventfd(0, EFD_CLOEXEC);
};

int make_file() {
  const int fd = ::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) fail("open");
  const std::string page(kPage, 'x');
  for (std::size_t i = 0; i < kPages; ++i) {
    if (::write(fd, page.data(), kPage) != static_cast<ssize_t>(kPage)) fail("write");
  }
  return fd;
}

struct Read : rota::Transfer {
  std::array<std::byte, kPage> page;
  Read() : Transfer(rota::OpCode::read_at, nullptr, kPage) { data = page.data(); }
};

class Reader {
 public:
  Reader(rota::FileEngine& engine, const Bell& bell, const std::vector<rota::Descriptor*>& files)
      : engine_(engine), bell_(bell), files_(files) {}

  /// So many in all, `at_once` of them in flight.
  void read(std::size_t count, std::size_t at_once) {
    std::vector<Read> reads(at_once);
    rota::OpList next;
    for (Read& each : reads) next.push_back(aimed(each));
    std::size_t begun = at_once;
    for (std::size_t ended = 0; ended < count;) {
      if (!next.empty()) engine_.submit(std::move(next));
      bell_.wait();
      rota::OpList done;
      engine_.reap(done);
      while (rota::Operation* operation = done.pop_front()) {
        if (operation->result != static_cast<std::int32_t>(kPage)) fail("a read");
        ++ended;
        if (begun++ < count) next.push_back(aimed(static_cast<Read&>(*operation)));
      }
    }
  }

 private:
  rota::Operation& aimed(Read& read) {
    read.descriptor = files_[turn_ % files_.size()];
    read.offset = turn_ / files_.size() % kPages * kPage;
    read.moved = 0;
    ++turn_;
    return read;
  }

  rota::FileEngine& engine_;
  const Bell& bell_;
  const std::vector<rota::Descriptor*>& files_;
  std::size_t turn_ = 0;
};

void measure(const char* name, rota::EngineRequest asked,
             const std::vector<rota::Descriptor*>& files) {
  struct Shape {
    const char* name;
    std::size_t at_once;
    std::size_t files;
  };
  for (const Shape& shape : {Shape{"1", 1, 1}, Shape{"32", 32, 1}, Shape{"32_of_8", 32, kFiles}}) {
    Bell bell;
    std::vector<rota::Refusal> refusals;
    auto engine = rota::make_file_engine(asked, bell.notify(), refusals);
    if (!engine) fail(name);
    const std::vector<rota::Descriptor*> some(files.begin(),
                                              files.begin() + static_cast<long>(shape.files));
    Reader reader(**engine, bell, some);
    reader.read(kReads / 10, shape.at_once);
    const rota::bench::ProcessSpan span;
    reader.read(kReads, shape.at_once);
    span.report((std::string(name) + '_' + shape.name).c_str(), kReads);
  }
}

}  // namespace

int main() {
  using rota::AioNotification;
  using rota::FileEngineKind;
  rota::DescriptorTable table;
  std::vector<rota::Descriptor*> files;
  for (std::size_t i = 0; i < kFiles; ++i) {
    files.push_back(&table.adopt(make_file(), rota::FdKind::file, nullptr));
  }
  measure("blocking_pool", {FileEngineKind::blocking_pool}, files);
  measure("aio_none", {FileEngineKind::posix_aio, 4, AioNotification::none}, files);
  measure("aio_signal", {FileEngineKind::posix_aio, 4, AioNotification::signal}, files);
  measure("aio_thread", {FileEngineKind::posix_aio, 4, AioNotification::thread}, files);
  for (const rota::Descriptor* each : files) ::close(each->fd);
}

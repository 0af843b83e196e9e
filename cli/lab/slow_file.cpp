#include "slow_file.hpp"

#include "fuse_server.hpp"

#include <rota/owned_fd.hpp>

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace rota::cli {
namespace {

std::unexpected<std::string> refused(const char* what, int error) {
  return std::unexpected(std::string(what) + ": " + std::strerror(error) +
                         ". A file system of FUSE is needed, which takes /dev/fuse and the right "
                         "to mount, as root has it.");
}

pid_t start_server(int fuse, std::uint64_t delay_ms) {
  const pid_t parent = ::getpid();
  const pid_t server = ::fork();
  if (server != 0) return server;
  // Ctrl-C is for the parent, whose fault under way is to be answered first.
  ::signal(SIGINT, SIG_IGN);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() == parent) serve_slow_file(fuse, SlowFile::pages, delay_ms);
  ::_exit(0);
}

/// An empty file to mount another one over; it goes with its scope, and so does what is there.
class MountPoint {
 public:
  MountPoint() {
    const OwnedFd made(::mkostemp(path_.data(), O_CLOEXEC));
    error_ = made.valid() ? 0 : errno;
  }
  MountPoint(const MountPoint&) = delete;
  MountPoint& operator=(const MountPoint&) = delete;
  ~MountPoint() {
    if (is_mounted_) ::umount2(path_.c_str(), MNT_DETACH);
    if (error_ == 0) ::unlink(path_.c_str());
  }
  [[nodiscard]] int error() const noexcept { return error_; }
  [[nodiscard]] const char* path() const noexcept { return path_.c_str(); }

  /// 0, or an errno. In a name space of this process alone: if it is killed before it unmounts, the
  /// mount goes with it.
  [[nodiscard]] int mount(int fuse) noexcept {
    if (::unshare(CLONE_NEWNS) != 0) return errno;
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return errno;
    const std::string options = "fd=" + std::to_string(fuse) + ",rootmode=100444,user_id=" +
                                std::to_string(::geteuid()) +
                                ",group_id=" + std::to_string(::getegid());
    constexpr unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY;
    is_mounted_ = ::mount("rota", path(), "fuse", flags, options.c_str()) == 0;
    return is_mounted_ ? 0 : errno;
  }

 private:
  std::string path_ = std::filesystem::temp_directory_path() / "rota-slow-XXXXXX";
  int error_ = 0;
  bool is_mounted_ = false;
};

}  // namespace

std::expected<SlowFile, std::string> SlowFile::make(std::uint64_t delay_ms) {
  OwnedFd fuse(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
  if (!fuse.valid()) return refused("/dev/fuse cannot be opened", errno);
  MountPoint place;
  if (place.error() != 0) return refused("there is no temporary file", place.error());
  if (const int error = place.mount(fuse.number()); error != 0) {
    return refused("mount is refused", error);
  }
  const pid_t server = start_server(fuse.number(), delay_ms);
  if (server < 0) return refused("fork is refused", errno);
  SlowFile made(nullptr, server);
  fuse = OwnedFd();  // Only the server has it from now on: when that is gone, nobody waits for it.
  const OwnedFd file(::open(place.path(), O_RDONLY | O_CLOEXEC));
  struct stat status{};  // To ask for it tells the kernel how long the file is.
  if (!file.valid() || ::fstat(file.number(), &status) != 0) {
    return refused("the mounted file cannot be opened", errno);
  }
  const std::size_t bytes = pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* memory = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file.number(), 0);
  if (memory == MAP_FAILED) return refused("the mounted file cannot be mapped", errno);
  ::madvise(memory, bytes, MADV_RANDOM);  // One page for each fault, none ahead.
  made.memory_ = static_cast<char*>(memory);
  return made;
}

SlowFile::~SlowFile() {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  if (memory_ != nullptr) ::munmap(memory_, pages * page);
  if (server_ <= 0) return;
  ::kill(server_, SIGKILL);
  ::waitpid(server_, nullptr, 0);
}

void SlowFile::fault() noexcept {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  static_cast<void>(*const_cast<const volatile char*>(memory_ + touched_++ * page));
}

}  // namespace rota::cli

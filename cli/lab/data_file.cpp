#include "data_file.hpp"

#include "cli/load/interrupt.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>
#include <vector>

namespace rota::cli {
namespace {

constexpr std::size_t chunk_bytes = std::size_t{1} << 20U;
/// Of the free disk and of the memory: the lab is a guest on this machine.
constexpr std::uint64_t share = 8;

std::uint64_t room_bytes(int fd) {
  struct statvfs disk{};
  struct sysinfo memory{};
  std::uint64_t room = UINT64_MAX;
  if (::fstatvfs(fd, &disk) == 0) room = disk.f_bavail * disk.f_frsize / share;
  if (::sysinfo(&memory) == 0) room = std::min(room, memory.totalram * memory.mem_unit / share);
  return room;
}

/// Of the file, in the page cache.
std::expected<double, std::string> resident_share(int fd, std::uint64_t bytes) {
  void* mapped = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) return std::unexpected(std::string("mmap: ") + std::strerror(errno));
  const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  std::vector<unsigned char> pages((bytes + page_bytes - 1) / page_bytes);
  const int status = ::mincore(mapped, bytes, pages.data());
  const int error = errno;
  ::munmap(mapped, bytes);
  if (status != 0) return std::unexpected(std::string("mincore: ") + std::strerror(error));
  const auto resident = std::ranges::count_if(pages, [](unsigned char page) { return page & 1U; });
  return static_cast<double>(resident) / static_cast<double>(pages.size());
}

}  // namespace

std::expected<DataFile, std::string> DataFile::make(const std::string& folder,
                                                    std::uint64_t bytes_max) {
  std::string name = folder + "/data-XXXXXX";
  DataFile file(::mkostemp(name.data(), O_CLOEXEC));
  if (file.fd_ < 0) return std::unexpected("cannot make " + name + ": " + std::strerror(errno));
  ::unlink(name.c_str());
  const std::uint64_t bytes = std::min(bytes_max, room_bytes(file.fd_));
  std::vector<std::uint64_t> chunk(chunk_bytes / sizeof(std::uint64_t));
  std::mt19937_64 random(1);
  for (auto& word : chunk) word = random();
  while (file.bytes_ + chunk_bytes <= bytes && !interrupted()) {
    chunk[0] = file.bytes_;  // No two chunks are the same.
    const ssize_t put = ::write(file.fd_, chunk.data(), chunk_bytes);
    if (put != static_cast<ssize_t>(chunk_bytes)) break;
    file.bytes_ += chunk_bytes;
  }
  if (file.bytes_ == 0) return std::unexpected("no room for a file of 1 MiB in " + folder);
  // So that writing it back does not run beside the measurement.
  ::fdatasync(file.fd_);
  return file;
}

DataFile::~DataFile() {
  if (fd_ >= 0) ::close(fd_);
}

std::string DataFile::path() const {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd_);
}

void DataFile::warm() const {
  std::vector<char> chunk(chunk_bytes);
  for (std::uint64_t at = 0; at < bytes_; at += chunk_bytes) {
    if (::pread(fd_, chunk.data(), chunk_bytes, static_cast<off_t>(at)) <= 0) return;
  }
}

std::expected<double, std::string> DataFile::cool() const {
  ::fsync(fd_);  // Only what is clean is dropped.
  const int error = ::posix_fadvise(fd_, 0, 0, POSIX_FADV_DONTNEED);
  if (error != 0) return std::unexpected(std::string("fadvise: ") + std::strerror(error));
  return resident_share(fd_, bytes_);
}

}  // namespace rota::cli

#include <rota/measurements.hpp>

#include "base/unique_fd.hpp"
#include "runtime/measurements/record.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace rota::inline v0 {
namespace {

constexpr mode_t kMineAlone = S_IRWXU;
constexpr std::size_t kMostRecordBytes = 4096;  // several times what a record takes

/// An absolute path from the environment; empty: there is none, or it is not to be trusted.
std::string folder_named(const char* variable) {
  const char* named = ::secure_getenv(variable);
  return named != nullptr && *named == '/' ? named : "";
}

/// Empty where nobody says whose home it is.
std::string cache_folder() {
  if (std::string folder = folder_named("XDG_CACHE_HOME"); !folder.empty()) return folder;
  const std::string home = folder_named("HOME");
  return home.empty() ? home : home + "/.cache";
}

constexpr std::string_view kCacheFolder = "/rota";
constexpr std::string_view kFile = "/measurements";

/// What somebody else may have written is not followed.
bool is_mine_alone(int file) noexcept {
  struct stat found{};
  return ::fstat(file, &found) == 0 && S_ISREG(found.st_mode) && found.st_uid == ::geteuid() &&
         (found.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/// A symbolic link is none: it may lead to what is somebody else's.
bool is_folder_of_mine(const std::string& path) noexcept {
  constexpr int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  const UniqueFd folder(::open(path.c_str(), flags));
  struct stat found{};
  return folder.valid() && ::fstat(folder.number(), &found) == 0 && found.st_uid == ::geteuid();
}

/// Makes it if it is not there, and only in a folder of this user's: what root made in the home of
/// another user, that user could not write.
Result<void> make_folder(const std::string& path) {
  if (is_folder_of_mine(path)) return {};
  if (!is_folder_of_mine(path.substr(0, path.rfind('/')))) return failure(EPERM);
  if (::mkdir(path.c_str(), kMineAlone) != 0 && errno != EEXIST) return failure(errno);
  // What was there already may be what another program of this user's made meanwhile.
  return is_folder_of_mine(path) ? Result<void>() : failure(EPERM);
}

Result<void> write_whole(int file, std::string_view text) {
  const ssize_t written = ::write(file, text.data(), text.size());
  if (written < 0) return failure(errno);
  // As on a full disk; the next byte would say so.
  return written == static_cast<ssize_t>(text.size()) ? Result<void>() : failure(ENOSPC);
}

/// Beside the place, and then in it: nobody finds half of it.
Result<void> replace(const std::string& path, std::string_view text) {
  std::string beside = path + ".XXXXXX";
  const UniqueFd file(::mkostemp(beside.data(), O_CLOEXEC));
  if (!file.valid()) return failure(errno);
  Result<void> written = write_whole(file.number(), text);
  if (written && ::rename(beside.c_str(), path.c_str()) != 0) written = failure(errno);
  if (!written) ::unlink(beside.c_str());
  return written;
}

}  // namespace

std::optional<Measurements> kept_measurements() {
  const std::string folder = cache_folder();
  if (folder.empty()) return {};
  const std::string path = folder + std::string(kCacheFolder) + std::string(kFile);
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.valid() || !is_mine_alone(file.number())) return {};
  std::array<char, kMostRecordBytes> text;
  const ssize_t bytes = ::read(file.number(), text.data(), text.size());
  if (bytes < 0) return {};
  return from_record({text.data(), static_cast<std::size_t>(bytes)}, measurement_head());
}

Result<void> keep_measurements(const Measurements& measured) {
  const std::string cache = cache_folder();
  if (cache.empty()) return failure(ENOENT);
  if (measured.folder.find('\n') != std::string::npos) return failure(EINVAL);
  if (has_zero(measured)) return failure(ENODATA);
  const std::string folder = cache + std::string(kCacheFolder);
  if (const auto made = make_folder(cache); !made) return made;
  if (const auto made = make_folder(folder); !made) return made;
  const std::string text = to_record(measured, measurement_head());
  if (text.size() > kMostRecordBytes) return failure(ENAMETOOLONG);
  return replace(folder + std::string(kFile), text);
}

}  // namespace rota::inline v0

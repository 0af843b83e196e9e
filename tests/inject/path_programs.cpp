#include "inject/program.hpp"

#include <unistd.h>

#include <array>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace rota::testing_inject {
namespace {

namespace fs = std::filesystem;

/// A name that no other run has: its folder may have what another one could not remove.
std::string own_name(std::string_view what) {
  return std::string(what) + '.' + std::to_string(::getpid());
}

/// What a program that failed has left in its folder.
class Leftovers {
 public:
  explicit Leftovers(std::string path) : path_(std::move(path)) {}
  Leftovers(const Leftovers&) = delete;
  Leftovers& operator=(const Leftovers&) = delete;
  ~Leftovers() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }

 private:
  std::string path_;
};

Task<bool> has_contents(Findings& findings, std::string path, std::string_view wanted) {
  auto file = co_await File::open(path, OpenMode::read);
  if (!findings.took(file)) co_return false;
  std::array<std::byte, 100> buffer;
  auto got = co_await file->read_at(0, buffer);
  if (!findings.took(got)) co_return false;
  const std::string_view text(reinterpret_cast<const char*>(buffer.data()), *got);
  expect(text == wanted, "a file has other contents");
  co_return true;
}

Task<bool> make_tree(Findings& findings, Directory& tree) {
  auto made = co_await tree.make_directory("inner");
  if (!findings.took(made)) co_return false;
  auto file = co_await tree.open_file("inner/file", OpenMode::write | OpenMode::create);
  if (!findings.took(file)) co_return false;
  auto closed = co_await file->close();
  auto done = co_await tree.link("inner/file", "second");
  const bool linked = findings.took(closed) && findings.took(done);
  done = co_await tree.symlink("link", "inner/file");
  if (!linked || !findings.took(done)) co_return false;
  done = co_await tree.rename("second", "renamed");
  if (!findings.took(done)) co_return false;
  done = co_await tree.change_mode("renamed", 0600);
  const bool changed = findings.took(done);
  done = co_await tree.change_times("renamed", TimeChange::now(), TimeChange::keep());
  co_return findings.took(done) && changed;
}

Task<void> look_around(Findings& findings, Directory& tree) {
  auto said = co_await tree.read_link("link");
  if (findings.took(said)) expect(*said == "inner/file", "a link says something else");
  auto status = co_await tree.stat("renamed");
  if (findings.took(status)) expect(status->permissions() == 0600, "a mode is another one");
  auto listing = tree.entries();
  auto names = co_await std::move(listing);
  if (!findings.took(names)) co_return;
  int count = 0;
  for (;;) {
    auto reading = names->next();
    auto entry = co_await std::move(reading);
    if (!findings.took(entry)) co_return;
    if (!entry->has_value()) break;
    count += 1;
  }
  expect(count == 3, "names are missing in a directory");
}

Task<void> confined_tree(Findings& findings) {
  const std::string name = own_name("tree");
  const Leftovers leftovers(name);
  auto home = co_await Directory::open(".", Confinement::beneath);
  if (!findings.took(home)) co_return;
  auto made = co_await home->make_directory(name);
  if (!findings.took(made)) co_return;
  auto tree = co_await home->open_directory(name);
  if (!findings.took(tree)) co_return;
  auto making = make_tree(findings, *tree);
  const bool whole = co_await std::move(making);
  if (whole) co_await look_around(findings, *tree);
  auto removing = home->remove_tree(name);
  auto removed = co_await std::move(removing);
  if (findings.took(removed)) expect(!fs::exists(name), "a tree that was removed is there");
}

/// By paths that may lead anywhere: a ring has calls for these.
Task<void> free_tree(Findings& findings) {
  const std::string name = own_name("free");
  const Leftovers leftovers(name);
  Directory here = Directory::current();
  auto made = co_await here.make_directory(name);
  if (!findings.took(made)) co_return;
  auto tree = co_await here.open_directory(name);
  if (!findings.took(tree)) co_return;
  auto making = make_tree(findings, *tree);
  const bool whole = co_await std::move(making);
  if (!whole) co_return;
  co_await look_around(findings, *tree);
  for (const char* each : {"link", "renamed", "inner/file"}) {
    auto removed = co_await tree->remove_file(each);
    if (!findings.took(removed)) co_return;
  }
  auto removed = co_await tree->remove_directory("inner");
  findings.took(removed);
}

Task<void> file_is_replaced(Findings& findings) {
  const std::string name = own_name("replaced");
  const Leftovers leftovers(name);
  for (std::string_view text : {"what was there", "what is there now"}) {
    auto replacing = replace_file(name, bytes_of(text));
    auto replaced = co_await std::move(replacing);
    if (!findings.took(replaced)) co_return;
    auto looking = has_contents(findings, name, text);
    const bool right = co_await std::move(looking);
    if (!right) co_return;
  }
}

Task<void> temporary_directory(Findings& findings) {
  auto making = TemporaryDirectory::make(".");
  auto place = co_await std::move(making);
  if (!findings.took(place)) co_return;
  const std::string path = place->path();
  const Leftovers leftovers(path);
  auto file = co_await place->directory().open_file("file", OpenMode::write | OpenMode::create);
  findings.took(file);
  auto removing = place->remove();
  auto removed = co_await std::move(removing);
  if (findings.took(removed)) expect(!fs::exists(path), "a directory that was removed is there");
}

Task<void> file_is_watched(Findings& findings) {
  const std::string name = own_name("watched");
  const Leftovers leftovers(name);
  auto made = co_await Directory::current().make_directory(name);
  if (!findings.took(made)) co_return;
  auto watch = FileWatch::open();
  if (!findings.took(watch)) co_return;
  auto added = co_await watch->add(name, FileEvents::created | FileEvents::removed);
  if (!findings.took(added)) co_return;
  auto inner = co_await Directory::current().make_directory(name + "/inner");
  if (!findings.took(inner)) co_return;
  auto event = co_await watch->next();
  if (findings.took(event)) expect(event->name == "inner", "an event is of another name");
  findings.took(watch->remove(*added));
}

constexpr Program kPrograms[] = {
    {"confined_tree", confined_tree},
    {"free_tree", free_tree},
    {"file_is_replaced", file_is_replaced},
    {"temporary_directory", temporary_directory},
    {"file_is_watched", file_is_watched},
};

}  // namespace

std::span<const Program> path_programs() noexcept { return kPrograms; }

}  // namespace rota::testing_inject

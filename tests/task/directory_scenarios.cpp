#include "task/suite.hpp"
#include "task/temporary_path.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <set>
#include <span>
#include <string>

namespace rota::testing_tasks {
namespace {

namespace fs = std::filesystem;

/// What another program prints: the peer that looks at what was done.
std::string output_of(const std::string& command) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return "popen failed";
  std::string output;
  char part[256];
  while (std::fgets(part, sizeof part, pipe) != nullptr) output += part;
  ::pclose(pipe);
  return output;
}

template <template <class> class Routine>
Routine<void> names_are_made_moved_and_removed(World) {
  const TemporaryPath place;
  Result<Directory> opened = co_await Directory::open(place.folder());
  EXPECT_TRUE(opened.has_value());
  Directory& home = *opened;
  Result<void> done = co_await home.make_directory("sub", 0700);
  EXPECT_EQ(code_of(done), 0);
  done = co_await home.make_directory("sub", 0700);
  EXPECT_EQ(code_of(done), EEXIST);
  write_contents(place.in("a"), "first");
  write_contents(place.in("b"), "second");
  done = co_await home.rename("a", "b", RenameRule::keep);
  EXPECT_EQ(code_of(done), EEXIST);
  done = co_await home.rename("a", "b", RenameRule::exchange);
  EXPECT_EQ(code_of(done), 0);
  EXPECT_EQ(contents_of(place.in("a")), "second");
  Result<Directory> sub = co_await home.open_directory("sub");
  done = co_await home.rename("a", *sub, "moved");
  EXPECT_EQ(code_of(done), 0);
  EXPECT_EQ(contents_of(place.in("sub/moved")), "second");
  done = co_await home.link("b", *sub, "hard");
  EXPECT_EQ(code_of(done), 0);
  done = co_await home.symlink("soft", "sub/hard");
  EXPECT_EQ(code_of(done), 0);
  Result<std::string> said = co_await home.read_link("soft");
  EXPECT_EQ(*said, "sub/hard");
  Result<FileStatus> followed = co_await home.stat("soft");
  Result<FileStatus> itself = co_await home.stat("soft", Links::keep);
  EXPECT_EQ(followed->links, 2u);
  EXPECT_EQ(followed->type(), FileType::regular);
  EXPECT_EQ(itself->type(), FileType::symlink);
  done = co_await home.remove_directory("sub");
  EXPECT_EQ(code_of(done), ENOTEMPTY);
  done = co_await home.remove_file("soft");
  EXPECT_EQ(code_of(done), 0);
  done = co_await home.remove_file("soft");
  EXPECT_EQ(code_of(done), ENOENT);
  done = co_await home.sync();
  EXPECT_EQ(code_of(done), 0);
  done = co_await home.close();
  EXPECT_EQ(code_of(done), 0);
  done = co_await home.make_directory("late");
  EXPECT_EQ(code_of(done), EBADF);
}

template <template <class> class Routine>
Routine<void> other_programs_see_what_was_done(World) {
  const TemporaryPath place;
  write_contents(place.in("plain"), "12345");
  Result<Directory> home = co_await Directory::open(place.folder());
  Result<void> done = co_await home->change_mode("plain", 0640);
  EXPECT_EQ(code_of(done), 0);
  done = co_await home->change_times("plain", TimeChange::keep(), TimeChange::to(1'000'000'007));
  EXPECT_EQ(code_of(done), 0);
  done = co_await home->change_owner("plain", ::geteuid(), ::getegid());
  EXPECT_EQ(code_of(done), 0);
  done = co_await home->link("plain", "hard");
  done = co_await home->symlink("soft", "plain");
  EXPECT_EQ(output_of("stat -c '%a %s %h %Y %F' " + place.in("plain")), "640 5 2 1 regular file\n");
  EXPECT_EQ(output_of("readlink " + place.in("soft")), "plain\n");
  EXPECT_EQ(output_of("ls " + place.folder()), "hard\nplain\nsoft\n");
  output_of("mv " + place.in("hard") + " " + place.in("moved"));
  Result<FileStatus> moved = co_await home->stat("moved");
  EXPECT_EQ(moved->links, 2u);
  EXPECT_EQ(moved->modified_ns, 1'000'000'007);
  EXPECT_EQ(moved->permissions(), 0640u);
  EXPECT_EQ(moved->owner, ::geteuid());
}

template <template <class> class Routine>
Routine<void> a_directory_is_a_stream_of_its_names(World) {
  const TemporaryPath place(fs::exists("/dev/shm") ? "/dev/shm" : testing::TempDir());
  std::set<std::string> made;
  for (int i = 0; i < 250; ++i) {  // Names for more than one batch.
    const std::string name = std::string(200, 'n') + std::to_string(i);
    made.insert(name);
    write_contents(place.in(name), "");
  }
  fs::create_directory(place.in("folder"));
  made.insert("folder");
  Result<Directory> home = co_await Directory::open(place.folder());
  Task<Result<DirectoryEntries>> listing = home->entries();
  Result<DirectoryEntries> names = co_await std::move(listing);
  EXPECT_TRUE(names.has_value());
  std::set<std::string> seen;
  for (;;) {
    Task<Result<std::optional<DirectoryEntry>>> reading = names->next();
    Result<std::optional<DirectoryEntry>> entry = co_await std::move(reading);
    EXPECT_TRUE(entry.has_value());
    if (!entry.has_value() || !entry->has_value()) break;
    seen.insert((*entry)->name);
    const bool is_folder = (*entry)->name == "folder";
    const FileType type = (*entry)->type;
    EXPECT_TRUE(type == FileType::unknown ||
                type == (is_folder ? FileType::directory : FileType::regular));
  }
  EXPECT_TRUE(seen == made);
  Task<Result<std::optional<DirectoryEntry>>> reading = names->next();
  Result<std::optional<DirectoryEntry>> after = co_await std::move(reading);
  EXPECT_TRUE(after.has_value() && !after->has_value());
}

template <template <class> class Routine>
Routine<void> a_confined_directory_is_not_left(World) {
  const TemporaryPath place;
  fs::create_directory(place.in("home"));
  fs::create_directory(place.in("home/sub"));
  write_contents(place.in("secret"), "kept");
  fs::create_symlink("../secret", place.in("home/out"));
  fs::create_symlink("../..", place.in("home/sub/up"));
  Result<Directory> home = co_await Directory::open(place.in("home"), Confinement::beneath);
  Result<File> file = co_await home->open_file("out", OpenMode::read);
  if (code_of(file) == ENOSYS) {
    skip_here("no openat2");
    co_return;
  }
  EXPECT_EQ(code_of(file), EXDEV);
  file = co_await home->open_file("../secret", OpenMode::read);
  EXPECT_EQ(code_of(file), EXDEV);
  Result<void> done = co_await home->remove_file("sub/up/secret");
  EXPECT_EQ(code_of(done), EXDEV);
  done = co_await home->rename("sub/up/secret", "mine");
  EXPECT_EQ(code_of(done), EXDEV);
  done = co_await home->make_directory("sub/up/new");
  EXPECT_EQ(code_of(done), EXDEV);
  Result<FileStatus> status = co_await home->stat("out");
  EXPECT_EQ(code_of(status), EXDEV);
  Result<Directory> sub = co_await home->open_directory("sub");
  EXPECT_EQ(sub->confinement(), Confinement::beneath);
  done = co_await sub->make_directory("../beside");
  EXPECT_EQ(code_of(done), EXDEV);
  done = co_await home->make_directory("sub/../beside");
  EXPECT_EQ(code_of(done), 0);
  Result<Directory> root = co_await Directory::open(place.in("home"), Confinement::in_root);
  done = co_await root->make_directory("/../sub/inside");
  EXPECT_EQ(code_of(done), 0);
  EXPECT_TRUE(fs::exists(place.in("home/sub/inside")));
  EXPECT_EQ(contents_of(place.in("secret")), "kept");
}

template <template <class> class Routine>
Routine<void> a_tree_is_removed_and_no_link_followed(World) {
  const TemporaryPath place;
  fs::create_directories(place.in("tree/a/b/c"));
  fs::create_directory(place.in("kept"));
  write_contents(place.in("kept/file"), "kept");
  fs::create_directory_symlink("../../kept", place.in("tree/a/link"));
  for (int i = 0; i < 300; ++i) write_contents(place.in("tree/a/b/" + std::to_string(i)), "x");
  Result<Directory> home = co_await Directory::open(place.folder(), Confinement::beneath);
  Task<Result<void>> removing = home->remove_tree("tree");
  Result<void> removed = co_await std::move(removing);
  EXPECT_EQ(code_of(removed), 0);
  EXPECT_FALSE(fs::exists(place.in("tree")));
  EXPECT_EQ(contents_of(place.in("kept/file")), "kept");
  removing = home->remove_tree("tree");
  removed = co_await std::move(removing);
  EXPECT_EQ(code_of(removed), 0);
}

template <template <class> class Routine>
Routine<void> paths_start_at_the_process_without_a_directory(World) {
  const TemporaryPath place;
  Result<void> done = co_await Directory::current().make_directory(place.in("new"));
  EXPECT_EQ(code_of(done), 0);
  done = co_await Directory::current().rename(place.in("new"), place.in("other"));
  EXPECT_EQ(code_of(done), 0);
  Result<FileStatus> status = co_await Directory::current().stat(place.in("other"));
  EXPECT_EQ(status->type(), FileType::directory);
  status = co_await Directory::current().stat("");
  EXPECT_EQ(status->type(), FileType::directory);
  done = co_await Directory::current().change_mode("", status->permissions());
  EXPECT_EQ(code_of(done), 0);
  done = co_await Directory::current().change_times("", TimeChange::keep(), TimeChange::keep());
  EXPECT_EQ(code_of(done), 0);
  done = co_await Directory::current().sync();
  EXPECT_EQ(code_of(done), EBADF);
}

template <template <class> class Routine>
Routine<void> a_zero_byte_does_not_end_a_path(World) {
  const TemporaryPath place;
  Result<Directory> home = co_await Directory::open(place.folder());
  const std::string_view after("sub\0x", 5);
  // An empty path, were it cut, is the Directory itself.
  const std::string_view before("\0sub", 4);
  Result<void> done = co_await home->make_directory(after);
  EXPECT_EQ(code_of(done), EINVAL);
  done = co_await home->symlink("link", after);
  EXPECT_EQ(code_of(done), EINVAL);
  Result<FileStatus> status = co_await home->stat(before);
  EXPECT_EQ(code_of(status), EINVAL);
  done = co_await home->change_mode(before, 0700);
  EXPECT_EQ(code_of(done), EINVAL);
  done = co_await home->change_times(before, TimeChange::now(), TimeChange::now());
  EXPECT_EQ(code_of(done), EINVAL);
  Result<Directory> inner = co_await home->open_directory(after);
  EXPECT_EQ(code_of(inner), EINVAL);
  Result<FileWatch> watch = FileWatch::open();
  Result<int> added = co_await watch->add(place.folder() + std::string("\0x", 2), FileEvents::any);
  EXPECT_EQ(code_of(added), EINVAL);
  EXPECT_TRUE(fs::is_empty(place.folder()));
}

template <template <class> class Routine>
Routine<int> make_one(Directory& home, std::string name) {
  Result<void> made = co_await home.make_directory(name);
  co_return code_of(made);
}

template <template <class> class Routine>
Routine<void> a_stopped_change_was_made_or_was_not(World) {
  const TemporaryPath place;
  Result<Directory> home = co_await Directory::open(place.folder());
  for (int i = 0; i < 8; ++i) {
    const std::string name = std::to_string(i);
    JoinHandle<int> making = spawn_routine(make_one<Routine>(*home, name));
    for (int k = 0; k < i; ++k) co_await yield();
    making.request_stop();
    Joined<int> joined = co_await making.join();
    const int outcome = std::move(joined).value();
    EXPECT_TRUE(outcome == 0 || outcome == ECANCELED);
    EXPECT_EQ(fs::exists(place.in(name)), outcome == 0);
  }
}

template <template <class> class Routine>
Routine<void> a_file_without_a_name_is_named_when_it_is_whole(World) {
  const TemporaryPath place;
  Result<Directory> home = co_await Directory::open(place.folder());
  constexpr OpenMode mode = OpenMode::read | OpenMode::write | OpenMode::nameless;
  Result<File> file = co_await home->open_file(".", mode, 0600);
  if (code_of(file) == EOPNOTSUPP) {
    skip_here("no O_TMPFILE");
    co_return;
  }
  EXPECT_TRUE(fs::is_empty(place.folder()));
  const std::string text = "whole";
  Result<void> done = co_await file->write_at(0, std::as_bytes(std::span(text)));
  EXPECT_EQ(code_of(done), 0);
  done = co_await home->link(*file, "named");
  EXPECT_EQ(code_of(done), 0);
  EXPECT_EQ(contents_of(place.in("named")), "whole");
}

}  // namespace

void add_directory_scenarios(Suite& suite) {
  suite.add("names_are_made_moved_and_removed", names_are_made_moved_and_removed<Task>,
            names_are_made_moved_and_removed<Script>);
  suite.add("other_programs_see_what_was_done", other_programs_see_what_was_done<Task>,
            other_programs_see_what_was_done<Script>);
  suite.add("a_directory_is_a_stream_of_its_names", a_directory_is_a_stream_of_its_names<Task>,
            a_directory_is_a_stream_of_its_names<Script>);
  suite.add("a_confined_directory_is_not_left", a_confined_directory_is_not_left<Task>,
            a_confined_directory_is_not_left<Script>);
  suite.add("a_tree_is_removed_and_no_link_followed", a_tree_is_removed_and_no_link_followed<Task>,
            a_tree_is_removed_and_no_link_followed<Script>);
  suite.add("paths_start_at_the_process_without_a_directory",
            paths_start_at_the_process_without_a_directory<Task>,
            paths_start_at_the_process_without_a_directory<Script>);
  suite.add("a_zero_byte_does_not_end_a_path", a_zero_byte_does_not_end_a_path<Task>,
            a_zero_byte_does_not_end_a_path<Script>);
  suite.add("a_stopped_change_was_made_or_was_not", a_stopped_change_was_made_or_was_not<Task>,
            a_stopped_change_was_made_or_was_not<Script>);
  suite.add("a_file_without_a_name_is_named_when_it_is_whole",
            a_file_without_a_name_is_named_when_it_is_whole<Task>,
            a_file_without_a_name_is_named_when_it_is_whole<Script>);
}

}  // namespace rota::testing_tasks

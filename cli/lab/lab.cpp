#include "lab.hpp"

#include "cli/load/interrupt.hpp"
#include "configuration.hpp"
#include "idle_connections.hpp"
#include "lab_run.hpp"
#include "report_file.hpp"
#include "reports.hpp"
#include "selection.hpp"

#include <csignal>
#include <cstdio>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace rota::cli {
namespace {

int fail(const std::string& what) {
  std::fprintf(stderr, "rota lab: %s\n", what.c_str());
  return 1;
}

bool reads_files(const LabOptions& options) {
  for (const Workload* workload : selected_workloads(options.only)) {
    if (workload->kind == WorkloadKind::read) return true;
  }
  return false;
}

struct ReportFiles {
  ReportFile page;
  ReportFile data;

  static std::expected<ReportFiles, std::string> open(const std::filesystem::path& folder) {
    auto page = ReportFile::open(folder / "index.html");
    if (!page) return std::unexpected(page.error());
    auto data = ReportFile::open(folder / "results.json");
    if (!data) return std::unexpected(data.error());
    return ReportFiles{std::move(*page), std::move(*data)};
  }
};

/// Shows the results and writes the reports; the exit status.
int deliver(const LabOptions& options, const LabResults& results, ReportFiles& files) {
  const std::string json = to_json(results);
  if (options.format == OutputFormat::json) {
    std::fputs(json.c_str(), stdout);
  } else {
    print_table(results);
  }
  if (auto page = files.page.write(to_html(results)); !page) return fail(page.error());
  if (auto data = files.data.write(json); !data) return fail(data.error());
  // With --json stdout belongs to the document.
  std::FILE* where = options.format == OutputFormat::json ? stderr : stdout;
  std::fprintf(where, "\nReport: %s\n", files.page.path().c_str());
  constexpr int interrupted_status = 128 + SIGINT;
  if (interrupted()) return interrupted_status;
  return results.complete() ? 0 : 1;
}

}  // namespace

int run_lab(const LabOptions& options) {
  note_interrupts();
  raise_descriptor_limit();
  ::signal(SIGPIPE, SIG_IGN);  // A child that has ended shows in its output, with a reason.
  std::error_code error;
  std::filesystem::create_directories(options.out, error);
  if (error) return fail("cannot make the folder " + options.out + ": " + error.message());
  auto files = ReportFiles::open(options.out);
  if (!files) return fail(files.error());
  std::optional<DataFile> file;
  if (reads_files(options)) {
    std::fprintf(stderr, "writing the file that is read ...\n");
    auto made = DataFile::make(options.out, options.file_bytes_max);
    if (!made) return fail(made.error());
    file.emplace(std::move(*made));
  }
  const Placement placement = Placement::choose();
  CellRunner runner({.seconds = options.seconds,
                     .placement = placement,
                     .file = file ? &*file : nullptr,
                     .idle_connections = options.idle_connections});
  LabRun lab(options, runner);
  LabResults results = lab.run();
  results.configuration = describe_configuration(options, placement, file ? file->bytes() : 0);
  return deliver(options, results, *files);
}

}  // namespace rota::cli

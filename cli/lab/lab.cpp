#include "lab.hpp"

#include "configuration.hpp"
#include "interrupt.hpp"
#include "lab_run.hpp"
#include "reports.hpp"

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>

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

bool write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  return file.good();
}

bool nothing_measured(const LabResults& results) {
  for (const Cell& cell : results.cells) {
    if (!cell.samples.empty()) return false;
  }
  return true;
}

/// Shows the results and writes the reports; the exit status.
int deliver(const LabOptions& options, const LabResults& results) {
  const std::filesystem::path folder(options.out);
  const std::string json = to_json(results);
  if (options.format == OutputFormat::json) {
    std::fputs(json.c_str(), stdout);
  } else {
    print_table(results);
  }
  const auto page = folder / "index.html";
  const auto data = folder / "results.json";
  if (!write_file(page, to_html(results)) || !write_file(data, json)) {
    return fail("cannot write the reports into " + options.out);
  }
  // With --json stdout belongs to the document.
  std::FILE* where = options.format == OutputFormat::json ? stderr : stdout;
  std::fprintf(where, "\nReport: %s\n", page.c_str());
  constexpr int interrupted_status = 128 + SIGINT;
  if (interrupted()) return interrupted_status;
  return nothing_measured(results) ? 1 : 0;
}

}  // namespace

int run_lab(const LabOptions& options) {
  note_interrupts();
  ::signal(SIGPIPE, SIG_IGN);  // A child that has ended shows in its output, with a reason.
  std::error_code error;
  std::filesystem::create_directories(options.out, error);
  if (error) return fail("cannot make the folder " + options.out + ": " + error.message());
  std::optional<DataFile> file;
  if (reads_files(options)) {
    std::fprintf(stderr, "writing the file that is read ...\n");
    auto made = DataFile::make(options.out, options.file_bytes_max);
    if (!made) return fail(made.error());
    file.emplace(std::move(*made));
  }
  const Placement placement = Placement::choose();
  CellRunner runner(options.seconds, file ? &*file : nullptr, placement);
  LabRun lab(options, runner);
  LabResults results = lab.run();
  results.configuration =
      describe_configuration(options, placement, file ? file->bytes() : 0);
  return deliver(options, results);
}

}  // namespace rota::cli

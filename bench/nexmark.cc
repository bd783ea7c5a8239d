#include "bench/nexmark.h"

#include "bench/state_folder.h"
#include "state/text/number.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

namespace thalweg::bench {

namespace {

constexpr std::string_view kFolder = THALWEG_BENCH_DATA "/../nexmark/";
constexpr std::size_t kQueries = 24;
constexpr std::size_t kNotes = 10'000;
constexpr std::string_view kEvents = "'events.num' = '10000000'";

Result<std::string> read_text(const std::string& path) {
    std::ifstream file(path);
    std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (!file.good() && text.empty()) return fail(Code::kIo, "cannot read " + path);
    return text;
}

Result<void> write_text(const std::string& path, const std::string& text) {
    std::ofstream file(path);
    file << text;
    file.close();
    if (!file) return fail(Code::kIo, "cannot write " + path);
    return {};
}

// The script as its files have it, but for the number of events.
Result<std::string> script_of(const std::string& query, std::uint64_t events) {
    const std::string folder(kFolder);
    TRY(std::string table, read_text(folder + "table.sql"));
    TRY(const std::string asked, read_text(folder + query + ".sql"));
    const std::size_t at = table.find(kEvents);
    if (at == std::string::npos)
        return fail(Code::kInvalid, folder + "table.sql does not say " + std::string(kEvents));
    table.replace(at, kEvents.size(), "'events.num' = '" + std::to_string(events) + "'");
    return table + asked;
}

// "-- All bids.\n..." is "All bids."
std::string title_of(const std::string& query) {
    const auto text = read_text(std::string(kFolder) + query + ".sql");
    if (!text || !text->starts_with("-- ")) return "";
    return text->substr(3, text->find('\n') - 3);
}

Result<void> write_inputs(const std::string& folder, const std::string& script) {
    TRY_VOID(write_text(folder + "/query.sql", script));
    std::string notes;
    for (std::size_t i = 0; i < kNotes; ++i)
        notes += std::to_string(i) + ",note " + std::to_string(i) + "\n";
    return write_text(folder + "/notes.csv", notes);
}

// A process that has ended, and what it said on standard error.
struct Ended {
    double wall_s = 0;
    int status = 0;
    rusage usage{};
    std::string said;
};

std::string read_all(int descriptor) {
    std::string text;
    std::array<char, 4096> piece{};
    for (;;) {
        const ::ssize_t size = ::read(descriptor, piece.data(), piece.size());
        if (size <= 0) return text;
        text.append(piece.data(), static_cast<std::size_t>(size));
    }
}

// Runs query.sql in `folder` with this program.
Result<Ended> run_there(const std::string& folder, std::size_t cores) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(Code::kIo, "no pipe");
    const std::string count = std::to_string(cores);
    std::vector<std::string> words = {
        "thalweg", "run", "--shards", count, "--ingest-threads", count, "query.sql"};
    std::vector<char*> arguments;
    for (std::string& word : words)
        arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
    ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    const auto began = std::chrono::steady_clock::now();
    pid_t child = 0;
    const int failed =
        ::posix_spawn(&child, "/proc/self/exe", &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    Ended ended;
    if (failed == 0) ended.said = read_all(ends[0]);
    ::close(ends[0]);
    if (failed != 0) return fail(Code::kIo, "cannot start /proc/self/exe");
    ::wait4(child, &ended.status, 0, &ended.usage);
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - began;
    ended.wall_s = wall.count();
    return ended;
}

double seconds_of(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

// The line that says what is wrong, without the file's name.
std::string error_of(const std::string& said) {
    constexpr std::string_view kError = "error: ";
    std::size_t from = said.find(kError);
    if (from == std::string::npos) from = 0;
    return said.substr(from, said.find('\n', from) - from);
}

std::string last_line(std::string text) {
    while (text.ends_with('\n'))
        text.pop_back();
    const std::size_t at = text.rfind('\n');
    return at == std::string::npos ? text : text.substr(at + 1);
}

std::string millions(double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.2f", value / 1e6);
    return text.data();
}

std::string quoted(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        result += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
    return result + "\"";
}

}  // namespace

std::vector<std::string> nexmark_queries() {
    std::vector<std::string> queries;
    for (std::size_t i = 0; i < kQueries; ++i)
        queries.push_back("q" + std::to_string(i));
    return queries;
}

Result<double> figure_of(std::string_view line, std::string_view name) {
    const std::size_t at = line.find(name);
    std::string digits;
    if (at != std::string_view::npos) {
        std::string_view rest = line.substr(at + name.size());
        rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
        for (const char c : rest.substr(0, rest.find_first_not_of("0123456789,."))) {
            if (c != ',') digits += c;
        }
    }
    const std::optional<double> value = parse_double(digits);
    if (!value)
        return fail(Code::kInvalid,
                    "no '" + std::string(name) + "' in '" + std::string(line) + "'");
    return *value;
}

Result<NexmarkFigures> measure_nexmark(const NexmarkOptions& options, const std::string& query) {
    NexmarkFigures figures;
    figures.query = query;
    figures.title = title_of(query);
    figures.events = options.events;
    TRY(const std::string script, script_of(query, options.events));
    TRY(const std::unique_ptr<StateFolder> folder, StateFolder::make());
    TRY_VOID(write_inputs(folder->path(), script));
    TRY(const Ended ended, run_there(folder->path(), options.cores));
    figures.bytes_max = static_cast<std::uint64_t>(ended.usage.ru_maxrss) * 1024;
    if (ended.status != 0) {
        figures.error = error_of(ended.said);
        if (figures.error.empty()) figures.error = "ended without a word";
        return figures;
    }
    const std::string line = last_line(ended.said);
    TRY(figures.events_per_s, figure_of(line, "rate"));
    TRY(const double rows, figure_of(line, "rows out"));
    figures.rows = static_cast<std::uint64_t>(rows);
    const double cpu_s = seconds_of(ended.usage.ru_utime) + seconds_of(ended.usage.ru_stime);
    figures.events_per_core_s = static_cast<double>(options.events) / std::max(cpu_s, 1e-6);
    figures.cores = cpu_s / ended.wall_s;
    return figures;
}

std::string nexmark_heading() {
    return "query  M events/s  cores  M events/s per core  peak MB     rows out  asks for\n";
}

std::string nexmark_line(const NexmarkFigures& figures) {
    std::array<char, 512> text{};
    if (!figures.error.empty()) {
        std::snprintf(text.data(),
                      text.size(),
                      "%-5s  does not run: %s\n",
                      figures.query.c_str(),
                      figures.error.c_str());
        return text.data();
    }
    std::snprintf(text.data(),
                  text.size(),
                  "%-5s  %10s  %5.2f  %19s  %7.0f  %11llu  %s\n",
                  figures.query.c_str(),
                  millions(figures.events_per_s).c_str(),
                  figures.cores,
                  millions(figures.events_per_core_s).c_str(),
                  static_cast<double>(figures.bytes_max) / 1e6,
                  static_cast<unsigned long long>(figures.rows),
                  figures.title.c_str());
    return text.data();
}

std::string nexmark_json(const NexmarkFigures& figures) {
    std::array<char, 256> numbers{};
    std::snprintf(numbers.data(),
                  numbers.size(),
                  "\"events\":%llu,\"rows\":%llu,\"events_per_s\":%.0f,\"events_per_core_s\":%.0f,"
                  "\"cores\":%.3f,\"bytes_max\":%llu",
                  static_cast<unsigned long long>(figures.events),
                  static_cast<unsigned long long>(figures.rows),
                  figures.events_per_s,
                  figures.events_per_core_s,
                  figures.cores,
                  static_cast<unsigned long long>(figures.bytes_max));
    const std::string error = figures.error.empty() ? "null" : quoted(figures.error);
    return "{\"bench\":\"nexmark\",\"query\":" + quoted(figures.query) +
           ",\"title\":" + quoted(figures.title) + "," + numbers.data() + ",\"error\":" + error +
           "}\n";
}

}  // namespace thalweg::bench

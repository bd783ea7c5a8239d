#include "bench/recovery.h"

#include "bench/record_stream.h"
#include "bench/state_folder.h"
#include "engine/engine.h"
#include "state/base/histogram.h"
#include "state/base/time.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace thalweg::bench {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kKeys = 4'000'000;
constexpr std::size_t kTinyKeys = 2'000;

std::string script(const std::string& input) {
    return "CREATE TABLE records (ts TIMESTAMP(3), key BIGINT, `value` BIGINT, extra BIGINT,\n"
           "    WATERMARK FOR ts AS ts) WITH ('connector' = 'filesystem', 'path' = '" +
           input +
           "',\n    'format' = 'raw-struct', 'source.monitor-interval' = '10 ms');\n"
           "CREATE TABLE results (window_end TIMESTAMP(3), key BIGINT, n BIGINT, total BIGINT,\n"
           "    low BIGINT, high BIGINT) WITH ('connector' = 'stdout', 'format' = 'csv');\n"
           "INSERT INTO results SELECT window_end, key, COUNT(*), SUM(`value`), MIN(`value`), "
           "MAX(`value`)\nFROM TABLE(TUMBLE(TABLE records, DESCRIPTOR(ts), INTERVAL '1' HOUR))\n"
           "GROUP BY window_start, window_end, key;\n";
}

Result<void> write(const std::string& path, std::string_view bytes, std::ios::openmode mode) {
    std::ofstream file(path, std::ios::binary | mode);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) return fail(Code::kIo, "cannot write " + path);
    return {};
}

// A process of this program, from its start to its first byte.
struct Life {
    double wall_ns = 0;
    double cpu_ns = 0;
};

double cpu_ns_of(const rusage& usage) {
    const auto ns = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_usec) * 1e3;
    };
    return ns(usage.ru_utime) + ns(usage.ru_stime);
}

Result<Life> live(const std::string& state, const std::string& query) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(Code::kIo, "no pipe");
    std::vector<std::string> words = {
        "thalweg", "run", "--state", state, "--accept-file-system", query};
    std::vector<char*> arguments;
    for (std::string& word : words)
        arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    const auto began = std::chrono::steady_clock::now();
    pid_t child = 0;
    const int failed =
        ::posix_spawn(&child, "/proc/self/exe", &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    char first = 0;
    const bool is_there = failed == 0 && ::read(ends[0], &first, 1) == 1;
    const std::chrono::duration<double, std::nano> wall = std::chrono::steady_clock::now() - began;
    ::close(ends[0]);
    if (failed != 0) return fail(Code::kIo, "cannot start /proc/self/exe");
    ::kill(child, SIGKILL);
    rusage usage{};
    int status = 0;
    ::wait4(child, &status, 0, &usage);
    if (!is_there) return fail(Code::kInvalid, "recovery: the query ended without a result");
    return Life{wall.count(), cpu_ns_of(usage)};
}

class Recovery {
  public:
    explicit Recovery(std::size_t keys) : keys_(keys) {}

    [[nodiscard]] Result<void> prepare() {
        TRY(folder_, StateFolder::make());
        TRY_VOID(write_input());
        TRY_VOID(write(path("query.sql"), script(path("in")), std::ios::trunc));
        TRY_VOID(make_state());
        Record last = record_;
        last.ts_ms += 2 * 3'600'000;
        return append(last);
    }

    // From a copy, since a life leaves its traces.
    [[nodiscard]] Result<Life> restart() {
        std::error_code error;
        fs::remove_all(path("copy"), error);
        fs::copy(path("state"), path("copy"), error);
        if (error) return fail(Code::kIo, "cannot copy " + path("state"));
        ::sync();
        return live(path("copy"), path("query.sql"));
    }

    [[nodiscard]] std::uint64_t snapshot_bytes() const {
        std::uint64_t most = 0;
        for (const fs::directory_entry& entry : fs::directory_iterator(path("state")))
            most = std::max<std::uint64_t>(most, entry.file_size());
        return most;
    }

  private:
    [[nodiscard]] std::string path(const std::string& name) const {
        return folder_->path() + "/" + name;
    }

    // Each key once, in one hour.
    [[nodiscard]] Result<void> write_input() {
        StreamSpec spec;
        spec.count = keys_;
        spec.keys = keys_;
        spec.per_second = 1'000'000;
        spec.takes_keys_in_turn = true;
        const RecordBytes bytes(spec, WireFormat::kRawStruct);
        record_ = bytes.records().back();
        return write(path("in"), bytes.text(), std::ios::trunc);
    }

    [[nodiscard]] Result<void> append(const Record& record) {
        return write(
            path("in"), {reinterpret_cast<const char*>(&record), sizeof record}, std::ios::app);
    }

    [[nodiscard]] Result<void> make_state() {
        EngineOptions options;
        options.shards = 1;
        options.ingest_threads = 1;
        options.state_directory = path("state");
        options.accepts_file_system = true;
        Engine engine(options);
        engine.log().set_level(LogLevel::kError);
        const auto prepared = engine.prepare("recovery", script(path("in")));
        if (!prepared) return fail(Code::kInvalid, prepared.error());
        TRY(const std::unique_ptr<Query> query, engine.start(*prepared));
        while (query->snapshot().totals.emitted < keys_ && !query->wait_for(1'000'000)) {
        }
        query->request_stop();
        const Summary summary = query->wait();
        if (!summary.error.empty()) return fail(Code::kInvalid, summary.error);
        if (summary.totals.emitted != keys_)
            return fail(Code::kInvalid, "recovery: " + to_string(summary));
        return {};
    }

    std::size_t keys_;
    std::unique_ptr<StateFolder> folder_;
    Record record_{};
};

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

Result<Figures> measure(std::size_t keys, const MeasureOptions& options) {
    Recovery recovery(keys);
    TRY_VOID(recovery.prepare());
    Histogram histogram;
    std::vector<double> walls;
    std::vector<double> cpus;
    for (std::size_t i = 0; i < (options.is_tiny ? 1 : options.runs); ++i) {
        TRY(const Life life, recovery.restart());
        histogram.record(static_cast<std::int64_t>(life.wall_ns));
        walls.push_back(life.wall_ns);
        cpus.push_back(life.cpu_ns);
    }
    const auto count = static_cast<double>(keys);
    Figures figures;
    figures.bench = "recovery";
    figures.variant = std::to_string(keys) + " keys, to the first result";
    figures.keys = keys;
    figures.records_per_s = count / median(walls) * 1e9;
    figures.ns_per_record = median(cpus) / count;
    figures.bytes_max = recovery.snapshot_bytes();
    figures.bytes_per_record = static_cast<double>(figures.bytes_max) / count;
    figures.cores = median(cpus) / median(walls);
    figures.latency = Latency::of(histogram);
    return figures;
}

}  // namespace

Workload recovery_workload(const MeasureOptions& options) {
    const std::size_t keys = options.is_tiny ? kTinyKeys : kKeys;
    return {"recovery",
            std::to_string(keys) + " keys, to the first result",
            [keys](const MeasureOptions& given) { return measure(keys, given); }};
}

}  // namespace thalweg::bench

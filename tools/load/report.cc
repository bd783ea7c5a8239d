#include "tools/load/report.h"

#include "state/text/json.h"

#include <array>
#include <cstdarg>
#include <cstdio>

namespace thalweg::load {

namespace {

__attribute__((format(printf, 2, 3))) void print(std::string& out, const char* format, ...) {
    std::array<char, 256> line{};
    va_list arguments;
    va_start(arguments, format);
    const int size = std::vsnprintf(line.data(), line.size(), format, arguments);
    va_end(arguments);
    if (size > 0)
        out.append(line.data(), std::min(static_cast<std::size_t>(size), line.size() - 1));
}

// 1234567 as "1,234,567".
std::string grouped(std::uint64_t value) {
    std::string text = std::to_string(value);
    for (std::size_t at = text.size(); at > 3;) {
        at -= 3;
        text.insert(at, ",");
    }
    return text;
}

// A rate of bytes with the unit that suits it.
std::string byte_rate(double per_second) {
    std::string out;
    if (per_second >= 1e9) {
        print(out, "%.2f GB/s", per_second / 1e9);
    } else if (per_second >= 1e6) {
        print(out, "%.2f MB/s", per_second / 1e6);
    } else {
        print(out, "%.1f kB/s", per_second / 1e3);
    }
    return out;
}

double per_second(std::uint64_t count, std::int64_t elapsed_ns) {
    return elapsed_ns <= 0 ? 0 : static_cast<double>(count) * 1e9 / static_cast<double>(elapsed_ns);
}

std::string micros(std::int64_t nanos) {
    std::string out;
    print(out, "%.1f us", static_cast<double>(nanos) / 1e3);
    return out;
}

}  // namespace

double LoadSummary::records_per_second() const noexcept {
    return per_second(totals.records, elapsed_ns);
}

double LoadSummary::bytes_per_second() const noexcept {
    return per_second(totals.bytes, elapsed_ns);
}

std::string to_text(const LoadSummary& summary) {
    const Totals& totals = summary.totals;
    std::string out =
        "sent " + grouped(totals.records) + " records, " + grouped(totals.bytes) + " bytes";
    if (summary.is_datagram) out += ", " + grouped(totals.datagrams) + " datagrams";
    print(out, " in %.3f s: ", static_cast<double>(summary.elapsed_ns) / 1e9);
    out += grouped(static_cast<std::uint64_t>(summary.records_per_second())) + " records/s, " +
           byte_rate(summary.bytes_per_second());
    if (summary.is_paced) {
        out +=
            ", " + grouped(totals.late) + " late (at most by " + micros(totals.behind_ns_max) + ")";
    }
    out += ", " + grouped(totals.errors) + " errors";
    if (summary.was_stopped) out += ", stopped";
    out += '\n';
    if (!summary.has_results) return out;
    out += "results " + grouped(summary.results);
    if (summary.unreadable_results > 0) {
        out += ", " + grouped(summary.unreadable_results) + " without a send time";
    }
    out += "; latency from the intended send time:";
    for (const Percentile& row : summary.latencies)
        out += "\n  " + std::string(row.name) + std::string(8 - row.name.size(), ' ') +
               micros(row.latency_ns);
    return out + '\n';
}

std::string to_json(const LoadSummary& summary) {
    const Totals& totals = summary.totals;
    std::string out = "{\"records\":" + std::to_string(totals.records) +
                      ",\"bytes\":" + std::to_string(totals.bytes) +
                      ",\"datagrams\":" + std::to_string(totals.datagrams);
    print(out, ",\"elapsed_s\":%.6f", static_cast<double>(summary.elapsed_ns) / 1e9);
    print(out, ",\"records_per_s\":%.1f", summary.records_per_second());
    print(out, ",\"bytes_per_s\":%.1f", summary.bytes_per_second());
    out += ",\"late\":" + std::to_string(totals.late) +
           ",\"behind_ns_max\":" + std::to_string(totals.behind_ns_max) +
           ",\"errors\":" + std::to_string(totals.errors) +
           ",\"stopped\":" + (summary.was_stopped ? "true" : "false");
    if (summary.has_results) {
        out += ",\"results\":" + std::to_string(summary.results) +
               ",\"unreadable_results\":" + std::to_string(summary.unreadable_results) +
               ",\"latency_ns\":{";
        for (const Percentile& row : summary.latencies) {
            if (&row != summary.latencies.data()) out += ',';
            out += '"' + std::string(row.name) + "\":" + std::to_string(row.latency_ns);
        }
        out += '}';
    }
    out += ",\"problems\":[";
    for (const std::string& problem : summary.problems) {
        if (&problem != summary.problems.data()) out += ',';
        append_json_string(out, problem);
    }
    return out + "]}\n";
}

std::string progress_text(const Totals& totals, std::int64_t elapsed_ns) {
    std::string out;
    print(out, "%7.1f s  ", static_cast<double>(elapsed_ns) / 1e9);
    out += grouped(totals.records) + " records  " +
           grouped(static_cast<std::uint64_t>(per_second(totals.records, elapsed_ns))) + "/s  " +
           byte_rate(per_second(totals.bytes, elapsed_ns));
    if (totals.late > 0) out += "  " + grouped(totals.late) + " late";
    if (totals.errors > 0) out += "  " + grouped(totals.errors) + " errors";
    return out;
}

}  // namespace thalweg::load

#include "bench/figures.h"

#include <cstdio>

namespace thalweg::bench {

namespace {

template <class... Values>
std::string formatted(const char* format, Values... values) {
    char text[512];
    std::snprintf(text, sizeof text, format, values...);
    return text;
}

std::string cell(const char* format, std::optional<double> value, const char* none) {
    return value ? formatted(format, *value) : none;
}

std::optional<double> microseconds(const Figures& figures, std::int64_t Latency::* percentile) {
    if (!figures.latency) return std::nullopt;
    return static_cast<double>((*figures.latency).*percentile) / 1e3;
}

std::optional<double> millions(std::optional<double> value) {
    if (!value) return std::nullopt;
    return *value / 1e6;
}

std::optional<double> written(const Figures& figures) {
    if (!figures.epochs) return std::nullopt;
    return figures.epochs->written_bytes_per_s;
}

std::optional<double> pause_us(const Figures& figures, std::int64_t EpochFigures::* pause) {
    if (!figures.epochs || (*figures.epochs).*pause == 0) return std::nullopt;
    return static_cast<double>((*figures.epochs).*pause) / 1e3;
}

constexpr const char* kRow =
    "%-12s %-36s %11s %9s %9s %10s %6s %6s %6s %6s %8s %9s %9s %9s %9s %9s\n";

}  // namespace

std::optional<Latency> Latency::of(const Histogram& histogram) {
    if (histogram.count() == 0) return std::nullopt;
    return Latency{histogram.percentile(50),
                   histogram.percentile(90),
                   histogram.percentile(99),
                   histogram.percentile(99.9)};
}

std::optional<double> Figures::ratio() const {
    if (!by_hand_ns_per_record) return std::nullopt;
    return ns_per_record / *by_hand_ns_per_record;
}

std::string table_heading() {
    return formatted(kRow,
                     "bench",
                     "variant",
                     "M records/s",
                     "by hand M",
                     "ns/record",
                     "by hand ns",
                     "ratio",
                     "GB/s",
                     "cores",
                     "growth",
                     "MB",
                     "p50 us",
                     "p99 us",
                     "out MB/s",
                     "pause us",
                     "of rival");
}

std::string table_line(const Figures& figures) {
    return formatted(
        kRow,
        figures.bench.c_str(),
        figures.variant.c_str(),
        formatted("%.1f", figures.records_per_s / 1e6).c_str(),
        cell("%.1f", millions(figures.by_hand_records_per_s), "-").c_str(),
        formatted("%.2f", figures.ns_per_record).c_str(),
        cell("%.2f", figures.by_hand_ns_per_record, "-").c_str(),
        cell("%.2f", figures.ratio(), "-").c_str(),
        formatted("%.2f", figures.gb_per_s()).c_str(),
        formatted("%.2f", figures.cores).c_str(),
        cell("%.2f", figures.growth, "-").c_str(),
        formatted("%.1f", static_cast<double>(figures.bytes_max) / 1e6).c_str(),
        cell("%.1f", microseconds(figures, &Latency::p50_ns), "-").c_str(),
        cell("%.1f", microseconds(figures, &Latency::p99_ns), "-").c_str(),
        cell("%.1f", millions(written(figures)), "-").c_str(),
        cell("%.1f", pause_us(figures, &EpochFigures::pause_ns_max), "-").c_str(),
        cell("%.1f", pause_us(figures, &EpochFigures::pause_ns_max_of_rival), "-").c_str());
}

std::string json_line(const Figures& figures) {
    std::string line = formatted(
        "{\"bench\":\"%s\",\"variant\":\"%s\",\"records_per_s\":%.0f,"
        "\"ns_per_record\":%.3f",
        figures.bench.c_str(),
        figures.variant.c_str(),
        figures.records_per_s,
        figures.ns_per_record);
    line += ",\"by_hand_ns_per_record\":" + cell("%.3f", figures.by_hand_ns_per_record, "null");
    line += ",\"by_hand_records_per_s\":" + cell("%.0f", figures.by_hand_records_per_s, "null");
    line += ",\"ratio\":" + cell("%.3f", figures.ratio(), "null");
    line += formatted(",\"gb_per_s\":%.3f,\"cores\":%.4f,\"bytes_max\":%llu",
                      figures.gb_per_s(),
                      figures.cores,
                      static_cast<unsigned long long>(figures.bytes_max));
    line += ",\"growth\":" + cell("%.3f", figures.growth, "null");
    const auto percentile = [&](const char* name, std::int64_t Latency::* member) {
        line += std::string(",\"") + name + "\":";
        line += figures.latency ? std::to_string((*figures.latency).*member) : "null";
    };
    percentile("p50_ns", &Latency::p50_ns);
    percentile("p90_ns", &Latency::p90_ns);
    percentile("p99_ns", &Latency::p99_ns);
    percentile("p999_ns", &Latency::p999_ns);
    line += ",\"written_bytes_per_s\":" + cell("%.0f", written(figures), "null");
    const auto pause = [&](const char* name, std::int64_t EpochFigures::* member) {
        line += std::string(",\"") + name + "\":";
        const bool is_known = figures.epochs && (*figures.epochs).*member != 0;
        line += is_known ? std::to_string((*figures.epochs).*member) : "null";
    };
    pause("pause_ns_max", &EpochFigures::pause_ns_max);
    pause("pause_ns_max_of_rival", &EpochFigures::pause_ns_max_of_rival);
    return line + "}\n";
}

}  // namespace thalweg::bench

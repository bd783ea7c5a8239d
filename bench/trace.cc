#include "bench/trace.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>
#include <iterator>
#include <utility>

namespace thalweg::bench {

namespace {

constexpr std::string_view kSpace = " \t\r";

template <class Number>
bool parse(std::string_view text, Number& number) {
    const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
    return result.ec == std::errc{} && result.ptr == text.data() + text.size();
}

}  // namespace

std::string_view TraceLine::field() {
    const std::size_t first = rest_.find_first_not_of(kSpace);
    rest_.remove_prefix(first == std::string_view::npos ? rest_.size() : first);
    const std::string_view field = rest_.substr(0, rest_.find_first_of(kSpace));
    rest_.remove_prefix(field.size());
    return field;
}

std::int64_t TraceLine::integer() {
    std::int64_t value = 0;
    is_good_ &= parse(field(), value);
    return value;
}

float TraceLine::real() {
    float value = 0;
    is_good_ &= parse(field(), value);
    return value;
}

std::int64_t TraceLine::time() {
    const std::string_view text = field();
    constexpr std::size_t kSecondsEnd = std::string_view("2012-02-22T16:46:28").size();
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    std::int64_t hours = 0;
    std::int64_t minutes = 0;
    std::int64_t seconds = 0;
    is_good_ &= text.size() >= kSecondsEnd && text.ends_with("+00:00") &&
                parse(text.substr(0, 4), year) && parse(text.substr(5, 2), month) &&
                parse(text.substr(8, 2), day) && parse(text.substr(11, 2), hours) &&
                parse(text.substr(14, 2), minutes) && parse(text.substr(17, 2), seconds);
    const std::chrono::sys_days date =
        std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day);
    return date.time_since_epoch().count() * std::int64_t{86'400} + hours * 3'600 + minutes * 60 +
           seconds;
}

Result<TraceFile> TraceFile::open(const std::string& folder, std::string_view name) {
    const std::string path =
        (folder.empty() ? std::string(THALWEG_BENCH_DATA) : folder) + "/" + std::string(name);
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return fail(Code::kIo, "cannot read '" + path + "'; --traces says where the traces lie");
    }
    std::string text(std::istreambuf_iterator<char>(file), {});
    return TraceFile(path, std::move(text));
}

std::string_view TraceFile::next_line(std::string_view& rest) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    return line;
}

tl::unexpected<Error> TraceFile::bad_line(std::size_t line) const {
    return fail(Code::kInvalid,
                path_ + ", line " + std::to_string(line) +
                    ": expected the fields of the trace, in order of time");
}

}  // namespace thalweg::bench

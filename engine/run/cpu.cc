#include "engine/run/cpu.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>

namespace thalweg {
namespace {

constexpr unsigned kCpuMax = CPU_SETSIZE - 1;

struct CpuRange {
    unsigned first;
    unsigned last;
};

// Reads a number off the front of `text`.
bool take_number(std::string_view& text, unsigned& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number > kCpuMax) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
}

bool parse_range(std::string_view text, CpuRange& range) {
    if (!take_number(text, range.first)) return false;
    range.last = range.first;
    if (text.empty()) return true;
    if (text.front() != '-') return false;
    text.remove_prefix(1);
    return take_number(text, range.last) && text.empty() && range.first <= range.last;
}

}  // namespace

std::vector<unsigned> allowed_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    std::vector<unsigned> cpus;
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        for (unsigned cpu = 0; cpu <= kCpuMax; ++cpu)
            if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
    }
    if (cpus.empty()) cpus.push_back(0);
    return cpus;
}

Result<void> pin_thread(unsigned cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (cpu <= kCpuMax) CPU_SET(cpu, &set);
    const int error = pthread_setaffinity_np(pthread_self(), sizeof set, &set);
    if (error == 0) return {};
    std::string message = "cannot pin a thread to processor ";
    message.append(std::to_string(cpu)).append(": ");
    message.append(std::system_category().message(error));
    return fail(Code::kIo, std::move(message));
}

void name_thread(const std::string& name) {
    pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
}

Result<std::vector<unsigned>> parse_cpu_list(std::string_view text) {
    const auto reject = [text](std::string_view reason, std::string_view part) {
        std::string message = "cannot read a list of processors such as 0,2-5: ";
        message.append(reason).append(" '").append(part).append("' in '").append(text).append("'");
        return fail(Code::kInvalid, std::move(message));
    };
    std::vector<unsigned> cpus;
    for (std::string_view left = text;;) {
        const std::size_t comma = left.find(',');
        const std::string_view part = left.substr(0, comma);
        CpuRange range{};
        if (!parse_range(part, range)) return reject("expected a number or a range, found", part);
        for (unsigned cpu = range.first; cpu <= range.last; ++cpu) {
            if (std::ranges::find(cpus, cpu) != cpus.end()) return reject("given twice:", part);
            cpus.push_back(cpu);
        }
        if (comma == std::string_view::npos) return cpus;
        left.remove_prefix(comma + 1);
    }
}

}  // namespace thalweg

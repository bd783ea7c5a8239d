#pragma once

#include "state/base/status.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// The processors that this process may use.

namespace thalweg {

// Numbers of the processors this process may run on, ascending: what taskset, cgroups and the
// machine leave us. Never empty.
[[nodiscard]] std::vector<unsigned> allowed_cpus();

[[nodiscard]] inline std::size_t cpu_count() {
    return allowed_cpus().size();
}

// Binds the calling thread to one processor.
[[nodiscard]] Result<void> pin_thread(unsigned cpu);

// Names the calling thread for top, gdb and perf. Linux keeps the first 15 bytes.
void name_thread(const std::string& name);

// Reads the list of --pin: numbers and ranges, in the order given, as in `0,2-5`. Rejects anything
// else, numbers given twice, and numbers past 1,023.
[[nodiscard]] Result<std::vector<unsigned>> parse_cpu_list(std::string_view text);

}  // namespace thalweg

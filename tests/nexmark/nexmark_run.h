#pragma once

#include "tests/nexmark/nexmark_oracle.h"

#include <cstddef>
#include <map>
#include <string>

namespace thalweg::test {

struct NexmarkLayout {
    std::size_t shards = 1;
    std::size_t ingest_threads = 1;
};

// Runs a query of bench/nexmark on real threads, from its connector, whose options are those of its
// table but for `options`, into the multiset that its changes leave. A row that was taken away more
// often than given is there a negative number of times. Fails the test where the query does not
// run.
[[nodiscard]] RowCounts run_nexmark(const std::string& query,
                                    const std::map<std::string, std::string>& options,
                                    NexmarkLayout layout);

}  // namespace thalweg::test

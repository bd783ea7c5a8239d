#pragma once

#include "state/store/store.h"
#include "tests/store/sim_disk.h"

#include <cstdint>
#include <string>
#include <string_view>

// A store with a text in each generation, for tests that break it.

namespace thalweg::test {

[[nodiscard]] StoreOptions store_options(std::uint8_t fresh_id = 1);

// Commits a generation that holds `text`, and retires what may go.
[[nodiscard]] Result<Generation> commit_text(Store& store, std::string_view text);

// What the current generation holds; empty for one without sections.
[[nodiscard]] Result<std::string> read_text(const Store& store);

// Opens the store and reads it: its text, or what open() said.
[[nodiscard]] std::string open_text(Disk& disk, const StoreOptions& options = store_options());

// Makes a store with the generations 1, which is empty, 2 and 3, of which it keeps "older" and
// "newest".
void make_small_store(SimDisk& disk);

inline constexpr std::string_view kOlderFile = "snapshot-00000000000000000002";
inline constexpr std::string_view kNewestFile = "snapshot-00000000000000000003";

}  // namespace thalweg::test

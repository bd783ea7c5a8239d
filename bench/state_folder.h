#pragma once

#include "state/base/status.h"
#include "state/store/store.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace thalweg::bench {

// An empty folder for the state of a query that is measured, under TMPDIR or /tmp; goes with
// everything in it.
class StateFolder {
  public:
    [[nodiscard]] static Result<std::unique_ptr<StateFolder>> make();
    StateFolder(const StateFolder&) = delete;
    StateFolder& operator=(const StateFolder&) = delete;
    ~StateFolder();

    [[nodiscard]] const std::string& path() const noexcept { return path_; }

  private:
    explicit StateFolder(std::string path) : path_(std::move(path)) {}

    std::string path_;
};

// A new store in a folder of its own. `may_be_memory`: also where nothing survives the power, for
// runs in which only results count.
class StoreOfRun {
  public:
    [[nodiscard]] static Result<std::unique_ptr<StoreOfRun>> make(bool may_be_memory);

    [[nodiscard]] Store& store() noexcept { return *store_; }

  private:
    StoreOfRun() = default;

    std::unique_ptr<StateFolder> folder_;
    std::unique_ptr<Disk> disk_;
    std::optional<Store> store_;
};

// Bytes that the process has handed to write() and its kin so far.
[[nodiscard]] std::uint64_t bytes_written();

}  // namespace thalweg::bench

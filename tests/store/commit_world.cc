#include "tests/store/commit_world.h"

#include "state/base/random.h"
#include "state/store/file_name.h"
#include "state/store/state_reader.h"
#include "state/store/state_writer.h"
#include "state/store/store.h"
#include "tests/store/sim_disk.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace thalweg::test {
namespace {

// What a generation holds is drawn from a seed, so that the oracle only keeps the seed.
Result<void> write_content(SnapshotWriter& snapshot, std::uint64_t seed) {
    Random random(seed);
    const std::uint64_t sections = 1 + random.below(3);
    for (std::uint64_t i = 0; i < sections; ++i) {
        TRY_VOID(snapshot.begin_section({.kind = "operator", .owner = "w" + std::to_string(i)}));
        StateWriter writer(snapshot);
        const std::uint64_t count = random.below(40);
        writer.varint(count);
        for (std::uint64_t row = 0; row < count; ++row)
            writer.u64(random());
        TRY_VOID(writer.finish());
        TRY_VOID(snapshot.end_section());
    }
    return {};
}

bool has_content(const SnapshotReader& snapshot, std::uint64_t seed) {
    Random random(seed);
    const std::uint64_t sections = 1 + random.below(3);
    if (snapshot.sections().size() != sections) return false;
    for (std::size_t i = 0; i < sections; ++i) {
        BlockStream blocks = snapshot.stream(i);
        StateReader reader(blocks);
        const std::uint64_t count = random.below(40);
        if (reader.count(40) != count) return false;
        for (std::uint64_t row = 0; row < count; ++row) {
            if (reader.u64() != random()) return false;
        }
        if (!reader.at_end() || !reader.finish()) return false;
    }
    return true;
}

class CommitWorld {
  public:
    explicit CommitWorld(const CommitWorldOptions& options)
        : options_(options), random_(options.seed), disk_(options.seed * 977 + 13) {
        // Swarm: each world has its own weather.
        if (random_.below(2) == 0) faults_.short_write = 0.3;
        if (random_.below(2) == 0) faults_.short_read = 0.3;
        if (random_.below(2) == 0) faults_.sync_error = 0.05;
        if (random_.below(3) == 0) faults_.directory_error = 0.05;
        crashes_ = random_.below(4) != 0;
    }

    CommitWorldResult run() {
        const std::uint64_t lives = 3 + random_.below(6);
        for (std::uint64_t i = 0; i < lives && !is_over(); ++i) {
            start_weather();
            live(random_.below(5));
            die();
        }
        disk_.heal();
        if (!is_over()) live(1);
        result_.disk_calls = disk_.calls();
        return std::move(result_);
    }

  private:
    [[nodiscard]] bool is_over() const { return !result_.problem.empty() || result_.refused; }

    void report(const std::string& what) {
        if (!is_over()) result_.problem = "seed " + std::to_string(options_.seed) + ": " + what;
    }

    void start_weather() {
        disk_.faults = faults_;
        if (random_.below(4) == 0) disk_.faults.bytes_max = random_.below(4'000);
        if (crashes_ && random_.below(5) != 0) disk_.crash_at(random_.below(60));
    }

    // A process, from its start to its end.
    void live(std::uint64_t commits) {
        ++result_.lives;
        BuggyDisk disk(disk_, options_.bug);
        try {
            std::optional<Store> store = open(disk);
            for (std::uint64_t i = 0; store && i < commits && !is_over(); ++i) {
                if (!commit(*store)) break;
            }
        } catch (const SimCrash&) {
        }
        if (disk_.uses_after_failed_sync() > 0) report("a file was used after its sync had failed");
    }

    std::optional<Store> open(Disk& disk) {
        StoreOptions options;
        options.created_by = "test";
        options.owner = "process 1";
        options.fresh_id.bytes[0] = static_cast<std::uint8_t>(result_.lives);
        Result<Store> store = Store::open(disk, options);
        if (store) {
            check_recovered(*store);
            return *std::move(store);
        }
        const bool weather = disk_.faults.sync_error + disk_.faults.directory_error > 0 ||
                             disk_.faults.bytes_max < 1'000'000;
        const Code code = store.error().code;
        if (weather && (code == Code::kIo || code == Code::kFull)) {
            ++result_.disk_errors;
        } else if (result_.bits_rotted > 0 && code == Code::kCorrupt) {
            result_.refused = true;
        } else {
            report("the store refuses: " + store.error().message);
        }
        return std::nullopt;
    }

    void check_recovered(const Store& store) {
        const Generation current = store.current();
        if (current < told_) {
            report("generation " + std::to_string(told_) + " was told, and " +
                   std::to_string(current) + " is the newest");
        }
        const Result<SnapshotReader> reader = store.read_current();
        const auto written = contents_.find({store.header().store_id, current});
        const bool same =
            reader && (written == contents_.end() ? reader->sections().empty()
                                                  : has_content(*reader, written->second));
        if (!same) report("generation " + std::to_string(current) + " has changed");
        if (faults_.directory_error > 0) return;
        told_ = std::max(told_, current);
        see_numbers();
    }

    // Whether the process goes on.
    bool commit(Store& store) {
        const Result<SnapshotWriter*> writer = store.begin();
        if (!writer) return go_on(writer.error());
        if (seen_.contains(store.pending())) {
            report("number " + std::to_string(store.pending()) + " is used twice");
        }
        const std::uint64_t content = random_();
        contents_[{store.header().store_id, store.pending()}] = content;
        const Result<void> written = write_content(**writer, content);
        if (!written || random_.below(10) == 0) {
            store.abandon();
            return written ? true : go_on(written.error());
        }
        const Result<Generation> committed = store.commit();
        if (!committed) return go_on(committed.error());
        ++result_.commits;
        told_ = *committed;
        if (random_.below(2) == 0) return true;
        const Result<void> retired = store.retire();
        return retired ? true : go_on(retired.error());
    }

    // Full is the one error that a process survives; room comes back now and then.
    bool go_on(const Error& error) {
        const bool full = error.code == Code::kFull;
        ++(full ? result_.disk_full : result_.disk_errors);
        if (full && random_.below(2) == 0) disk_.faults.bytes_max = 1'000'000;
        return full;
    }

    void die() {
        const bool power = random_.below(2) == 0;
        if (power) {
            disk_.cut_power();
            ++result_.power_cuts;
        } else {
            disk_.kill();
        }
        if (power) see_numbers();
        if (options_.rot && random_.below(2) == 0) rot();
    }

    // What is on the platter: after a power cut, and, unless a sync has dropped it, once a process
    // has synced the directory.
    void see_numbers() {
        for (const std::string& name : disk_.names()) {
            if (const auto parsed = parse_name(name)) seen_.insert(parsed->generation);
        }
    }

    void rot() {
        const std::vector<std::string> names = disk_.names();
        if (names.empty()) return;
        const std::string& name = names[random_.below(names.size())];
        const std::size_t size = disk_.content(name).size();
        if (size == 0) return;
        disk_.flip_bit(name, random_.below(size * 8));
        ++result_.bits_rotted;
    }

    CommitWorldOptions options_;
    Random random_;
    SimDisk disk_;
    SimFaults faults_;
    bool crashes_ = true;
    Generation told_ = 0;  // The newest that somebody relies on.
    std::map<std::pair<StoreId, Generation>, std::uint64_t> contents_;
    std::set<Generation> seen_;  // Of files that were on the platter.
    CommitWorldResult result_;
};

}  // namespace

CommitWorldResult run_commit_world(const CommitWorldOptions& options) {
    return CommitWorld(options).run();
}

}  // namespace thalweg::test

#include "tests/support/durable_simulation.h"

#include "state/base/assertion.h"
#include "tests/store/memory_file.h"
#include "tests/support/durable_world.h"
#include "tests/support/sim_checks.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace thalweg::test {

namespace {

constexpr std::uint64_t kNever = UINT64_MAX;
constexpr std::uint64_t kStepsMax = 200'000;  // Of a healed life: some have 50,000 results.

// How one life is to end, if nothing else ends it.
struct Fate {
    std::uint64_t kill_at = kNever;  // Steps of this life.
    std::uint64_t stop_at = kNever;
    std::uint64_t room_at = kNever;  // A full disk has room again.
    SimDisk* full_disk = nullptr;
    bool is_healed = false;
};

// --- Bits that rot ------------------------------------------------------------------------------

std::string newest_snapshot(const SimDisk& disk) {
    std::string newest;
    for (const std::string& name : disk.names()) {
        const std::optional<NumberedName> parsed = parse_name(name);
        if (parsed && !parsed->is_temporary) newest = name;
    }
    return newest;
}

Result<std::vector<std::byte>> read_section(const SnapshotReader& snapshot, std::size_t index) {
    std::vector<std::byte> bytes;
    BlockStream stream = snapshot.stream(index);
    for (;;) {
        TRY(const std::span<const std::byte> block, stream.next());
        if (block.empty()) return bytes;
        bytes.insert(bytes.end(), block.begin(), block.end());
    }
}

// Changes a result in the snapshot, with checksums that are right: what a store sees that looks at
// none.
Result<void> rot_unseen(SimDisk& disk, const std::string& name, Random& random) {
    constexpr std::size_t kHeadBytes = 16;  // Of a section of results: their epoch and time.
    TRY(const SnapshotReader snapshot,
        SnapshotReader::open(std::make_unique<MemoryFile>(disk.content(name))));
    MemoryFile changed;
    SnapshotWriter writer(changed, snapshot.header());
    for (std::size_t i = 0; i < snapshot.sections().size(); ++i) {
        TRY(std::vector<std::byte> bytes, read_section(snapshot, i));
        const SectionLabel& label = snapshot.sections()[i].label;
        if (label.kind == kOutboxKind && bytes.size() > kHeadBytes)
            bytes[kHeadBytes + random.below(bytes.size() - kHeadBytes)] ^= std::byte{1};
        TRY_VOID(writer.begin_section(label));
        if (!bytes.empty()) TRY_VOID(writer.append(bytes));
        TRY_VOID(writer.end_section());
    }
    TRY_VOID(writer.finish());
    disk.replace(name, changed.bytes);
    return {};
}

// --- One simulation -----------------------------------------------------------------------------

class CrashSimulation {
  public:
    CrashSimulation(std::uint64_t seed, const CrashOptions& options)
        : world_(seed), random_(world_.random), trace_(options.trace) {
        world_.plant = options.plant;
        world_.has_journal = options.has_journal;
    }

    CrashOutcome run() {
        draw();
        const std::uint64_t lives = random_.below(7);
        while (outcome_.problem.empty() && !is_complete_) {
            live(outcome_.lives >= lives);
            ++outcome_.lives;
        }
        if (outcome_.problem.empty() && chance(8)) live(true);  // It says that there is no more.
        while (outcome_.problem.empty() && !is_complete_)
            live(true);
        if (outcome_.problem.empty()) judge();
        return std::move(outcome_);
    }

  private:
    [[nodiscard]] bool chance(std::uint64_t of) { return random_.below(of) == 0; }

    void see(CrashSighting sighting, std::uint64_t times = 1) {
        outcome_.sightings[static_cast<std::size_t>(sighting)] += times;
    }

    void complain(std::string problem) {
        if (outcome_.problem.empty()) outcome_.problem = std::move(problem);
    }

    void draw();
    void draw_query();
    void draw_sinks();
    [[nodiscard]] DurableLife::Settings draw_layout();
    [[nodiscard]] Fate draw_fate();
    void draw_faults(Fate& fate);
    void draw_call(Fate& fate, bool crashes);

    [[nodiscard]] SimDisk& any_sink_disk() {
        return *world_.sink_disks[random_.below(world_.sink_disks.size())];
    }

    void live(bool is_healed);
    [[nodiscard]] bool open(DurableLife& life);
    void note_open_error(DurableLife& life, const Error& error);
    void step_to_the_end(DurableLife& life, Fate& fate);
    void step_one(DurableLife& life, const Fate& fate);
    void move_groups(DurableLife& life);
    void look(DurableLife& life);
    void look_for_errors(DurableLife& life);
    void note_crash(DurableLife& life, bool is_open);
    void note_life(DurableLife& life, bool dies);
    void die(bool is_power);
    void rot();
    void restore_rot();
    void judge();
    [[nodiscard]] SimInput input_of() const;
    void note_step(std::size_t agent, std::size_t work);

    DurableWorld world_;
    Random& random_;
    std::FILE* trace_;
    CrashOutcome outcome_;
    bool has_one_order_ = false;
    bool has_rot_ = false;
    std::int64_t delay_ms_ = 0;
    std::vector<std::uint64_t> weights_;
    std::size_t shards_before_ = 0;
    std::size_t ingest_agents_ = 1;
    bool is_complete_ = false;
    bool is_end_durable_ = false;
    bool is_healed_ = false;
    std::string rotten_;  // The file with a flipped bit.
    std::uint64_t rotten_bit_ = 0;
    std::uint64_t sink_calls_ = 0;
    std::uint64_t move_chance_ = 0;  // Of a command to move key groups, in a step: one in so many.
};

void CrashSimulation::draw() {
    has_one_order_ = chance(4);
    has_rot_ = world_.plant == CrashPlant::kNoChecksums || chance(4);
    draw_query();
    draw_sinks();
}

void CrashSimulation::draw_query() {
    SimTraffic traffic;
    traffic.format = chance(2) ? "csv" : "json";
    traffic.clients = has_one_order_ ? 1 : 1 + random_.below(3);
    traffic.events = 8 + random_.below(chance(10) ? 200 : 40);
    traffic.step_ms = static_cast<std::int64_t>(40 << random_.below(6));
    traffic.has_bad_records = chance(3);
    traffic.has_null_times = chance(4);
    traffic.frame_bytes_max = world_.frame_bytes_max;
    const std::int64_t span_ms = static_cast<std::int64_t>(traffic.events) * traffic.step_ms;
    if (has_one_order_) {
        traffic.disorder_ms = static_cast<std::int64_t>(random_.below(12'000));
        delay_ms_ = static_cast<std::int64_t>(1000 * random_.below(10));
        if (chance(2)) traffic.step_ms *= 4;
    } else {
        const std::int64_t most_s = std::clamp<std::int64_t>(span_ms / 2000, 1, 90);
        delay_ms_ =
            1000 *
            (1 + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most_s))));
        traffic.disorder_ms =
            static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(delay_ms_)));
    }
    SimQueryLimits limits;
    limits.format = traffic.format;
    limits.delay_ms = delay_ms_;
    limits.has_one_order = has_one_order_;
    limits.allows_two_tables = !has_one_order_;
    do {
        world_.query = random_query(limits, random_);
        // A join here reads a table twice, each way in its time.
    } while (has_one_order_ && (world_.query.has_two_ways || world_.query.name == "join"));
    world_.has_two_phases = chance(2);
    traffic.tables = world_.query.tables;
    const SimNetwork network(traffic, random_);
    // One millisecond less, since a window of which all has come may fire at the last one.
    const std::int64_t ahead_ns = has_one_order_ ? INT64_MAX : (delay_ms_ - 1) * kNanosPerMilli;
    world_.producers = std::make_unique<Producers>(network, ahead_ns);
    outcome_.script = world_.query.script;
    outcome_.scenario = world_.query.name + (has_one_order_ ? ", one order" : ", nothing late") +
                        ", " + std::to_string(traffic.events) + " events of " +
                        std::to_string(traffic.clients) + " producers" +
                        (world_.has_two_phases ? ", two phases" : "");
    if (has_one_order_) see(CrashSighting::kOneOrder);
}

void CrashSimulation::draw_sinks() {
    for (std::size_t i = 0; i < world_.query.sinks.size(); ++i) {
        world_.sink_disks.push_back(std::make_unique<SimDisk>(random_()));
        DurableTargetSettings target;
        target.has_parts = chance(2);
        target.part_bytes = 100 + random_.below(1500);
        target.part_interval_ns = static_cast<std::int64_t>(1 + random_.below(kNanosPerSecond));
        world_.targets.push_back(target);
        if (target.has_parts) see(CrashSighting::kParts);
    }
    world_.views.resize(world_.query.sinks.size());
}

// Another one in every life.
DurableLife::Settings CrashSimulation::draw_layout() {
    DurableLife::Settings life;
    ExecutionSettings& settings = life.execution;
    settings.shards = chance(3) ? 1 : 1 + random_.below(3);
    settings.ingest_agents = has_one_order_ ? 1 : 1 + random_.below(3);
    settings.ring_capacity = std::size_t{2} << random_.below(3);
    settings.gather_credits = 2 + random_.below(6);
    constexpr std::size_t kBatches[] = {1, 2, 7, kBatchRows};
    settings.segment_rows_max = kBatches[random_.below(4)];
    settings.is_fused_allowed = !chance(3);
    settings.epochs.interval_ns = static_cast<std::int64_t>(1000 << random_.below(10));
    life.is_bounded = chance(2);
    life.traces = trace_ != nullptr;
    if (shards_before_ != 0 && shards_before_ != settings.shards) see(CrashSighting::kRescale);
    shards_before_ = settings.shards;
    if (trace_ != nullptr) {
        std::fprintf(trace_,
                     "life %llu: shards %zu, ingest agents %zu%s\n",
                     static_cast<unsigned long long>(outcome_.lives),
                     settings.shards,
                     settings.ingest_agents,
                     settings.is_fused_allowed ? ", fused if possible" : "");
    }
    return life;
}

Fate CrashSimulation::draw_fate() {
    Fate fate;
    world_.store_disk.heal();
    for (const std::unique_ptr<SimDisk>& disk : world_.sink_disks)
        disk->heal();
    fate.is_healed = is_healed_;
    move_chance_ = chance(3) ? 0 : std::uint64_t{8} << random_.below(7);
    if (is_healed_) return fate;
    fate.kill_at = random_.below(std::uint64_t{64} << random_.below(6));
    draw_faults(fate);
    return fate;
}

void CrashSimulation::draw_faults(Fate& fate) {
    SimDisk& store = world_.store_disk;
    if (chance(2)) store.faults.short_write = store.faults.short_read = 0.2;
    switch (random_.below(9)) {
        case 0:
        case 1:
        case 2: draw_call(fate, true); break;
        case 3: draw_call(fate, false); break;
        case 4:
            (chance(2) ? store : any_sink_disk()).faults.sync_error = 0.1;
            fate.kill_at *= 2;
            break;
        case 5:
            (chance(2) ? store : any_sink_disk()).faults.directory_error = 0.1;
            fate.kill_at *= 2;
            break;
        case 6: {
            fate.full_disk = chance(2) ? &store : &any_sink_disk();
            std::uint64_t used = 0;
            for (const std::string& name : fate.full_disk->names())
                used += fate.full_disk->content(name).size();
            fate.full_disk->faults.bytes_max = used + random_.below(6000);
            fate.room_at = random_.below(1000);
            fate.kill_at = fate.room_at + random_.below(2000);
            break;
        }
        case 7:
            fate.stop_at = random_.below(fate.kill_at + 1);
            fate.kill_at += 4000;
            break;
        default: break;
    }
}

// A crash or an error in one call of a disk: rather a store's, which has many more.
void CrashSimulation::draw_call(Fate& fate, bool crashes) {
    const bool is_store = random_.below(3) != 0;
    SimDisk& disk = is_store ? world_.store_disk : any_sink_disk();
    const std::uint64_t call = random_.below(std::uint64_t{4} << random_.below(is_store ? 7 : 4));
    if (crashes) {
        disk.crash_at(call);
    } else {
        disk.fail_at(call);
    }
    fate.kill_at = 8000;
}

void CrashSimulation::live(bool is_healed) {
    is_healed_ = is_healed;
    const DurableLife::Settings settings = draw_layout();
    Fate fate = draw_fate();
    if (has_rot_ && !is_healed_ && chance(2)) rot();
    ingest_agents_ = settings.execution.ingest_agents;
    const std::size_t journals = world_.has_journal ? ingest_agents_ : 0;
    weights_.assign(ingest_agents_ + settings.execution.shards + 3 + journals, 1);
    if (!is_healed_) {
        for (std::uint64_t& weight : weights_)
            weight = std::uint64_t{1} << random_.below(6);
    }
    if (chance(3)) world_.clock.set_wall(world_.clock.wall_now_ns() - kNanosPerHour);
    world_.producers->lose_all();
    DurableLife life(world_, settings);
    bool is_open = false;
    bool dies = true;
    try {
        is_open = open(life);
        if (is_open) {
            step_to_the_end(life, fate);
            dies = !life.execution().finished() || life.execution().failed();
        }
    } catch (const SimCrash&) {
        note_crash(life, is_open);
    }
    if (is_open) note_life(life, dies);
    restore_rot();
    if (dies) die(chance(2));
    for (std::size_t i = 0; i < world_.views.size(); ++i)
        complain(world_.views[i].look(*world_.sink_disks[i]));
}

bool CrashSimulation::open(DurableLife& life) {
    const Result<void> opened = life.open();
    if (!opened) {
        note_open_error(life, opened.error());
        return false;
    }
    life.desk().check_promises();
    if (world_.has_journal) life.desk().promise_accepted();
    complain(life.desk().problem);
    if (!rotten_.empty() && world_.plant == CrashPlant::kNone)
        complain("a flipped bit in " + rotten_ + " was not seen");
    see(CrashSighting::kStateRestored, life.notes().restored_rows);
    // It may have said so of a snapshot whose name was in memory only; then it ends once more.
    if (is_end_durable_) complain("a query that has ended is run again");
    is_complete_ = false;
    return true;
}

void CrashSimulation::note_open_error(DurableLife& life, const Error& error) {
    if (trace_ != nullptr) std::fprintf(trace_, "  cannot open: %s\n", error.message.c_str());
    if (error.message.find("has come to its end") != std::string::npos) {
        is_complete_ = true;
        see(CrashSighting::kEndAgain);
        return;
    }
    const DurableLife::Notes& notes = life.notes();
    if (!rotten_.empty() && error.code == Code::kCorrupt) {
        see(CrashSighting::kDamageRefused);
    } else if (notes.store.errors + notes.sinks.errors != 0) {
        see(CrashSighting::kIoError);
    } else if (notes.store.refusals + notes.sinks.refusals == 0) {
        complain("cannot open: " + error.message);
    }
}

void CrashSimulation::step_to_the_end(DurableLife& life, Fate& fate) {
    Execution& execution = life.execution();
    std::uint64_t step = 0;
    for (; !execution.finished() && outcome_.problem.empty(); ++step) {
        if (step == fate.kill_at) {
            see(CrashSighting::kKill);
            return;
        }
        if (step == fate.stop_at) {
            see(CrashSighting::kStop);
            execution.request_stop();
        }
        if (step == fate.room_at) fate.full_disk->heal();
        if (step > kStepsMax) {
            complain("the query does not end, with " + std::to_string(life.desk().refusals) +
                     " polls that found it full");
            return;
        }
        step_one(life, fate);
    }
    if (!execution.failed()) {
        is_complete_ = outcome_.problem.empty() && fate.stop_at == kNever;
        is_end_durable_ = is_complete_;
        return;
    }
    if (life.notes().store.errors + life.notes().sinks.errors == 0) {
        complain("the query fails: " + execution.error());
    } else {
        see(CrashSighting::kIoError);
    }
}

void CrashSimulation::step_one(DurableLife& life, const Fate& fate) {
    const bool hurries = life.notes().is_degraded || life.notes().full_destination != 0;
    world_.clock.advance(static_cast<std::int64_t>(
        random_.below(hurries ? 50'000'000 : (fate.is_healed ? 20'000 : 1000))));
    if (chance(200)) world_.clock.advance(static_cast<std::int64_t>(random_.below(100'000'000)));
    std::uint64_t sum = 0;
    for (const std::uint64_t weight : weights_)
        sum += weight;
    std::uint64_t ticket = random_.below(sum);
    std::size_t turn = 0;
    for (; ticket >= weights_[turn]; ++turn)
        ticket -= weights_[turn];
    ++outcome_.steps;
    if (move_chance_ != 0 && chance(move_chance_)) move_groups(life);
    if (turn == life.agents().size()) {
        world_.producers->step(random_, ingest_agents_, fate.is_healed);
        note_step(turn, 0);
        return;
    }
    const std::size_t work = life.agents()[turn]->do_work(1 + random_.below(4));
    if (world_.plant == CrashPlant::kSwitchEarly) life.switch_early();
    note_step(turn, work);
    if (trace_ != nullptr) {
        std::fprintf(trace_,
                     "%6llu %s did %zu\n",
                     static_cast<unsigned long long>(outcome_.steps),
                     std::string(life.agents()[turn]->name()).c_str(),
                     work);
    }
    look(life);
}

// A command to move some key groups, of which some may be where they are.
void CrashSimulation::move_groups(DurableLife& life) {
    const std::uint64_t shards = life.execution().shard_agents().size();
    GroupMoves moves;
    const std::uint64_t count = random_.below(std::uint64_t{2} << random_.below(10));
    const std::uint64_t target = random_.below(shards);
    const bool is_scattered = chance(2);
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t shard = is_scattered ? random_.below(shards) : target;
        moves.push_back({static_cast<std::uint32_t>(random_.below(kKeyGroups)),
                         static_cast<std::uint32_t>(shard)});
    }
    if (trace_ != nullptr) std::fprintf(trace_, "  to move: %zu key groups\n", moves.size());
    static_cast<void>(life.execution().request_moves(std::move(moves)));
}

// After every step: the promises, the disks' errors, and the reader.
void CrashSimulation::look(DurableLife& life) {
    complain(life.desk().problem);
    look_for_errors(life);
    std::uint64_t calls = 0;
    for (const std::unique_ptr<SimDisk>& disk : world_.sink_disks)
        calls += disk->calls();
    if (std::exchange(sink_calls_, calls) == calls) return;
    for (std::size_t i = 0; i < world_.views.size(); ++i) {
        const bool was_settled = world_.views[i].is_settled();
        complain(world_.views[i].look(*world_.sink_disks[i]));
        if (!was_settled && world_.views[i].is_settled()) see(CrashSighting::kUnpublishedRecovered);
    }
}

// After an error no epoch is durable any more, and nothing ends well.
void CrashSimulation::look_for_errors(DurableLife& life) {
    DurableLife::Notes& notes = life.notes();
    if (notes.store.errors + notes.sinks.errors == 0 || life.execution().failed()) return;
    const Generation current = life.store().current();
    if (!notes.generation_at_error) notes.generation_at_error = current;
    const bool goes_on = life.execution().finished() || *notes.generation_at_error != current;
    if (goes_on && world_.plant == CrashPlant::kNone)
        complain("a disk has failed, and the query goes on");
}

void CrashSimulation::note_crash(DurableLife& life, bool is_open) {
    if (trace_ != nullptr) std::fputs("  crash in a call of a disk\n", trace_);
    const DurableLife::Notes& notes = life.notes();
    if (!is_open) {
        see(CrashSighting::kCrashInRecovery);
        return;
    }
    const bool is_in_sink = notes.sinks.last != DiskDeed::kNone;
    if (is_in_sink) {
        see(CrashSighting::kCrashInPublish);
    } else if (notes.store.last == DiskDeed::kWrite) {
        see(CrashSighting::kCrashWhileCollecting);
    } else if (notes.store.last == DiskDeed::kSync) {
        see(CrashSighting::kCrashBeforeRename);
    } else if (notes.store.last == DiskDeed::kSyncDirectory && notes.store.has_new_name) {
        see(CrashSighting::kCrashBeforeDirectorySync);
    } else if (notes.store.last == DiskDeed::kUnlink) {
        see(CrashSighting::kCrashInRetire);
    }
}

void CrashSimulation::note_life(DurableLife& life, bool dies) {
    see(CrashSighting::kFullStore, life.notes().full_store);
    see(CrashSighting::kJournalReplayed, life.notes().replayed_bytes);
    see(CrashSighting::kFullJournal, life.notes().full_journal);
    see(CrashSighting::kRoomAgain, life.notes().room_again);
    see(CrashSighting::kFullDestination, life.notes().full_destination);
    see(CrashSighting::kResendTrimmed, life.desk().trims);
    see(CrashSighting::kSessionMoved, life.desk().moves);
    see(CrashSighting::kSessionWaited, life.desk().waits);
    const std::uint64_t move = life.execution().key_groups().current().barrier;
    const std::uint64_t durable = life.store().current() - life.notes().first_generation;
    if (dies && move > durable) see(CrashSighting::kCrashInMove);
    see(CrashSighting::kStateMoved, life.notes().moved_rows);
    see(CrashSighting::kGroupMoved, life.execution().totals().moved_groups);
    outcome_.epochs += durable;
}

// What was in the process is gone; what was in memory of the system, too, if the power is.
void CrashSimulation::die(bool is_power) {
    if (is_power) see(CrashSighting::kPowerCut);
    if (trace_ != nullptr) std::fputs(is_power ? "  power cut\n" : "  killed\n", trace_);
    const auto end = [is_power](SimDisk& disk) {
        if (is_power) {
            disk.cut_power();
        } else {
            disk.kill();
        }
    };
    end(world_.store_disk);
    for (std::size_t i = 0; i < world_.views.size(); ++i) {
        end(*world_.sink_disks[i]);
        if (is_power) world_.views[i].power_cut();
    }
}

void CrashSimulation::rot() {
    const std::string name = newest_snapshot(world_.store_disk);
    if (name.empty()) return;
    if (world_.plant == CrashPlant::kNoChecksums) {
        static_cast<void>(rot_unseen(world_.store_disk, name, random_));
        return;
    }
    rotten_ = name;
    rotten_bit_ = random_.below(world_.store_disk.content(name).size() * 8);
    world_.store_disk.flip_bit(rotten_, rotten_bit_);
}

// From a copy that somebody has kept.
void CrashSimulation::restore_rot() {
    const std::string name = std::exchange(rotten_, "");
    const std::vector<std::string> names = world_.store_disk.names();
    if (!name.empty() && std::binary_search(names.begin(), names.end(), name))
        world_.store_disk.flip_bit(name, rotten_bit_);
}

// --- The end ------------------------------------------------------------------------------------

SimInput CrashSimulation::input_of() const {
    SimInput input;
    input.tables.resize(world_.query.tables);
    input.final = Watermark::max();
    Watermark running;
    for (const Producer& producer : world_.producers->all()) {
        for (const SimItem& item : producer.records) {
            if (item.kind != SimItemKind::kEvent) continue;
            input.tables[producer.table].push_back(
                row_of(item.event, has_one_order_ ? running : Watermark::min()));
            if (!item.event.time) continue;
            running = std::max(running, Watermark{*item.event.time - delay_ms_ * kNanosPerMilli});
        }
    }
    return input;
}

void CrashSimulation::judge() {
    const SimAnswer answer = world_.query.answer(input_of());
    for (std::size_t i = 0; i < world_.views.size(); ++i) {
        if (!world_.views[i].is_settled()) complain("what was visible has not come back");
        std::vector<Row> rows;
        complain(read_results(*world_.sink_disks[i], *world_.schemas[i], rows));
        if (outcome_.problem.empty()) {
            complain(check_rows(answer.sinks[i], world_.query.has_changes ? left_of(rows) : rows));
        }
        outcome_.rows += rows.size();
        for (const Row& row : rows)
            note_step(i, text_of(row).size());
    }
    if (world_.store_disk.uses_after_failed_sync() != 0)
        complain("a file is used again after a failed sync");
}

void CrashSimulation::note_step(std::size_t agent, std::size_t work) {
    for (const std::uint64_t word :
         {std::uint64_t{agent}, std::uint64_t{work}, world_.store_disk.calls()})
        outcome_.trace_hash = (outcome_.trace_hash ^ word) * 0x100000001b3ULL + 0x9e3779b9U;
}

}  // namespace

std::string_view name_of(CrashSighting sighting) noexcept {
    constexpr std::string_view kNames[kCrashSightingCount] = {
        "crash in recovery",
        "crash while an epoch is collected",
        "crash before the rename",
        "crash between the rename and the sync of the directory",
        "crash while results are published",
        "crash while old generations are deleted",
        "kill between two steps",
        "power cut",
        "error of a disk",
        "full store",
        "room again",
        "full destination",
        "stop",
        "other number of shards",
        "rows of state restored",
        "records sent again and not taken again",
        "session moved to another agent",
        "session waited for an epoch",
        "results gone in a power cut and back again",
        "damage refused",
        "one order",
        "parts",
        "started again after the end",
        "key group moved",
        "rows of state moved",
        "crash while key groups move",
        "bytes of a journal done again",
        "full journal"};
    return kNames[static_cast<std::size_t>(sighting)];
}

CrashOutcome simulate_crashes(std::uint64_t seed, const CrashOptions& options) {
    return CrashSimulation(seed, options).run();
}

}  // namespace thalweg::test

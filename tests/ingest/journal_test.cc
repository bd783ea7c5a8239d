#include "ingest/journal.h"

#include "state/base/random.h"
#include "state/store/file_name.h"
#include "tests/store/hex_text.h"
#include "tests/store/sim_disk.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

using Kind = JournalEntry::Kind;
using Numbers = std::vector<std::uint64_t>;

JournalEntry bytes_entry(std::uint64_t number, std::string_view text) {
    JournalEntry entry;
    entry.kind = Kind::kBytes;
    entry.connection = number;
    entry.time_ns = static_cast<std::int64_t>(number);
    entry.bytes = text;
    return entry;
}

TEST_CASE("journal_entry: the bytes of the document") {
    std::vector<std::byte> bytes;
    JournalEntry entry;
    entry.kind = Kind::kOpened;
    entry.is_carried = true;
    entry.connection = 300;
    entry.time_ns = 1;
    entry.connection_id = 2;
    entry.offset = 3;
    entry.sequence = 4;
    entry.peer = "me";
    entry.bytes = "half";
    append_entry(bytes, entry);
    CHECK_EQ(test::hex(bytes), "810100000000000000ac0202030400026d650468616c66");
    bytes.clear();
    append_entry(bytes, bytes_entry(5, "x"));
    CHECK_EQ(test::hex(bytes), "020500000000000000050178");
    bytes.clear();
    entry = {};
    entry.kind = Kind::kClosed;
    entry.how = StreamEnd::kClean;
    append_entry(bytes, entry);
    CHECK_EQ(test::hex(bytes), "0300000000000000000000");
    bytes.clear();
    entry = {};
    entry.kind = Kind::kSender;
    entry.peer = "me";
    append_entry(bytes, entry);
    CHECK_EQ(test::hex(bytes), "04026d65");
    bytes.clear();
    entry = {};
    entry.kind = Kind::kPacket;
    entry.segment_bytes = 2;
    entry.position = 1;
    entry.dropped_before = 7;
    entry.bytes = "abc";
    append_entry(bytes, entry);
    CHECK_EQ(test::hex(bytes),
             "050000000000000000020107000361"
             "6263");
}

TEST_CASE("journal_entry: all come back, and what is cut is refused") {
    std::vector<std::byte> bytes;
    JournalEntry opened;
    opened.kind = Kind::kOpened;
    opened.is_skipping = true;
    opened.peer = "127.0.0.1:1";
    opened.bytes = "begun";
    JournalEntry packet;
    packet.kind = Kind::kPacket;
    packet.segment_bytes = 10;
    packet.is_truncated = true;
    packet.bytes = "0123456789";
    append_entry(bytes, opened);
    append_entry(bytes, packet);
    const std::size_t size = bytes.size();
    EntryReader reader(bytes);
    JournalEntry entry;
    REQUIRE(reader.next(entry).value());
    CHECK_EQ(entry.kind, Kind::kOpened);
    CHECK(entry.is_skipping);
    CHECK_EQ(entry.peer, "127.0.0.1:1");
    CHECK_EQ(entry.bytes, "begun");
    REQUIRE(reader.next(entry).value());
    CHECK_EQ(entry.kind, Kind::kPacket);
    CHECK(entry.is_truncated);
    CHECK_EQ(entry.bytes, "0123456789");
    CHECK_FALSE(reader.next(entry).value());
    std::size_t refused = 0;
    for (std::size_t cut = 0; cut < size; ++cut) {
        const std::span<const std::byte> all(bytes);
        EntryReader part{all.first(cut)};
        Result<bool> next = part.next(entry);
        while (next.has_value() && *next)
            next = part.next(entry);
        refused += static_cast<std::size_t>(!next.has_value());
    }
    CHECK_EQ(refused, size - 2);  // Nothing, and one whole entry.
}

// One life of a process with a journal on a disk that dies; what it appends are numbers.
struct Life {
    std::unique_ptr<JournalFiles> files;
    std::unique_ptr<Journal> journal;
};

FileHeader store_header() {
    FileHeader header;
    header.store_id.bytes[0] = 1;
    return header;
}

// What must be there after a crash, and what may.
struct Model {
    std::vector<Numbers> lives;              // Appended, since the recovered position.
    std::size_t durable = 0;                 // Of the newest life.
    std::optional<SourcePosition> position;  // Of the newest epoch.
    Generation before = 0;                   // As the coordinator remembers it.
    Generation before_durable = 0;
};

// Replays, and checks: of each life a beginning, of the newest at least what was durable.
void check_replay(Life& life, Model& model) {
    std::vector<Numbers> found(1);
    if (JournalReplay* const replay = life.journal->replay()) {
        for (;;) {
            const auto next = replay->next();
            REQUIRE_MESSAGE(next.has_value(), next.error().message);
            if (*next == nullptr) break;
            const JournalEntry& entry = **next;
            if (entry.kind == Kind::kRestarted) {
                found.emplace_back();
            } else if (!entry.is_carried) {
                REQUIRE_EQ(entry.bytes.size(), entry.connection % 5000);
                found.back().push_back(entry.connection);
            }
        }
    }
    life.journal->end_replay();
    // Lives that left nothing durable are not seen.
    std::size_t at = 0;
    for (std::size_t i = 0; i < model.lives.size(); ++i) {
        const Numbers& appended = model.lives[i];
        const bool is_newest = i + 1 == model.lives.size();
        const Numbers none;
        while (at < found.size() && found[at].empty())
            ++at;
        const bool is_here = at < found.size() && !found[at].empty() && !appended.empty() &&
                             found[at].front() == appended.front();
        const Numbers& seen = is_here ? found[at] : none;
        if (is_here) ++at;
        REQUIRE_LE(seen.size(), appended.size());
        for (std::size_t k = 0; k < seen.size(); ++k)
            REQUIRE_EQ(seen[k], appended[k]);
        if (is_newest) REQUIRE_GE(seen.size(), model.durable);
        model.lives[i] = seen;
    }
    while (at < found.size() && found[at].empty())
        ++at;
    REQUIRE_EQ(at, found.size());
}

class World {
  public:
    explicit World(std::uint64_t seed) : random_(seed), disk_(seed + 500) {
        disk_.faults.short_write = random_.below(3) == 0 ? 0.3 : 0;
    }

    void run() {
        for (int i = 0; i < 6; ++i)
            live();
        disk_.heal();
        start();
        CHECK_EQ(disk_.uses_after_failed_sync(), 0);
    }

    std::uint64_t epochs = 0;

  private:
    void start() {
        REQUIRE(disk_.sync_directory().has_value());
        auto files = JournalFiles::open(disk_, store_header());
        REQUIRE(files.has_value());
        life_.files = *std::move(files);
        Journal::Settings settings;
        settings.files = life_.files.get();
        settings.source = "t";
        life_.journal = std::make_unique<Journal>(std::move(settings));
        if (model_.position) life_.journal->restore({*model_.position});
        const Result<void> opened = life_.journal->open(nullptr);
        REQUIRE_MESSAGE(opened.has_value(), opened.error().message);
        check_replay(life_, model_);
        model_.lives.emplace_back();
        model_.durable = 0;
        model_.before_durable = 0;
        is_cut_ = false;
        waiting_.clear();
        cut_count_ = 0;
    }

    void live() {
        disk_.heal();
        start();
        const bool is_full = random_.below(4) == 0;
        try {
            if (random_.below(5) != 0) disk_.crash_at(1 + random_.below(60));
            if (random_.below(6) == 0) disk_.fail_at(1 + random_.below(40));
            const std::uint64_t steps = random_.below(300);
            for (std::uint64_t i = 0; i < steps; ++i) {
                disk_.faults.bytes_max = is_full && random_.below(2) == 0 ? 40'000 : UINT64_MAX;
                if (!step()) break;
            }
        } catch (const test::SimCrash&) {
        }
        life_.journal.reset();
        life_.files.reset();
        disk_.kill();
        if (random_.below(2) == 0) disk_.cut_power();
    }

    // False: the process has ended for an error of its disk.
    bool step() {
        now_ns_ += static_cast<std::int64_t>(random_.below(3'000'000));
        const std::uint64_t what = random_.below(10);
        if (what < 5 && life_.journal->has_room()) append();
        if (what == 5) life_.journal->flush(now_ns_);
        if (what == 6 && !is_cut_) cut();
        if (what > 6) {
            const Result<bool> written = life_.journal->write();
            if (!written && written.error().code != Code::kFull) return false;
        }
        life_.journal->flush(now_ns_);
        model_.durable = durable();
        return !is_cut_ || !life_.journal->is_sealed() || commit();
    }

    void append() {
        const std::uint64_t number = ++number_;
        life_.journal->append(bytes_entry(number, std::string(number % 5000, 'x')));
        model_.lives.back().push_back(number);
    }

    // Bytes are what the journal counts: as many entries are durable as they make up.
    std::size_t durable() {
        std::uint64_t bytes = life_.journal->durable_bytes();
        std::size_t count = 0;
        for (const std::uint64_t number : all_of_life()) {
            if (bytes < number % 5000) break;
            bytes -= number % 5000;
            ++count;
        }
        // An entry without bytes may be on its way.
        const Numbers& numbers = all_of_life();
        while (count > 0 && numbers[count - 1] % 5000 == 0)
            --count;
        return count > cut_count_ ? count - cut_count_ : 0;
    }

    const Numbers& all_of_life() {
        all_ = waiting_;
        all_.insert(all_.end(), model_.lives.back().begin(), model_.lives.back().end());
        return all_;
    }

    // What was appended before belongs to the epoch that the cut begins.
    void cut() {
        model_.before = life_.files->number_max();
        position_ = life_.journal->cut();
        JournalEntry carried = bytes_entry(number_, "carried");
        carried.is_carried = true;
        life_.journal->append(carried);
        is_cut_ = true;
        count_at_cut_ = model_.lives.back().size();
    }

    // As the coordinator does it.
    bool commit() {
        is_cut_ = false;
        model_.position = position_;
        Numbers& appended = model_.lives.back();
        const auto middle = appended.begin() + static_cast<std::ptrdiff_t>(count_at_cut_);
        waiting_.insert(waiting_.end(), appended.begin(), middle);
        appended.erase(appended.begin(), middle);
        cut_count_ = waiting_.size();
        model_.lives.assign(1, Numbers(appended));
        model_.durable = durable();
        ++epochs;
        if (!life_.files->remove_through(model_.before_durable).has_value()) return false;
        model_.before_durable = model_.before;
        return true;
    }

    Random random_;
    test::SimDisk disk_;
    Life life_;
    Model model_;
    SourcePosition position_;
    bool is_cut_ = false;
    std::size_t count_at_cut_ = 0;
    std::size_t cut_count_ = 0;
    Numbers waiting_;  // Of this life, in front of the newest epoch.
    Numbers all_;
    std::uint64_t number_ = 0;
    std::int64_t now_ns_ = 0;
};

TEST_CASE("journal: whatever call the process dies in, what was durable is done again, in order") {
    std::uint64_t epochs = 0;
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
        CAPTURE(seed);
        World world(seed);
        world.run();
        epochs += world.epochs;
    }
    CHECK_GT(epochs, 400);
}

}  // namespace
}  // namespace thalweg

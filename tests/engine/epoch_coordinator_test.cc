#include "engine/run/epoch/epoch_coordinator.h"

#include "engine/run/epoch/recovery.h"
#include "tests/store/sim_disk.h"
#include "tests/support/manual_clock.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

namespace thalweg {
namespace {

using Texts = std::vector<std::string>;

// Writes down what is published where; can be full.
class RecordingTarget final : public OutboxTarget {
  public:
    struct Log {
        Texts published;  // "epoch@start: bytes"
        bool is_full = false;
        bool is_closed = false;
        std::string recovered;
    };

    explicit RecordingTarget(Log& log) : log_(log) {}

    [[nodiscard]] Result<void> recover(std::string_view position) override {
        log_.recovered = position;
        length_ = std::stoull(log_.recovered);
        return {};
    }

    [[nodiscard]] Result<void> start_fresh() override { return {}; }

    [[nodiscard]] Result<void> take_over() override { return {}; }

    [[nodiscard]] std::string position() const override { return std::to_string(length_); }

    [[nodiscard]] Result<void> publish(std::uint64_t,
                                       std::int64_t,
                                       const OutboxBytes& bytes) override {
        if (log_.is_full) return fail(Code::kFull, "no room");
        std::string text;
        TRY_VOID(bytes([&text](std::span<const std::byte> piece) -> Result<void> {
            text.append(reinterpret_cast<const char*>(piece.data()), piece.size());
            return {};
        }));
        log_.published.push_back(position() + ": " + text);
        length_ += text.size();
        return {};
    }

    [[nodiscard]] Result<void> close() override {
        log_.is_closed = true;
        return {};
    }

  private:
    Log& log_;
    std::uint64_t length_ = 0;
};

// A coordinator with one agent, which the test plays.
struct World {
    test::SimDisk disk{7};
    ManualClock clock;
    QueryControl control;
    EpochDesk desk;
    std::unique_ptr<Store> store;
    std::unique_ptr<JournalFiles> journals;
    RecordingTarget::Log log;
    Texts said;
    std::unique_ptr<EpochCoordinator> coordinator;

    World() {
        Result<Store> opened = Store::open(disk, {});
        REQUIRE(opened.has_value());
        store = std::make_unique<Store>(*std::move(opened));
        EpochCoordinator::Settings settings;
        Result<std::unique_ptr<JournalFiles>> files = JournalFiles::open(disk, store->header());
        REQUIRE(files.has_value());
        journals = *std::move(files);
        settings.store = store.get();
        settings.journals = journals.get();
        settings.desk = &desk;
        settings.control = &control;
        settings.clock = &clock;
        settings.agents = 1;
        settings.say = [this](std::string_view text) { said.emplace_back(text); };
        coordinator = std::make_unique<EpochCoordinator>(std::move(settings));
    }

    void add_outbox() {
        coordinator->add_outbox("results", std::make_unique<RecordingTarget>(log), {});
    }

    void work() {
        while (coordinator->do_work(1) != 0) {
        }
    }

    void give(std::uint64_t epoch, std::string_view text) {
        auto part = std::make_unique<EpochPart>();
        part->epoch = epoch;
        part->label = {std::string(kOutboxKind), "results", 1, 0, true};
        for (const char c : text)
            part->bytes.push_back(static_cast<std::byte>(c));
        desk.add_outbox(text.size());
        REQUIRE(desk.try_push(std::move(part)));
    }

    void finish(std::uint64_t epoch) {
        auto part = std::make_unique<EpochPart>();
        part->epoch = epoch;
        part->is_last = true;
        part->is_at_rest = true;
        REQUIRE(desk.try_push(std::move(part)));
        work();
    }

    void next_interval() {
        clock.advance(2 * kNanosPerSecond);
        work();
    }
};

TEST_CASE("epoch_coordinator: durable when all agents are done, published afterwards") {
    World world;
    world.add_outbox();
    world.work();
    CHECK(world.desk.requested() == 1);  // The first is due at once.
    world.give(1, "one");
    world.give(2, "two");  // Already of the next.
    world.work();
    CHECK(world.desk.durable() == 0);
    CHECK(world.log.published.empty());
    world.finish(1);
    CHECK(world.desk.durable() == 1);
    CHECK(world.log.published == Texts{"0: one"});
    CHECK(world.desk.outbox_bytes() == 3);
    CHECK(world.desk.requested() == 1);  // Not before its time.
    world.next_interval();
    CHECK(world.desk.requested() == 2);
    world.finish(2);
    CHECK(world.log.published == Texts{"0: one", "3: two"});
    CHECK(world.desk.outbox_bytes() == 0);
}

TEST_CASE("epoch_coordinator: a full destination waits, and every snapshot has what waits") {
    World world;
    world.add_outbox();
    world.work();
    world.log.is_full = true;
    world.give(1, "one");
    world.finish(1);
    CHECK(world.desk.durable() == 1);
    CHECK(world.log.published.empty());
    world.next_interval();
    world.give(2, "two");
    world.finish(2);
    const Result<SnapshotReader> snapshot = world.store->read_current();
    REQUIRE(snapshot.has_value());
    const Result<RecoveredEpoch> recovered = RecoveredEpoch::read(*snapshot);
    REQUIRE(recovered.has_value());
    const RecoveredEpoch::Outbox& outbox = recovered->outboxes().at("results");
    CHECK(outbox.start == "0");
    REQUIRE(outbox.epochs.size() == 2);
    CHECK(outbox.epochs[0].epoch < outbox.epochs[1].epoch);
    world.log.is_full = false;
    world.next_interval();
    world.finish(3);
    CHECK(world.log.published == Texts{"0: one", "3: two", "6: "});
}

TEST_CASE("epoch_coordinator: on a full disk nothing is durable, and results wait for the next") {
    World world;
    world.add_outbox();
    world.work();
    world.disk.faults.bytes_max = 1;
    world.give(1, "one");
    world.finish(1);
    CHECK(world.desk.durable() == 0);
    CHECK(world.log.published.empty());
    CHECK(!world.control.failed());
    CHECK(world.said.size() == 1);
    world.disk.faults.bytes_max = std::numeric_limits<std::uint64_t>::max();
    world.next_interval();
    CHECK(world.desk.requested() == 2);
    world.give(2, "two");
    world.finish(2);
    CHECK(world.desk.durable() == 2);
    // As two: each has the number and the time of when it was sealed.
    CHECK(world.log.published == Texts{"0: one", "3: two"});
    CHECK(world.said.size() == 2);
}

TEST_CASE("epoch_coordinator: any other error of the disk ends the query, and nothing is told") {
    for (std::uint64_t call = 1; call < 12; ++call) {
        CAPTURE(call);
        World world;
        world.add_outbox();
        world.disk.fail_at(call);
        world.work();
        world.give(1, "one");
        world.finish(1);
        if (!world.control.failed()) continue;  // The disk was asked less often.
        CHECK(world.log.published.empty() == (world.desk.durable() == 0));
        CHECK(!world.control.error().empty());
    }
}

TEST_CASE("epoch_coordinator: after a stop the epoch in which all rest is the last") {
    World world;
    world.add_outbox();
    world.work();
    world.control.request_stop();
    world.finish(1);
    CHECK(world.desk.is_finished());
    CHECK(!world.log.is_closed);  // The next life goes on there.
}

TEST_CASE(
    "epoch_coordinator: at the end of all inputs an epoch has the last results, and one more says "
    "so") {
    World world;
    world.add_outbox();
    world.work();
    world.desk.announce_end();  // While the first is under way.
    world.finish(1);
    CHECK(!world.desk.is_finished());
    CHECK(world.desk.requested() == 2);
    world.give(2, "last");
    const auto has_ended = [&] {
        const Result<SnapshotReader> snapshot = world.store->read_current();
        REQUIRE(snapshot.has_value());
        const Result<RecoveredEpoch> recovered = RecoveredEpoch::read(*snapshot);
        REQUIRE(recovered.has_value());
        return recovered->manifest().has_ended;
    };
    world.finish(2);
    CHECK(!world.desk.is_finished());
    CHECK(world.log.published.back().ends_with("last"));
    CHECK(world.log.is_closed);
    CHECK(!has_ended());  // A restart from there publishes the last results again.
    CHECK(world.desk.requested() == 3);
    world.finish(3);
    CHECK(world.desk.is_finished());
    CHECK(has_ended());
}

}  // namespace
}  // namespace thalweg

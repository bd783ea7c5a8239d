#pragma once

#include "ingest/session_directory.h"
#include "ingest/source.h"
#include "state/base/random.h"
#include "tests/support/source_driver.h"
#include "tests/support/test_socket.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace thalweg {

// An engine with ingest agents that seal each epoch at a moment of their own, which are committed
// some time after all have, and which may die at any moment: what is left then is the newest
// committed epoch, its rows and its positions. One thread; what happens when is the test's choice.
class ProducerEngine {
  public:
    explicit ProducerEngine(std::size_t instances)
        : where_("127.0.0.1:" + std::to_string(TestSocket::listen_tcp("127.0.0.1:0").port())),
          instance_count_(instances) {
        start();
    }

    [[nodiscard]] const std::string& where() const { return where_; }

    // One round of each agent.
    std::size_t step() {
        std::size_t work = 0;
        for (const auto& driver : drivers_)
            work += driver->step();
        return work;
    }

    void pass_time(std::int64_t nanos) {
        for (const auto& driver : drivers_)
            driver->now_ns += nanos;
    }

    // One agent's barrier of the epoch that is under way, if it has not had it yet. Its outlet
    // holds nothing, as an agent makes sure of.
    void seal(std::size_t instance) {
        if (sealed_[instance] || !drivers_[instance]->outlet.is_open) return;
        sealed_[instance] = true;
        drivers_[instance]->source->seal(epoch_, sealing_.positions);
        const std::vector<std::int64_t> rows = drivers_[instance]->outlet.int64s();
        sealing_.rows.insert(sealing_.rows.end(), rows.begin(), rows.end());
        if (std::find(sealed_.begin(), sealed_.end(), false) != sealed_.end()) return;
        sealing_.epoch = epoch_++;
        waiting_.push_back(std::exchange(sealing_, {}));
        sealed_.assign(instance_count_, false);
    }

    // The oldest epoch that all have sealed is durable now.
    void commit() {
        if (waiting_.empty()) return;
        Epoch committed = std::move(waiting_.front());
        waiting_.pop_front();
        committed.rows.insert(committed.rows.end(), before_.begin(), before_.end());
        durable_ = std::move(committed);
        for (const auto& driver : drivers_)
            driver->source->commit(durable_.epoch);
    }

    // As a kill, and the start of another process on what was durable.
    void crash() {
        drivers_.clear();
        before_ = durable_.rows;
        start();
    }

    void seal_and_commit() {
        const std::uint64_t epoch = epoch_;
        for (std::size_t i = 0; i < instance_count_ && epoch == epoch_; ++i)
            seal(i);
        while (!waiting_.empty())
            commit();
    }

    [[nodiscard]] SourceDriver& driver(std::size_t instance) { return *drivers_[instance]; }

    // Of the newest committed epoch, in order of size.
    [[nodiscard]] std::vector<std::int64_t> durable_rows() const {
        std::vector<std::int64_t> rows = durable_.rows;
        std::sort(rows.begin(), rows.end());
        return rows;
    }

  private:
    struct Epoch {
        std::uint64_t epoch = 0;
        std::vector<SourcePosition> positions;
        std::vector<std::int64_t> rows;  // Of this process, up to the barriers.
    };

    void start() {
        waiting_.clear();
        sealing_ = {};
        epoch_ = durable_.epoch + 1;
        sealed_.assign(instance_count_, false);
        ++incarnation_;
        auto directory = std::make_shared<SessionDirectory>(
            instance_count_, SessionDirectory::Identity{{}, incarnation_});
        for (std::size_t i = 0; i < instance_count_; ++i) {
            drivers_.push_back(std::make_unique<SourceDriver>());
            SourceDriver& driver = *drivers_.back();
            auto made =
                make_source(numbers_spec("tcp", {{"address", where_}, {"durability", "epoch"}}),
                            {i, instance_count_, directory},
                            driver.loop,
                            [&driver](std::string_view text) { driver.events.emplace_back(text); });
            REQUIRE(made.has_value());
            REQUIRE((*made)->restore(durable_.positions).has_value());
            REQUIRE_EQ(driver.open(*std::move(made)), "");
        }
    }

    std::string where_;
    std::size_t instance_count_;
    std::uint64_t incarnation_ = 0;
    std::vector<std::unique_ptr<SourceDriver>> drivers_;
    std::uint64_t epoch_ = 1;
    std::vector<bool> sealed_;
    Epoch sealing_;
    std::deque<Epoch> waiting_;
    Epoch durable_;
    std::vector<std::int64_t> before_;  // Rows that this process began with.
};

}  // namespace thalweg

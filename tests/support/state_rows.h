#pragma once

#include "ops/op.h"
#include "state/base/random.h"
#include "state/batch_codec.h"
#include "tests/support/window_oracle.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

// The state of operators as rows: caught, compared, and given to others as a restart does.

namespace thalweg {

// Catches what an operator saves, in batches that are mostly not full.
class StateRows final : public StateOut {
  public:
    explicit StateRows(const Op& op) : tables_(op.state_tables()), batches_(tables_.size()) {}

    Batch& open(std::size_t table, std::size_t rows) override {
        ASSERT(rows <= kBatchRows);
        auto& batches = batches_.at(table);
        if (batches.empty() || batches.back()->room() < rows)
            batches.push_back(std::make_unique<Batch>(tables_[table].schema));
        return *batches.back();
    }

    [[nodiscard]] const std::vector<StateTable>& tables() const { return tables_; }

    [[nodiscard]] const auto& batches(std::size_t table) const { return batches_.at(table); }

    [[nodiscard]] std::size_t size() const {
        std::size_t total = 0;
        for (const auto& batches : batches_) {
            for (const auto& batch : batches)
                total += batch->size();
        }
        return total;
    }

    // All rows as texts, sorted.
    [[nodiscard]] std::vector<std::string> texts() const {
        std::vector<std::string> all;
        for (std::size_t table = 0; table < tables_.size(); ++table) {
            for (const auto& batch : batches_[table]) {
                for (const Row& row : rows_of(batch->view()))
                    all.push_back(tables_[table].name + ": " + text_of(row));
            }
        }
        std::sort(all.begin(), all.end());
        return all;
    }

  private:
    std::vector<StateTable> tables_;
    std::vector<std::vector<std::unique_ptr<Batch>>> batches_;
};

// Which of `shards` a row belongs to, by some of its columns; without columns the first.
inline std::size_t shard_of(const BatchView& view,
                            std::size_t row,
                            const std::vector<std::size_t>& columns,
                            std::size_t shards) {
    if (columns.empty()) return 0;
    std::string key;
    for (const std::size_t column : columns)
        key += text_of(value_at(view[column], row)) + "|";
    return std::hash<std::string>()(key) % shards;
}

// Calls take(shard, rows) with the rows of each shard.
template <class Take>
void split_rows(const BatchView& view,
                const std::vector<std::size_t>& columns,
                std::size_t shards,
                const Take& take) {
    std::vector<std::vector<std::uint16_t>> rows(shards);
    view.selection.for_each([&](std::size_t row) {
        rows[shard_of(view, row, columns, shards)].push_back(static_cast<std::uint16_t>(row));
    });
    for (std::size_t shard = 0; shard < shards; ++shard) {
        if (!rows[shard].empty()) take(shard, view.with(Selection::list(rows[shard])));
    }
}

// The rows of a batch, written and read again.
inline std::unique_ptr<Batch> through_bytes(const Batch& batch) {
    struct Sink final : StateSink {
        std::vector<std::byte> bytes;

        Result<void> append(std::span<const std::byte> piece) override {
            bytes.insert(bytes.end(), piece.begin(), piece.end());
            return {};
        }
    } sink;

    StateWriter writer(sink);
    write_rows(writer, batch.view());
    ASSERT(writer.finish().has_value());
    StateReader reader(sink.bytes);
    auto back = std::make_unique<Batch>(batch.schema());
    read_rows(reader, *back);
    ASSERT(reader.ok() && reader.at_end());
    return back;
}

// Loads what some instances saved into others, each row where its keys belong now, batches in an
// order of chance.
inline void load_state(const std::vector<const StateRows*>& saved,
                       const std::vector<Op*>& ops,
                       Watermark watermark,
                       OpContext& context,
                       Random& random) {
    std::vector<std::pair<std::size_t, const Batch*>> batches;
    for (const StateRows* const rows : saved) {
        for (std::size_t table = 0; table < rows->tables().size(); ++table) {
            for (const auto& batch : rows->batches(table))
                batches.emplace_back(table, batch.get());
        }
    }
    std::shuffle(batches.begin(), batches.end(), random);
    for (const auto& [table, batch] : batches) {
        const std::unique_ptr<Batch> rows = through_bytes(*batch);
        const StateTable& description = saved[0]->tables()[table];
        const std::size_t number = table;
        if (description.route == StateRoute::kAll) {
            for (Op* const op : ops)
                op->load(number, rows->view(), watermark, context);
            continue;
        }
        split_rows(rows->view(),
                   description.keys,
                   ops.size(),
                   [&](std::size_t shard, const BatchView& view) {
                       ops[shard]->load(number, view, watermark, context);
                   });
    }
}

// What all instances of an operator save from one barrier on, to be taken over by others.
class SavedInstances {
  public:
    using Ops = std::vector<std::unique_ptr<Op>>;

    // The barrier.
    explicit SavedInstances(const Ops& ops) {
        for (const auto& op : ops) {
            saved_.push_back(std::make_unique<StateRows>(*op));
            all_.push_back(saved_.back().get());
            op->freeze(*saved_.back());
        }
    }

    // Writes everything, up to `rows_max` rows at a time, with meanwhile() in between.
    template <class Meanwhile>
    void save(const Ops& ops, std::size_t rows_max, Random& random, const Meanwhile& meanwhile) {
        for (const auto& op : ops) {
            while (op->save(1 + random.below(rows_max)) == Progress::kMore)
                meanwhile();
        }
    }

    void load(const Ops& ops, Watermark watermark, OpContext& context, Random& random) const {
        std::vector<Op*> others;
        for (const auto& op : ops)
            others.push_back(op.get());
        load_state(all_, others, watermark, context, random);
    }

  private:
    std::vector<std::unique_ptr<StateRows>> saved_;
    std::vector<const StateRows*> all_;
};

}  // namespace thalweg

#include "ops/retracting_aggregate.h"

#include "ops/aggregate/retraction.h"
#include "ops/frozen_entries.h"
#include "ops/key_table.h"
#include "ops/progress_table.h"
#include "ops/retracting_changes.h"
#include "ops/row_kinds.h"
#include "ops/state_ttl.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

namespace thalweg {

namespace {

using Kept = RetractableCall::Kept;

class RetractingAggregate final : public Op {
  public:
    explicit RetractingAggregate(const GroupAggregateSpec& spec)
        : key_columns_(spec.keys),
          calls_(calls_of(spec)),
          ttl_(spec.ttl_ns),
          time_offset_(group_bytes(calls_)),
          table_(spec.key_types, spec.seed, time_offset_ + (ttl_.is_on() ? kTimeBytes : 0)),
          changes_(result_schema(spec), spec.keys.size(), ttl_.is_on() && !spec.calls.empty()) {
        make_tables(spec);
    }

    void process(std::size_t, const BatchView& rows, OpContext& context, Emitter& out) override {
        if (rows.size() == 0) return;
        ttl_.begin(context.now_ns);
        find_groups(rows);
        write_before();
        find_touched();
        changes_.before([this](Batch& batch) { write_results(changes_.had_rows(), batch); });
        count_rows(rows);
        for (RetractableCall& call : calls_)
            call.apply(rows, input_, position_);
        position_ += kBatchRows;
        note_results(changes_.has_rows());
        changes_.after([this](Batch& batch) { write_results(changes_.has_rows(), batch); }, out);
        erase_dead();
    }

    // Gives back what has expired.
    Progress tick(OpContext& context, Emitter&) override {
        if (frozen_.is_frozen()) {
            ttl_.put_off(context.now_ns);
            return Progress::kDone;
        }
        const StateTtl::Step step = ttl_.next_step(context.now_ns, table_.size());
        for (std::size_t i = step.end; i > step.first; --i) {
            const auto position = static_cast<std::uint32_t>(i - 1);
            std::byte* const group = table_.payload(position);
            if (ttl_.has_expired(written_ms(group))) erase(position, group);
        }
        return Progress::kDone;
    }

    [[nodiscard]] std::int64_t next_tick_ns() const override {
        return ttl_.next_tick_ns(table_.size());
    }

    [[nodiscard]] std::vector<StateTable> state_tables() const override { return tables_; }

    void freeze(StateOut& out) override {
        out_ = &out;
        frozen_.freeze(table_.size());
        write_progress(out, tables_.size() - 1, {static_cast<std::int64_t>(position_)});
    }

    Progress save(std::size_t rows_max) override {
        const FrozenEntries::Run run = frozen_.take_next(rows_max);
        for (std::uint32_t i = 0; i < run.count; ++i)
            save_group(run.first + i);
        if (frozen_.is_frozen()) return Progress::kMore;
        erase_dead();
        return Progress::kDone;
    }

    void load(std::size_t table, const BatchView& rows, Watermark, OpContext&) override {
        if (table + 1 == tables_.size()) {
            position_ = greatest_progress(rows, 0, position_);
            return;
        }
        const std::size_t keys = key_columns_.size();
        table_.find_or_insert(rows.columns.subspan(0, keys), rows.selection, positions_);
        std::size_t i = 0;
        rows.selection.for_each([&](std::size_t row) {
            std::byte* const group = table_.payload(positions_[i++]);
            if (table == 0) {
                load_group(group, rows, row);
            } else {
                const auto [call, kind] = kept_tables_[table - 1];
                const std::int64_t number = rows[keys + 1].data<std::int64_t>()[row];
                calls_[call].load_value(
                    kind, group, rows[keys], row, static_cast<std::uint64_t>(number));
            }
        });
    }

    [[nodiscard]] std::size_t memory_bytes() const override {
        std::size_t total = table_.memory_bytes();
        for (const RetractableCall& call : calls_)
            total += call.memory_bytes();
        return total + changes_.memory_bytes() + frozen_.memory_bytes() +
               stamps_.capacity() * sizeof(std::uint32_t);
    }

  private:
    // A group is how many rows it has, the states of the calls and, with a TTL, when it was
    // written.
    static constexpr std::size_t kRowCountBytes = 8;
    static constexpr std::size_t kTimeBytes = 8;

    [[nodiscard]] static std::size_t group_bytes(const std::vector<RetractableCall>& calls) {
        std::size_t bytes = kRowCountBytes;
        for (const RetractableCall& call : calls)
            bytes += call.state_bytes();
        return bytes;
    }

    [[nodiscard]] static std::vector<RetractableCall> calls_of(const GroupAggregateSpec& spec) {
        std::vector<RetractableCall> calls;
        for (const AggregateCall& call : spec.calls)
            calls.emplace_back(call, group_bytes(calls));
        return calls;
    }

    [[nodiscard]] static std::uint64_t& row_count(std::byte* group) noexcept {
        return *reinterpret_cast<std::uint64_t*>(group);
    }

    // Where there is a TTL.
    [[nodiscard]] std::int64_t& written_ms(std::byte* group) const noexcept {
        return *reinterpret_cast<std::int64_t*>(group + time_offset_);
    }

    [[nodiscard]] bool has_result(std::byte* group) const noexcept {
        return row_count(group) != 0 || (key_columns_.empty() && has_had_rows_);
    }

    void make_tables(const GroupAggregateSpec& spec) {
        std::vector<std::size_t> route = spec.partition;
        if (route.empty()) {
            route.resize(spec.keys.size());
            std::iota(route.begin(), route.end(), std::size_t{0});
        }
        const Type whole = Type::bigint().not_null();
        std::vector<Field> keys;
        for (const Type& type : spec.key_types)
            keys.push_back({"key" + std::to_string(keys.size()), type});
        std::vector<Field> groups = keys;
        groups.push_back({"rows", whole});
        if (ttl_.is_on()) groups.push_back({"written", whole});
        for (std::size_t call = 0; call < calls_.size(); ++call) {
            for (std::size_t word = 0; word < calls_[call].plain_word_count(); ++word)
                groups.push_back(
                    {"call" + std::to_string(call) + "." + std::to_string(word), whole});
        }
        tables_.push_back({"groups", make_schema(groups), StateRoute::kByKey, route});
        for (std::size_t call = 0; call < calls_.size(); ++call) {
            for (const Kept kind : {Kept::kSeen, Kept::kValues}) {
                if (!calls_[call].keeps(kind)) continue;
                std::vector<Field> fields = keys;
                fields.push_back({"value", spec.calls[call].argument_type.not_null()});
                fields.push_back({"number", whole});
                const char* const name = kind == Kept::kSeen ? "distinct" : "values";
                tables_.push_back(
                    {name + std::to_string(call), make_schema(fields), StateRoute::kByKey, route});
                kept_tables_.push_back({call, kind});
            }
        }
        tables_.push_back(progress_table({"position"}));
    }

    void find_groups(const BatchView& rows) {
        keys_.clear();
        for (const std::size_t column : key_columns_)
            keys_.push_back(rows.columns[column]);
        table_.find_or_insert(keys_, rows.selection, positions_);
    }

    // What is frozen and about to change.
    void write_before() {
        if (!frozen_.is_frozen()) return;
        frozen_.take(positions_, taken_);
        for (const std::uint32_t position : taken_)
            save_group(position);
    }

    // The groups of the batch, each once.
    void find_touched() {
        if (++stamp_ == 0) {
            std::fill(stamps_.begin(), stamps_.end(), 0U);
            stamp_ = 1;
        }
        if (stamps_.size() < table_.size())
            stamps_.resize(std::max(table_.size(), 2 * stamps_.size()));
        touched_.clear();
        for (const std::uint32_t position : positions_) {
            if (std::exchange(stamps_[position], stamp_) != stamp_) touched_.push_back(position);
        }
        if (ttl_.is_on()) forget_expired();
        note_results(changes_.had_rows());
    }

    // Makes those groups of the batch that have expired new ones.
    void forget_expired() {
        for (const std::uint32_t position : touched_) {
            std::byte* const group = table_.payload(position);
            if (row_count(group) == 0 && !key_columns_.empty()) continue;
            if (!ttl_.has_expired(written_ms(group))) continue;
            release(group);
        }
    }

    void release(std::byte* group) {
        for (RetractableCall& call : calls_)
            call.release(group);
        row_count(group) = 0;
        has_had_rows_ = false;  // Says something only where there is one group.
    }

    // Which of the groups of the batch have a result, by their place in touched_.
    void note_results(std::vector<std::uint16_t>& with) {
        with.clear();
        for (std::size_t i = 0; i < touched_.size(); ++i) {
            if (has_result(table_.payload(touched_[i])))
                with.push_back(static_cast<std::uint16_t>(i));
        }
    }

    // Counts rows, and leaves those that count to the calls.
    void count_rows(const BatchView& rows) {
        input_.clear();
        std::size_t i = 0;
        rows.selection.for_each([&](std::size_t row) {
            std::byte* const group = table_.payload(positions_[i++]);
            const bool is_delete = !is_gain(rows.kind(row));
            std::uint64_t& count = row_count(group);
            if (is_delete && count == 0) return;
            is_delete ? --count : ++count;
            if (ttl_.is_on()) written_ms(group) = ttl_.now_ms();
            has_had_rows_ = true;
            input_.add(group, static_cast<std::uint16_t>(row), is_delete ? 1 : 0);
        });
    }

    // Writes keys and results of some of touched_, each into the row of its place.
    void write_results(const std::vector<std::uint16_t>& places, Batch& batch) {
        std::vector<Column*>& keys = written_keys_;
        keys.clear();
        for (std::size_t k = 0; k < table_.key().size(); ++k)
            keys.push_back(&batch.column(k));
        groups_.clear();
        for (const std::uint16_t place : places) {
            const std::uint32_t position = touched_[place];
            groups_.push_back(table_.payload(position));
            for (Column* const column : keys)
                column->set_valid(place);
            table_.write_key(position, keys, place, batch.arena());
        }
        for (std::size_t call = 0; call < calls_.size(); ++call) {
            calls_[call].finish({.groups = groups_,
                                 .rows = places,
                                 .column = &batch.column(keys.size() + call),
                                 .arena = &batch.arena()});
        }
        batch.set_size(touched_.size());
    }

    // Groups without rows go, unless something is frozen: then they wait for the end of that.
    void erase_dead() {
        for (const std::uint32_t position : touched_) {
            if (row_count(table_.payload(position)) == 0) dead_.push_back(position);
        }
        touched_.clear();
        if (frozen_.is_frozen() || dead_.empty() || key_columns_.empty()) {
            if (key_columns_.empty()) dead_.clear();
            return;
        }
        // From the last one on: what moves into a hole is alive.
        std::sort(dead_.begin(), dead_.end(), std::greater<>());
        dead_.erase(std::unique(dead_.begin(), dead_.end()), dead_.end());
        for (const std::uint32_t position : dead_) {
            std::byte* const group = table_.payload(position);
            if (row_count(group) == 0) erase(position, group);
        }
        dead_.clear();
    }

    void erase(std::uint32_t position, std::byte* group) {
        release(group);
        table_.erase_at(position);
    }

    void save_group(std::uint32_t position) {
        std::byte* const state = table_.payload(position);
        if (!has_result(state)) return;
        Batch& batch = out_->open(0, 1);
        const std::size_t row = batch.size();
        written_keys_.clear();
        for (std::size_t k = 0; k < table_.key().size(); ++k)
            written_keys_.push_back(&batch.column(k));
        table_.write_key(position, written_keys_, row, batch.arena());
        std::size_t column = table_.key().size();
        const auto write = [&](std::uint64_t word) {
            batch.column(column++).data<std::int64_t>()[row] = static_cast<std::int64_t>(word);
        };
        write(row_count(state));
        if (ttl_.is_on()) write(static_cast<std::uint64_t>(written_ms(state)));
        for (const RetractableCall& call : calls_) {
            for (const std::uint64_t word : call.plain_words(state))
                write(word);
        }
        batch.set_size(row + 1);
        for (std::size_t i = 0; i < kept_tables_.size(); ++i) {
            const auto [call, kind] = kept_tables_[i];
            calls_[call].save_values(kind,
                                     i + 1,
                                     {.out = out_,
                                      .key = &table_.key(),
                                      .entry = table_.encoded(position),
                                      .state = state});
        }
    }

    void load_group(std::byte* group, const BatchView& rows, std::size_t row) {
        std::size_t column = table_.key().size();
        const auto read = [&] {
            return static_cast<std::uint64_t>(rows[column++].data<std::int64_t>()[row]);
        };
        row_count(group) = read();
        if (ttl_.is_on()) written_ms(group) = static_cast<std::int64_t>(read());
        for (const RetractableCall& call : calls_) {
            for (std::uint64_t& word : call.plain_words(group))
                word = read();
        }
        has_had_rows_ = true;
    }

    struct KeptTable {
        std::size_t call;
        Kept kind;
    };

    std::vector<std::size_t> key_columns_;
    std::vector<RetractableCall> calls_;
    StateTtl ttl_;
    std::size_t time_offset_;         // Of a group: when it was written, with a TTL.
    KeyTable table_;                  // The groups.
    std::vector<StateTable> tables_;  // "groups", what calls keep, "progress".
    std::vector<KeptTable> kept_tables_;
    std::uint64_t position_ = 1;
    bool has_had_rows_ = false;        // Without keys: there is a result.
    std::vector<std::uint32_t> dead_;  // Groups that may have to be erased.

    // The batch being worked on.
    std::vector<const Column*> keys_;
    std::vector<Column*> written_keys_;
    std::vector<std::uint32_t> positions_;
    std::vector<std::uint32_t> touched_;  // Positions of its groups,
    std::vector<std::uint32_t> stamps_;   // by the latest batch of each position.
    std::uint32_t stamp_ = 0;
    std::vector<std::byte*> groups_;
    RetractionInput input_;
    RetractingChanges changes_;

    FrozenEntries frozen_;
    StateOut* out_ = nullptr;  // While something is frozen.
    std::vector<std::uint32_t> taken_;
};

}  // namespace

std::unique_ptr<Op> make_retracting_aggregate(const GroupAggregateSpec& spec) {
    ASSERT(spec.keys.size() == spec.key_types.size());
    return std::make_unique<RetractingAggregate>(spec);
}

}  // namespace thalweg

#include "ops/rank_partitions.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace thalweg {

namespace {

std::vector<Type> partition_types(const RankSpec& spec) {
    std::vector<Type> types;
    for (const std::size_t column : spec.partition)
        types.push_back((*spec.schema)[column].type);
    return types;
}

}  // namespace

SchemaPtr ranked_schema(const RankSpec& spec) {
    if (!spec.has_number) return spec.schema;
    std::vector<Field> fields = spec.schema->fields;
    fields.push_back({"number", Type::bigint().not_null()});
    return make_schema(std::move(fields));
}

RankPlan::RankPlan(const RankSpec& rank_spec)
    : spec(rank_spec),
      key(partition_types(rank_spec), rank_spec.seed, GroupKey::Nulls::kInside),
      keys(rank_spec.order) {
    history.is_hashed = spec.ttl_ns != 0;
}

StateTable RankPlan::rows_table() const {
    std::vector<Field> fields = spec.schema->fields;
    fields.push_back({"arrival", Type::bigint().not_null()});
    if (spec.ttl_ns != 0) fields.push_back({"written", Type::bigint().not_null()});
    std::vector<std::size_t> routing;
    for (const std::size_t place : spec.route)
        routing.push_back(spec.partition[place]);
    return {"rows",
            make_schema(std::move(fields)),
            StateRoute::kByKey,
            spec.route.empty() ? spec.partition : routing};
}

RankPartitions::~RankPartitions() {
    for (const OrderedRecords& partition : partitions_) {
        partition.for_each([&](Record* record) {
            plan_->records.give_back(record);
            return true;
        });
    }
}

void RankPartitions::locate(const BatchView& view, Selection rows) {
    plan_->positions.resize(rows.size());
    plan_->columns.clear();
    for (const std::size_t column : plan_->spec.partition)
        plan_->columns.push_back(&view[column]);
    keys_.find_or_insert(plan_->columns, rows, plan_->encoded, plan_->positions);
    if (partitions_.size() < keys_.size()) {
        partitions_.resize(keys_.size());
        if (has_bounds_) bounds_.resize(keys_.size(), kNoBound);
        if (ttl_.is_on()) written_ms_.resize(keys_.size());
    }
    plan_->keys.write(view, rows);
}

RankPartitions::Bound RankPartitions::bound_of(std::span<const std::byte> key) noexcept {
    const auto load = [](const std::byte* from) {
        std::uint64_t bytes = 0;
        std::memcpy(&bytes, from, sizeof bytes);
        return __builtin_bswap64(bytes);
    };
    constexpr std::size_t kWord = 8;
    if (key.size() >= 2 * kWord) return Bound{load(key.data())} << 64U | load(key.data() + kWord);
    if (key.size() > kWord) {
        const std::size_t rest = key.size() - kWord;
        const std::uint64_t low = load(key.data() + rest) << (8 * (kWord - rest));
        return Bound{load(key.data())} << 64U | low;
    }
    std::array<std::byte, kWord> padded{};
    std::copy(key.begin(), key.end(), padded.begin());
    return Bound{load(padded.data())} << 64U;
}

void RankPartitions::set_bound(std::uint32_t position) {
    if (!has_bounds_) return;
    const OrderedRecords& partition = partitions_[position];
    const bool is_full = partition.size() >= plan_->spec.last && !partition.empty();
    bounds_[position] = is_full ? bound_of(partition.back()->key()) : kNoBound;
}

void RankPartitions::forget_expired(std::int64_t now_ns, std::vector<Record*>& gone) {
    if (!ttl_.is_on()) return;
    ttl_.begin(now_ns);
    for (const std::uint32_t position : plan_->positions) {
        if (partitions_[position].empty() || !ttl_.has_expired(written_ms_[position])) continue;
        save_before(position);
        take_all(position, gone);
    }
}

void RankPartitions::sweep(std::int64_t now_ns, std::vector<Record*>& gone) {
    if (frozen_.is_frozen()) {
        ttl_.put_off(now_ns);
        return;
    }
    const StateTtl::Step step = ttl_.next_step(now_ns, partitions_.size());
    for (std::size_t i = step.end; i > step.first; --i) {
        const auto position = static_cast<std::uint32_t>(i - 1);
        if (!ttl_.has_expired(written_ms_[position])) continue;
        take_all(position, gone);
        erase(position);
    }
}

void RankPartitions::take_all(std::uint32_t position, std::vector<Record*>& gone) {
    OrderedRecords& partition = partitions_[position];
    record_count_ -= partition.size();
    partition.for_each([&](Record* record) {
        gone.push_back(record);
        return true;
    });
    partition = {};
    set_bound(position);
}

// Of an empty partition: the last one moves there.
void RankPartitions::erase(std::uint32_t position) {
    keys_.erase(position);
    if (position + 1 != partitions_.size()) partitions_[position] = std::move(partitions_.back());
    partitions_.pop_back();
    if (has_bounds_) {
        bounds_[position] = bounds_.back();
        bounds_.pop_back();
    }
    written_ms_[position] = written_ms_.back();
    written_ms_.pop_back();
}

bool RankPartitions::is_beyond(std::uint32_t position, std::span<const std::byte> key) const {
    const RankSpec& spec = plan_->spec;
    if (spec.last == 0) return true;
    if (!has_bounds_) return false;
    const Bound& bound = bounds_[position];
    if (const Bound own = bound_of(key); own != bound) return own > bound;
    const OrderedRecords& partition = partitions_[position];
    if (partition.size() < spec.last) return false;
    const int order = compare_keys(key, partition.back()->key());
    const bool is_last_of_equals = spec.kind == RankKind::kRowNumber && !spec.newest_first;
    return is_last_of_equals ? order >= 0 : order > 0;
}

void RankPartitions::insert(std::uint32_t position, Record* record, std::vector<Record*>& dropped) {
    OrderedRecords& partition = partitions_[position];
    const RankSpec& spec = plan_->spec;
    const bool is_limited = !spec.is_changing && spec.kind == RankKind::kRowNumber;
    // It comes before the last: what is_beyond() says of others.
    if (is_limited && partition.size() == spec.last) {
        dropped.push_back(partition.take_back());
        --record_count_;
    }
    partition.insert(record);
    ++record_count_;
    set_bound(position);
}

void RankPartitions::trim(std::uint32_t position, std::vector<Record*>& dropped) {
    const RankSpec& spec = plan_->spec;
    OrderedRecords& partition = partitions_[position];
    if (spec.is_changing || partition.size() <= spec.last) return;
    std::size_t kept = 0;
    for_each_number(position, [&](Record*, std::uint64_t number) {
        if (number > spec.last) return false;
        ++kept;
        return true;
    });
    for (; partition.size() > kept; --record_count_)
        dropped.push_back(partition.take_back());
    set_bound(position);
}

Record* RankPartitions::take(std::uint32_t position,
                             std::span<const std::byte> key,
                             std::span<const std::byte> row) {
    Record* const record = partitions_[position].take(key, row);
    if (record != nullptr) {
        --record_count_;
        set_bound(position);
    }
    return record;
}

void RankPartitions::freeze(StateOut& out) {
    out_ = &out;
    frozen_.freeze(partitions_.size());
}

std::size_t RankPartitions::save(std::size_t rows_max) {
    std::size_t saved = 0;
    while (frozen_.is_frozen() && saved < rows_max) {
        const FrozenEntries::Run run = frozen_.take_next(1);
        for (std::uint32_t i = 0; i < run.count; ++i)
            saved += write(run.first + i);
        ++saved;  // An empty partition is work, too.
    }
    return saved;
}

void RankPartitions::save_before(std::uint32_t position) {
    if (!frozen_.is_frozen()) return;
    frozen_.take(std::span(&position, 1), taken_);
    for (const std::uint32_t each : taken_)
        write(each);
}

std::size_t RankPartitions::write(std::uint32_t position) {
    const std::size_t columns = plan_->spec.schema->size();
    partitions_[position].for_each([&](Record* record) {
        Batch& batch = out_->open(0, 1);
        const std::size_t row = batch.size();
        RowCodec::read(record->row(), columns, batch, row);
        batch.column(columns).data<std::int64_t>()[row] =
            static_cast<std::int64_t>(plan_->place_of(record->arrival));
        if (ttl_.is_on())
            batch.column(columns + 1).data<std::int64_t>()[row] = written_ms_[position];
        batch.set_size(row + 1);
        return true;
    });
    return partitions_[position].size();
}

void RankPartitions::restore(const BatchView& view, Selection rows) {
    const std::size_t columns = plan_->spec.schema->size();
    const BatchView values{view.columns.first(columns), rows};
    locate(values, rows);
    plan_->codec.write(values, rows);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        Record* const record = plan_->records.make(plan_->keys.key(i), plan_->codec.row(i));
        const auto arrival =
            static_cast<std::uint64_t>(view[columns].data<std::int64_t>()[rows[i]]);
        record->arrival = plan_->place_of(arrival);
        plan_->next_arrival = std::max(plan_->next_arrival, arrival + 1);
        partitions_[plan_->positions[i]].insert(record);
        ++record_count_;
        set_bound(plan_->positions[i]);
        if (ttl_.is_on())
            written_ms_[plan_->positions[i]] = view[columns + 1].data<std::int64_t>()[rows[i]];
    }
}

}  // namespace thalweg

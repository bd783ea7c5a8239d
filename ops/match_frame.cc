#include "ops/match_frame.h"

#include "ops/join_rows.h"
#include "ops/row_codec.h"

#include <algorithm>
#include <utility>

namespace thalweg {

namespace {

// Long texts and lists of rows that were overwritten stay until the frame is cleared.
constexpr std::size_t kFillsMax = 1024;

SchemaPtr frame_schema(const MatchSpec& spec, const MatchExpressions& expressions) {
    std::vector<Field> fields;
    for (std::size_t i = 0; i < expressions.references.size(); ++i) {
        for (const Field& field : spec.schema->fields)
            fields.push_back({field.name, field.type.with_nullable(true)});
    }
    for (const MatchAggregate& each : expressions.aggregates)
        fields.push_back({"aggregate", each.call.result_type});
    fields.push_back({"match_rowtime", Type::timestamp(3)});
    return make_schema(std::move(fields));
}

// Calls visit(first, count) for each run of rows of a variable, counted from the match's first row.
template <class Visit>
void for_each_run(const MatchHistory& history,
                  std::optional<std::uint32_t> variable,
                  const Visit& visit) {
    if (!variable) {
        visit(std::size_t{0}, history.size());
        return;
    }
    std::size_t at = 0;
    for (const MatchHistory::Run& run : history.runs()) {
        if (run.variable == *variable) visit(at, std::size_t{run.count});
        at += run.count;
    }
}

// Of the rows of a reference's variable, counted from the match's first row.
std::optional<std::size_t> find_in_match(const MatchReference& reference,
                                         const MatchHistory& history) {
    std::size_t count = 0;
    for_each_run(history, reference.variable, [&](std::size_t, std::size_t run) { count += run; });
    if (reference.offset >= count) return std::nullopt;
    std::size_t index = reference.is_first ? reference.offset : count - 1 - reference.offset;
    std::size_t found = 0;
    bool is_found = false;
    for_each_run(history, reference.variable, [&](std::size_t first, std::size_t run) {
        if (is_found) return;
        is_found = index < run;
        found = first + index;
        index -= is_found ? 0 : run;
    });
    return found;
}

}  // namespace

std::optional<std::size_t> find_row(const MatchReference& reference, const MatchRows& rows) {
    const std::optional<std::size_t> place = find_in_match(reference, *rows.history);
    if (!place) return std::nullopt;
    const std::size_t index = rows.first + *place;
    if (index < reference.rows_back) return std::nullopt;
    return index - reference.rows_back;
}

SchemaPtr match_schema(const MatchSpec& spec) {
    std::vector<Field> fields;
    for (const ExprPtr& expr : spec.measures.expressions)
        fields.push_back({"measure", expr->type});
    return make_schema(std::move(fields));
}

std::size_t rows_back(const MatchSpec& spec) {
    std::size_t most = 0;
    for (const MatchExpressions* const expressions : {&spec.defines, &spec.measures}) {
        for (const MatchReference& reference : expressions->references)
            most = std::max<std::size_t>(most, reference.rows_back);
    }
    return most;
}

MatchFrame::MatchFrame(const MatchSpec& spec, const MatchExpressions& expressions)
    : expressions_(expressions),
      width_(spec.schema->size()),
      batch_(frame_schema(spec, expressions)),
      input_(spec.schema),
      last_(expressions.references.size()) {
    for (std::size_t i = 0; i < expressions.aggregates.size(); ++i) {
        const std::optional<std::uint32_t> variable = expressions.aggregates[i].variable;
        auto group = std::find_if(groups_.begin(), groups_.end(), [&](const Group& each) {
            return each.variable == variable;
        });
        if (group == groups_.end()) {
            groups_.emplace_back().variable = variable;
            group = groups_.end() - 1;
        }
        group->places.push_back(i);
    }
    for (Group& group : groups_) {
        std::vector<AggregateCall> calls;
        for (const std::size_t place : group.places)
            calls.push_back(expressions.aggregates[place].call);
        group.layout = std::make_unique<AggregateLayout>(calls);
        group.update = std::make_unique<StateUpdate>(*group.layout);
        group.state.resize(group.layout->payload_bytes() / 8);
    }
}

MatchFrame::Needs MatchFrame::needs_of(const Expr& expr) const {
    std::vector<bool> used(batch_.column_count(), false);
    mark_columns(expr, used);
    Needs needs;
    for (std::size_t i = 0; i < expressions_.references.size(); ++i) {
        const auto first = used.begin() + static_cast<std::ptrdiff_t>(i * width_);
        const auto end = first + static_cast<std::ptrdiff_t>(width_);
        if (std::find(first, end, true) != end) needs.references.push_back(i);
    }
    for (std::size_t i = 0; i < groups_.size(); ++i) {
        const auto& places = groups_[i].places;
        const bool is_used = std::any_of(places.begin(), places.end(), [&](std::size_t place) {
            return used[expressions_.aggregate_column(place, width_)];
        });
        if (is_used) needs.groups.push_back(i);
    }
    needs.has_time = used[expressions_.time_column(width_)];
    return needs;
}

std::size_t MatchFrame::fill(std::size_t to,
                             const Needs& needs,
                             const MatchRows& rows,
                             std::int64_t time) {
    if (++fills_ % kFillsMax == 0 && to == 0) clear();
    for (const std::size_t reference : needs.references) {
        const auto row = find_row(expressions_.references[reference], rows);
        write(reference, to, row ? rows.rows[*row] : nullptr);
    }
    std::size_t aggregated = 0;
    for (const std::size_t group : needs.groups)
        aggregated += aggregate(groups_[group], to, rows);
    if (needs.has_time)
        batch_.column(expressions_.time_column(width_)).data<std::int64_t>()[to] = time;
    batch_.set_size(to + 1);
    return aggregated;
}

void MatchFrame::write(std::size_t reference, std::size_t to, const Record* record) {
    Last& last = last_[reference];
    const std::uint64_t arrival = record == nullptr ? 0 : record->arrival;
    if (last.row == to && last.record == record && last.arrival == arrival) return;
    last = {record, arrival, to};
    if (record != nullptr) {
        RowCodec::read(record->row(), width_, batch_, to, reference * width_);
        return;
    }
    for (std::size_t i = 0; i < width_; ++i)
        write_null(batch_.column(reference * width_ + i), to);
}

std::size_t MatchFrame::aggregate(Group& group, std::size_t to, const MatchRows& rows) {
    std::fill(group.state.begin(), group.state.end(), 0U);
    texts_.reset();
    taken_ = 0;
    for_each_run(*rows.history, group.variable, [&](std::size_t first, std::size_t count) {
        take(group, rows.rows.subspan(rows.first + first, count));
    });
    take_batch(group);
    AggregateLayout::PackedGroups packed;
    packed.first = reinterpret_cast<const std::byte*>(group.state.data());
    packed.stride = group.layout->payload_bytes();
    packed.count = 1;
    for (std::size_t i = 0; i < group.places.size(); ++i) {
        const std::size_t column = expressions_.aggregate_column(group.places[i], width_);
        batch_.column(column).set_valid(to);
        AggregateLayout::finish(group.layout->calls()[i], packed, batch_, to, column);
    }
    return taken_;
}

void MatchFrame::take(Group& group, std::span<Record* const> rows) {
    for (const Record* const record : rows) {
        if (input_.room() == 0) take_batch(group);
        const std::size_t row = input_.size();
        RowCodec::read(record->row(), width_, input_, row);
        input_.set_size(row + 1);
    }
}

void MatchFrame::take_batch(Group& group) {
    if (input_.empty()) return;
    states_.assign(input_.size(), reinterpret_cast<std::byte*>(group.state.data()));
    AggregateInput input;
    input.states = states_.data();
    input.rows = Selection::all(input_.size());
    input.arena = &texts_;
    input.first_position = 1 + taken_;
    group.update->add(input_.view(), input);
    taken_ += input_.size();
    input_.clear();
}

void MatchFrame::clear() {
    batch_.clear();
    std::fill(last_.begin(), last_.end(), Last{});
}

std::size_t MatchFrame::memory_bytes() const noexcept {
    return batch_.memory_bytes() + input_.memory_bytes() + texts_.memory_bytes() +
           states_.capacity() * sizeof(std::byte*);
}

}  // namespace thalweg

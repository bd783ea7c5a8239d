#include "engine/plan/physical_text.h"

#include <algorithm>
#include <cstdint>

namespace thalweg::plan {

namespace {

void tell_apart(std::vector<std::string>& names, std::size_t left_count) {
    const std::vector<std::string> plain = names;
    const auto middle = plain.begin() + static_cast<std::ptrdiff_t>(left_count);
    for (std::size_t i = 0; i < names.size(); ++i) {
        const bool is_left = i < left_count;
        const bool is_twice = is_left ? std::find(middle, plain.end(), plain[i]) != plain.end()
                                      : std::find(plain.begin(), middle, plain[i]) != middle;
        if (is_twice) names[i].insert(0, is_left ? "left." : "right.");
    }
}

}  // namespace

std::vector<std::string> names_of(const Rel& rel) {
    if (const auto* filter = std::get_if<Filter>(&rel.node)) return names_of(*filter->input);
    std::vector<std::string> names;
    for (const ColumnInfo& column : rel.columns)
        names.push_back(column.name);
    const bool is_join = std::holds_alternative<WindowJoin>(rel.node) ||
                         std::holds_alternative<StreamJoin>(rel.node) ||
                         std::holds_alternative<LookupJoin>(rel.node);
    if (!is_join) return names;
    tell_apart(names, inputs_of(rel).front()->columns.size());
    return names;
}

std::vector<std::string> names_of_sides(const Rel& left, const Rel& right) {
    std::vector<std::string> names;
    for (const Rel* const side : {&left, &right}) {
        for (const ColumnInfo& column : side->columns)
            names.push_back(column.name);
    }
    tell_apart(names, left.columns.size());
    return names;
}

std::string join_texts(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts) {
        if (!text.empty()) text += ", ";
        text += part;
    }
    return text;
}

std::string join_names(const std::vector<std::size_t>& columns,
                       const std::vector<std::string>& names) {
    std::vector<std::string> parts;
    for (const std::size_t column : columns)
        parts.push_back(names[column]);
    return join_texts(parts);
}

std::string order_text(const std::vector<SortItem>& order, const std::vector<std::string>& names) {
    std::vector<std::string> parts;
    for (const SortItem& item : order) {
        std::string part = names[item.column];
        if (item.is_descending) part += " DESC";
        if (item.nulls_first == item.is_descending)
            part += item.nulls_first ? " NULLS FIRST" : " NULLS LAST";
        parts.push_back(std::move(part));
    }
    return join_texts(parts);
}

std::vector<std::size_t> places_of(const std::vector<std::size_t>& columns,
                                   const std::vector<std::size_t>& keys) {
    std::vector<std::size_t> places;
    for (const std::size_t column : columns) {
        const auto found = std::find(keys.begin(), keys.end(), column);
        places.push_back(static_cast<std::size_t>(found - keys.begin()));
    }
    return places;
}

std::string lineage_of(const std::vector<std::string>& inputs, std::string_view what) {
    std::string text(what);
    for (const std::string& input : inputs)
        text += "\n" + input;
    std::uint64_t hash = 0xCBF2'9CE4'8422'2325U;  // FNV-1a.
    for (const char c : text)
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x0000'0100'0000'01B3U;
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string digits;
    for (int shift = 60; shift >= 0; shift -= 4)
        digits += kDigits[(hash >> static_cast<unsigned>(shift)) & 15U];
    return digits;
}

namespace {

std::string_view name_of(AggregateKind kind) {
    switch (kind) {
        case AggregateKind::kCountStar:
        case AggregateKind::kCount: return "COUNT";
        case AggregateKind::kSum: return "SUM";
        case AggregateKind::kAvg: return "AVG";
        case AggregateKind::kMin: return "MIN";
        case AggregateKind::kMax: return "MAX";
        case AggregateKind::kVarPop: return "VAR_POP";
        case AggregateKind::kVarSamp: return "VAR_SAMP";
        case AggregateKind::kStddevPop: return "STDDEV_POP";
        case AggregateKind::kStddevSamp: return "STDDEV_SAMP";
        case AggregateKind::kFirstValue: return "FIRST_VALUE";
        case AggregateKind::kListAgg: return "LISTAGG";
        case AggregateKind::kLastValue: break;
    }
    return "LAST_VALUE";
}

std::string text_of(const AggregateCall& call, const std::vector<std::string>& names) {
    std::string text(name_of(call.kind));
    text += "(";
    if (call.is_distinct) text += "DISTINCT ";
    text += call.kind == AggregateKind::kCountStar ? "*" : names[call.argument];
    if (call.kind == AggregateKind::kListAgg && !call.argument_type.is_binary())
        text += ", '" + call.separator + "'";
    text += ")";
    if (call.filter) text += " FILTER (WHERE " + names[*call.filter] + ")";
    return text;
}

}  // namespace

std::string aggregate_text(const Aggregate& node,
                           std::string_view before_keys,
                           const std::vector<std::string>& names) {
    std::string text;
    if (!node.keys.empty()) {
        text += before_keys;
        text += "keys " + join_names(node.keys, names);
    }
    std::vector<std::string> calls;
    for (const AggregateCall& call : node.calls)
        calls.push_back(text_of(call, names));
    if (!calls.empty()) text += ": " + join_texts(calls);
    return text;
}

}  // namespace thalweg::plan
